//! What passes through: input, output, exit codes, signals, environment, working directory.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use llmx_protocol::{SandboxMode, SandboxPolicy};
use llmx_sandbox::{Request, Sandbox, SandboxError, Terminal};

use crate::scene::{READ_ONLY, WORKSPACE, everywhere, said, settings, usable_rungs};

#[test]
fn exit_codes_pass_through() {
    everywhere(|scene| {
        for code in [0, 1, 7, 125, 255] {
            let output = scene.run(READ_ONLY, &format!("exit {code}"));
            assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        }
        for (words, code) in [
            (["/no/such/program"].as_slice(), 127),
            (&["/etc/passwd"], 126),
        ] {
            let output = scene.command(READ_ONLY, "ws", words).output().unwrap();
            assert_eq!(output.status.code(), Some(code));
            assert!(said(&output).contains(words[0]), "{}", said(&output));
        }
    });
}

#[test]
fn the_signal_that_ended_a_command_is_seen() {
    for &rung in usable_rungs() {
        let sandbox = Sandbox::probe(settings(vec![rung]));
        for signal in ["TERM", "KILL", "SEGV", "INT", "HUP"] {
            let words = ["sh", "-c", &format!("kill -{signal} $$")].map(Into::into);
            let launch = launch(&sandbox, &words, Path::new("/"));
            let status = launch.unwrap().command(path()).status().unwrap();
            let expected = std::process::Command::new("sh")
                .args(["-c", &format!("kill -{signal} $$")])
                .status()
                .unwrap();
            assert_eq!(status.signal(), expected.signal(), "{rung}, {signal}");
        }
    }
}

#[test]
fn input_and_output_pass_through_in_any_amount() {
    everywhere(|scene| {
        let mut child = scene
            .shell(READ_ONLY, "cat; echo done >&2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let sent: Vec<u8> = (0..4_000_000_u32).map(|at| (at % 251) as u8).collect();
        let mut stdin = child.stdin.take().unwrap();
        let copy = sent.clone();
        let writer = std::thread::spawn(move || stdin.write_all(&copy));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.stdout == sent, "{}", scene.rung);
        assert_eq!(output.stderr, b"done\n");
    });
}

#[test]
fn whoever_is_at_the_other_end_notices_when_a_stream_is_closed() {
    everywhere(|scene| {
        let mut child = scene
            .shell(READ_ONLY, "exec <&-; echo closed >&2; sleep 5")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 7];
        std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut line).unwrap();
        let result = child.stdin.take().unwrap().write_all(&[0; 1 << 17]);
        child.kill().unwrap();
        child.wait().unwrap();
        // The owner in between holds the pipe as well until it ends, so only an owner that hands
        // it over, as the library's callers do, can be asked; see the next test.
        drop(result);
    });
    for &rung in usable_rungs() {
        let sandbox = Sandbox::probe(settings(vec![rung]));
        let words = ["sh", "-c", "exec <&-; echo closed >&2; sleep 5"].map(Into::into);
        let mut child = launch(&sandbox, &words, Path::new("/"))
            .unwrap()
            .command(path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 7];
        std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut line).unwrap();
        let error = child.stdin.take().unwrap().write_all(&[0; 1 << 17]);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(
            error.unwrap_err().kind(),
            std::io::ErrorKind::BrokenPipe,
            "{rung}"
        );
    }
}

#[test]
fn the_command_sees_its_environment_and_place_and_not_the_plan() {
    everywhere(|scene| {
        let text = scene.works(WORKSPACE, "pwd -P; env");
        assert!(
            text.starts_with(scene.path("ws").to_str().unwrap()),
            "{text}"
        );
        assert!(text.contains("HARNESS=") && text.contains("LLMX_SANDBOX="));
        assert!(text.contains("LLMX_SANDBOX_NETWORK_DISABLED=1"), "{text}");
        assert!(!text.contains("LLMX_SANDBOX_PLAN"), "{text}");
    });
}

#[test]
fn a_workdir_outside_the_workspace_grants_nothing() {
    for &rung in usable_rungs() {
        let place = tempfile::tempdir().unwrap();
        let (workspace, workdir) = (place.path().join("ws"), place.path().join("elsewhere"));
        std::fs::create_dir(&workspace).unwrap();
        std::fs::create_dir(&workdir).unwrap();
        let policy = SandboxPolicy::WorkspaceWrite {
            writable_roots: Vec::new(),
            network_access: false,
            exclude_tmpdir_env_var: true,
            exclude_slash_tmp: true,
        };
        let sandbox = Sandbox::probe(settings(vec![rung]));
        let launch = sandbox.launch(&Request {
            policy: &policy,
            workspace: &workspace,
            workdir: &workdir,
            command: &["sh", "-c", "echo x > new; echo x > ../ws/new"].map(Into::into),
            terminal: Terminal::None,
        });
        let status = launch.unwrap().command(path()).output().unwrap().status;
        assert!(status.success());
        assert!(workspace.join("new").exists() && !workdir.join("new").exists());
    }
}

#[test]
fn what_cannot_be_started_is_said_before_anything_runs() {
    let sandbox = Sandbox::probe(settings(usable_rungs().to_vec()));
    assert!(matches!(
        launch(&sandbox, &[], Path::new("/")),
        Err(SandboxError::EmptyCommand)
    ));
    assert!(matches!(
        launch(&sandbox, &["true".into()], Path::new("/no/such/place")),
        Err(SandboxError::Workdir { .. })
    ));
    let none = Sandbox::probe(settings(Vec::new()));
    assert!(matches!(
        launch(&none, &["true".into()], Path::new("/")),
        Err(SandboxError::Refused(_))
    ));
}

fn launch(
    sandbox: &Sandbox,
    command: &[std::ffi::OsString],
    workdir: &Path,
) -> Result<llmx_sandbox::Launch, SandboxError> {
    sandbox.launch(&Request {
        policy: &SandboxMode::ReadOnly.into(),
        workspace: workdir,
        workdir,
        command,
        terminal: Terminal::None,
    })
}

fn path() -> [(&'static str, std::ffi::OsString); 1] {
    [("PATH", std::env::var_os("PATH").unwrap())]
}
