//! `llmx sandbox`: runs any command as the agent's commands are run.

use std::process::ExitCode;

use crate::args::SandboxArgs;
use crate::failure::Failure;

#[cfg(unix)]
pub(crate) use unix::{owner, run};

/// Says why there is no sandbox.
#[cfg(not(unix))]
pub(crate) fn run(_args: SandboxArgs) -> Result<ExitCode, Failure> {
    Err(Failure::not_started(
        &"llmx cannot hold commands on this system: it has no sandbox that llmx knows how to use",
    ))
}

#[cfg(unix)]
mod unix {
    //! The part that needs a sandbox.

    use std::env;
    use std::io::{self, Write};
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;

    use anyhow::Context;
    use llmx_protocol::{SandboxMode, SandboxPolicy};
    use llmx_sandbox::{Owner, Report, Request, Sandbox, Settings, Terminal};

    use super::{ExitCode, Failure, SandboxArgs};

    /// Becomes the command, or says why not.
    pub(crate) fn run(args: SandboxArgs) -> Result<ExitCode, Failure> {
        let sandbox = Sandbox::probe(Settings::new(owner()));
        if args.status {
            return print(sandbox.report(), args.json);
        }
        let policy = policy(&args)?;
        let here = match args.cd {
            Some(directory) => directory,
            None => env::current_dir().context("the working directory is gone")?,
        };
        let launch = sandbox
            .launch(&Request {
                policy: &policy,
                workspace: &here,
                workdir: &here,
                command: &args.command,
                terminal: Terminal::Inherit,
            })
            .map_err(|error| Failure::not_started(&error))?;
        let error = launch.command(env::vars_os()).exec();
        let program = launch.program.display();
        Err(anyhow::Error::new(error)
            .context(format!("{program} cannot be started"))
            .into())
    }

    fn policy(args: &SandboxArgs) -> Result<SandboxPolicy, Failure> {
        let name = serde_json::Value::from(args.policy.as_str());
        let mode: SandboxMode = serde_json::from_value(name).context("--policy")?;
        let here = env::current_dir().context("the working directory is gone")?;
        Ok(match mode {
            SandboxMode::DangerFullAccess => SandboxPolicy::DangerFullAccess,
            SandboxMode::ReadOnly if args.writable.is_empty() => SandboxPolicy::ReadOnly {
                network_access: args.network,
            },
            SandboxMode::ReadOnly | SandboxMode::WorkspaceWrite => SandboxPolicy::WorkspaceWrite {
                writable_roots: args.writable.iter().map(|path| here.join(path)).collect(),
                network_access: args.network,
                exclude_tmpdir_env_var: false,
                exclude_slash_tmp: false,
            },
        })
    }

    /// Whose credentials stay hidden from commands.
    pub(crate) fn owner() -> Owner {
        let home = env::home_dir();
        let own = env::var_os("LLMX_HOME").map(PathBuf::from);
        Owner {
            llmx_home: own.or_else(|| Some(home.as_ref()?.join(".llmx"))),
            home,
            environment: env::vars_os().collect(),
        }
    }

    fn print(report: &Report, json: bool) -> Result<ExitCode, Failure> {
        let text = match json {
            true => serde_json::to_string(report).context("the status")?,
            false => report.to_string(),
        };
        // A reader who has seen enough is no failure.
        let _closed = writeln!(io::stdout(), "{text}");
        Ok(ExitCode::from(u8::from(report.rung.is_none())))
    }
}
