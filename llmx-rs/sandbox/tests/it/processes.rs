//! What a command can do to processes outside, and what is left of it when it has ended.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{READ_ONLY, Scene, WORKSPACE, everywhere, pause, said};

#[test]
fn processes_outside_cannot_be_signalled() {
    everywhere(|scene| {
        let mut victim = Command::new("sleep");
        victim.arg("60").stdin(Stdio::null());
        if scene.nobody {
            victim.uid(65534).gid(65534);
        }
        let mut victim = victim.spawn().unwrap();
        let script = format!(
            r#"
            kill -KILL {victim} && echo ESCAPED kill
            kill -0 {victim} && echo ESCAPED kill -0
            kill -KILL {owner} && echo ESCAPED kill of the agent
            "$HARNESS" attempt call kill {victim} 9 && echo ESCAPED kill by call
            "$HARNESS" attempt call seize {victim} && echo ESCAPED seize
            echo END
            "#,
            victim = victim.id(),
            owner = std::process::id()
        );
        scene.refuses(WORKSPACE, &script);
        assert!(victim.try_wait().unwrap().is_none(), "{}", scene.rung);
        victim.kill().unwrap();
        victim.wait().unwrap();
    });
}

#[test]
fn nobody_survives_the_command() {
    everywhere(|scene| {
        // Each survivor writes its mark again and again, for as long as it lives.
        let script = r#"
            live() { while :; do echo $1 >> "$PWD/alive"; sleep 0.02; done; }
            live plain &
            ( setsid sh -c 'while :; do echo setsid >> "$PWD/alive"; sleep 0.02; done' & ) &
            ( ( ( trap "" HUP TERM INT; live double ) & ) & ) &
            while [ "$(sort -u alive 2>/dev/null | wc -l)" != 3 ]; do sleep 0.01; done
            echo END
        "#;
        let output = scene.run(WORKSPACE, script);
        assert!(said(&output).contains("END"), "{}", said(&output));
        assert_silent(scene);
    });
}

#[test]
fn nobody_survives_the_death_of_the_owner_or_of_the_helper() {
    everywhere(|scene| {
        for victim in ["owner", "helper", "keeper", "group", "stopped helper"] {
            let _absent = fs::remove_file(scene.path("ws/alive"));
            let mut owner = start(scene);
            match victim {
                "owner" => owner.kill().unwrap(),
                "helper" => kill("KILL", &children(owner.id())),
                "keeper" => {
                    let helper: u32 = children(owner.id())[0].parse().unwrap();
                    kill("KILL", &children(helper));
                }
                "stopped helper" => {
                    let helper = children(owner.id());
                    kill("STOP", &helper);
                    kill("KILL", &helper);
                }
                _ => kill("KILL", &[format!("-{}", owner.id())]),
            }
            owner.wait().unwrap();
            assert_silent(scene);
            let left: Vec<_> = fs::read_dir(scene.path("ws"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(left, ["alive"], "{}, {victim}", scene.rung);
        }
    });
}

#[test]
fn a_request_to_end_reaches_the_command() {
    everywhere(|scene| {
        let script = r#"
            trap 'echo asked > asked; exit 3' TERM
            echo up > alive; while :; do sleep 0.01; done
        "#;
        let mut owner = scene
            .shell(WORKSPACE, script)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until(|| scene.path("ws/alive").exists());
        until(|| !children(owner.id()).is_empty());
        kill("TERM", &children(owner.id()));
        assert_eq!(owner.wait().unwrap().code(), Some(3), "{}", scene.rung);
        assert!(scene.path("ws/asked").exists());
    });
}

#[test]
fn what_a_command_leaves_behind_may_finish_its_sentence() {
    everywhere(|scene| {
        let output = scene.run(READ_ONLY, "{ sleep 0.01; echo late; } & echo early");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "early\nlate\n");
    });
}

#[test]
fn waiting_for_nobody_takes_no_time() {
    everywhere(|scene| {
        // Waiting would take 200 ms each time; a busy machine may take that long by itself.
        let quick = (0..50).any(|_| {
            let begun = Instant::now();
            scene.run(READ_ONLY, ":");
            begun.elapsed() < Duration::from_millis(200)
        });
        assert!(quick, "{}", scene.rung);
    });
}

/// Starts a command that has a survivor of every kind, and waits until they live.
fn start(scene: &Scene) -> Child {
    let script = r#"
        ( setsid sh -c 'while :; do echo setsid >> "$PWD/alive"; sleep 0.02; done' & ) &
        while :; do echo plain >> alive; sleep 0.02; done
    "#;
    let owner = scene
        .shell(WORKSPACE, script)
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let both = || {
        let text = fs::read_to_string(scene.path("ws/alive")).unwrap_or_default();
        text.contains("setsid") && text.contains("plain")
    };
    until(both);
    owner
}

/// Checks that whoever wrote to `alive` stops doing so.
#[track_caller]
fn assert_silent(scene: &Scene) {
    let size = || fs::metadata(scene.path("ws/alive")).unwrap().len();
    let begun = Instant::now();
    loop {
        let before = size();
        for _ in 0..20 {
            pause();
        }
        if size() == before {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{}: something still lives",
            scene.rung
        );
    }
}

/// Returns the children of a process: for an owner, the helper that it started.
fn children(pid: u32) -> Vec<String> {
    let output = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &pid.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

fn kill(signal: &str, targets: &[String]) {
    let status = Command::new("kill")
        .arg(format!("-{signal}"))
        .arg("--")
        .args(targets)
        .status();
    assert!(status.unwrap().success());
}

#[track_caller]
fn until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never came");
        pause();
    }
}
