//! Owns one command, as the agent does: `run RUNG POLICY-JSON WORKSPACE HOME -- COMMAND…`.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitCode;

use llmx_protocol::SandboxPolicy;
use llmx_sandbox::{Owner, Request, Rung, Sandbox, Settings, Terminal};

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [rung, policy, workspace, home, separator, command @ ..] = arguments else {
        panic!("usage: run RUNG POLICY WORKSPACE HOME -- COMMAND");
    };
    assert_eq!(separator, "--");
    let rung: Rung = serde_json::from_str(&format!("\"{rung}\"")).unwrap();
    let policy: SandboxPolicy = serde_json::from_str(policy).unwrap();
    let mut settings = Settings::new(Owner {
        home: Some(home.into()),
        llmx_home: Some(Path::new(home).join(".llmx")),
        environment: std::env::vars_os().collect(),
    });
    settings.rungs = vec![rung];
    let sandbox = Sandbox::probe(settings);
    let command: Vec<_> = command.iter().map(OsString::from).collect();
    let launch = sandbox.launch(&Request {
        policy: &policy,
        workspace: Path::new(workspace),
        workdir: Path::new(workspace),
        command: &command,
        terminal: Terminal::None,
    });
    let launch = match launch {
        Ok(launch) => launch,
        Err(error) => {
            println!("REFUSED {error}");
            return ExitCode::from(99);
        }
    };
    let status = launch.command(std::env::vars_os()).status().unwrap();
    let code = status.code().unwrap_or(128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap())
}
