//! Owns one command, as the agent does: `run RUNG POLICY-JSON WORKSPACE HOME -- COMMAND…`.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use llmx_protocol::{SandboxMode, SandboxPolicy};
use llmx_sandbox::{Owner, Request, Sandbox, Settings, Terminal};

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [rung, policy, workspace, home, separator, command @ ..] = arguments else {
        panic!("usage: run RUNG POLICY WORKSPACE HOME -- COMMAND");
    };
    assert_eq!(separator, "--");
    // SAFETY: sets a flag. The agent does the same, so that its children cannot read its memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    let sandbox = probe(rung, home);
    let command: Vec<_> = command.iter().map(OsString::from).collect();
    let launch = sandbox.launch(&Request {
        policy: &serde_json::from_str(policy).unwrap(),
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

/// Measures `true` on a rung against `true` without: `time RUNG WORKSPACE HOME COUNT`.
pub(crate) fn time(arguments: &[String]) -> ExitCode {
    let [rung, workspace, home, count] = arguments else {
        panic!("usage: time RUNG WORKSPACE HOME COUNT");
    };
    let begun = Instant::now();
    let sandbox = probe(rung, home);
    println!("{rung}: probe {:?}, {}", begun.elapsed(), sandbox.report());
    let workspace = Path::new(workspace);
    for mode in [
        SandboxMode::DangerFullAccess,
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
    ] {
        let mut times: Vec<_> = (0..count.parse().unwrap())
            .map(|_| {
                let begun = Instant::now();
                let launch = sandbox.launch(&Request {
                    policy: &SandboxPolicy::from(mode),
                    workspace,
                    workdir: workspace,
                    command: &["/bin/true".into()],
                    terminal: Terminal::None,
                });
                let status = launch.unwrap().command(std::env::vars_os()).status();
                assert!(status.unwrap().success());
                begun.elapsed()
            })
            .collect();
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        let (least, half, most) = (at(0), at(50), at(95));
        println!("{rung} {mode:?}: least {least:?}, median {half:?}, p95 {most:?}");
    }
    ExitCode::SUCCESS
}

fn probe(rung: &str, home: &str) -> Sandbox {
    let mut settings = Settings::new(Owner {
        home: Some(home.into()),
        llmx_home: Some(Path::new(home).join(".llmx")),
        environment: std::env::vars_os().collect(),
    });
    settings.rungs = match rung {
        "any" => settings.rungs,
        one => vec![serde_json::from_str(&format!("\"{one}\"")).unwrap()],
    };
    Sandbox::probe(settings)
}
