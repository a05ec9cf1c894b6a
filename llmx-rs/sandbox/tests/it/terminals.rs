//! A terminal that was made for a command is the command's own.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;

use llmx_protocol::{SandboxMode, SandboxPolicy};
use llmx_sandbox::{Request, Rung, Sandbox, Terminal};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::scene::{settings, usable_rungs};

#[test]
fn it_controls_the_session_of_the_command() {
    for (rung, policy) in cases() {
        let script = "stty size; test -t 0 && test -t 1 && test -t 2 && echo streams; \
            : > /dev/tty && echo controls; ps -o tpgid=,pgid= -p $$ | tr -s ' ' '\\n' | uniq | wc -w";
        let (mut terminal, mut child) = start(rung, &policy, script);
        let text = rest(&mut terminal);
        assert_eq!(
            text, "24 80\r\nstreams\r\ncontrols\r\n1\r\n",
            "{rung} {policy:?}"
        );
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn its_ctrl_c_interrupts_the_command_and_its_end_hangs_up() {
    for (rung, policy) in cases() {
        for (trap, hang_up) in [("INT", false), ("HUP", true)] {
            let script = format!("trap 'exit 9' {trap}; echo ready; while :; do sleep 0.1; done");
            let (mut terminal, mut child) = start(rung, &policy, &script);
            let mut seen = [0; 5];
            terminal.read_exact(&mut seen).unwrap();
            assert_eq!(&seen, b"ready");
            if !hang_up {
                terminal.write_all(b"\x03").unwrap();
                assert_eq!(child.wait().unwrap().code(), Some(9), "{rung} {policy:?}");
            }
            drop(terminal);
            assert_eq!(child.wait().unwrap().code(), Some(9), "{rung} {policy:?}");
        }
    }
}

fn cases() -> impl Iterator<Item = (Rung, SandboxPolicy)> {
    let held = usable_rungs()
        .iter()
        .map(|&rung| (rung, SandboxMode::ReadOnly.into()));
    let free = SandboxPolicy::DangerFullAccess;
    held.chain([(Rung::Landlock, free)])
}

fn start(rung: Rung, policy: &SandboxPolicy, script: &str) -> (File, Child) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let launch = Sandbox::probe(settings(vec![rung])).launch(&Request {
        policy,
        workspace: "/".as_ref(),
        workdir: "/".as_ref(),
        command: &["bash", "-c", script].map(Into::into),
        terminal: Terminal::Own,
    });
    let path = std::env::var_os("PATH").unwrap();
    let child = launch
        .unwrap()
        .command([("PATH", path)])
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs)
        .spawn();
    (ours.into(), child.unwrap())
}

/// Reads until nobody has the terminal open any more, which Linux calls an error.
fn rest(terminal: &mut File) -> String {
    let mut bytes = Vec::new();
    let _end = terminal.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}
