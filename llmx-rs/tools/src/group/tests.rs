//! What must hold however a group is used: nothing of it stays, and nobody else is hit.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn nothing_is_left_of_a_group_that_is_dropped() {
    let mut group = Group::start(shell("sleep 60 & echo $!; sleep 60")).unwrap();
    let leader = group.leader.id().unwrap();
    let follower = first_line(&mut group).await;
    assert!(is_alive(&follower) && is_alive(&leader.to_string()));
    drop(group);
    until(|| !is_alive(&follower)).await;
    // The leader is waited for as well, by the runtime.
    until(|| state(&leader.to_string()).is_none()).await;
}

#[tokio::test]
async fn the_number_is_kept_until_the_rest_is_killed() {
    let mut group = Group::start(shell("sleep 60 & echo $!; exit 7")).unwrap();
    let leader = group.leader.id().unwrap().to_string();
    let follower = first_line(&mut group).await;
    group.leader_ended().await.unwrap();
    // Ended, and not waited for: the number is nobody else's, and the rest goes on.
    assert_eq!(state(&leader), Some('Z'));
    assert!(is_alive(&follower));
    let reins = group.reins();
    assert_eq!(group.end().await.unwrap().code(), Some(7));
    until(|| !is_alive(&follower)).await;
    assert_eq!(state(&leader), None);
    assert_eq!(*reins.lock(), None);
    // Whoever has the number now is not hit.
    reins.signal(Signal::KILL);
}

#[tokio::test]
async fn the_end_of_a_leader_is_noticed_without_the_signal() {
    let mut group = Group::start(shell("exit 3")).unwrap();
    let deaf = unix::signal(SignalKind::user_defined2()).unwrap();
    group.deaths = deaf;
    let ended = timeout(20 * DEAF, group.leader_ended()).await;
    ended.unwrap().unwrap();
    assert_eq!(group.end().await.unwrap().code(), Some(3));
}

#[tokio::test]
async fn a_group_that_is_let_go_lives_on_and_leaves_no_corpse() {
    let mut group = Group::start(shell("echo $$; exec sleep 60")).unwrap();
    let leader = first_line(&mut group).await;
    group.let_go();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(is_alive(&leader));
    let number = leader.parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process_group(number, Signal::KILL).unwrap();
    until(|| state(&leader).is_none()).await;
}

#[tokio::test]
async fn telling_and_hearing_do_not_wait_for_each_other() {
    // More than two pipes hold, said while as much is told.
    let told = vec![b'x'; 1 << 20];
    let answer = ask(shell("exec cat"), &told, 1 << 21, LONG).await.unwrap();
    assert_eq!(answer.stdout.bytes, told);
    assert!(!answer.stdout.is_cut);

    let flood = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 3";
    let answer = ask(shell(flood), &told, 1_000, LONG).await.unwrap();
    assert_eq!(answer.status.code(), Some(3));
    for kept in [answer.stdout, answer.stderr] {
        assert_eq!((kept.bytes.len(), kept.is_cut), (1_000, true));
    }
}

#[tokio::test]
async fn who_is_left_behind_with_an_open_output_is_not_waited_for() {
    let begun = Instant::now();
    let answer = ask(shell("sleep 60 & echo $!"), b"", 100, LONG).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let follower = String::from_utf8(answer.unwrap().stdout.bytes).unwrap();
    until(|| !is_alive(follower.trim())).await;
}

#[tokio::test]
async fn who_closes_its_output_is_still_waited_for() {
    let silent = ask(shell("exec >&- 2>&- <&-; sleep 0.2; exit 2"), b"", 10, LONG).await;
    assert_eq!(silent.unwrap().status.code(), Some(2));
}

#[tokio::test]
async fn who_goes_on_for_too_long_is_killed_with_all_it_has_started() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = shell("trap '' TERM; sleep 60 & echo $! > follower; wait");
    command.current_dir(directory.path());
    let fault = ask(command, b"", 10, Duration::from_secs(1)).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.to_string(), "has not ended within 1 s");
    let follower = std::fs::read_to_string(directory.path().join("follower")).unwrap();
    until(|| !is_alive(follower.trim())).await;

    let missing = ask(Command::new("/nowhere/guard"), b"", 10, LONG).await;
    assert!(matches!(missing, Err(AskFault::NotStarted(_))));
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command.stdout(std::process::Stdio::piped());
    command
}

async fn first_line(group: &mut Group) -> String {
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    let (_, stdout, _) = group.pipes();
    let mut line = String::new();
    let mut reader = BufReader::new(stdout.unwrap());
    reader.read_line(&mut line).await.unwrap();
    line.trim().to_owned()
}

/// Returns whether there is such a process, and not only what is left until it is waited for.
fn is_alive(pid: &str) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Returns what such a process does, also one that has ended and was not waited for.
fn state(pid: &str) -> Option<char> {
    let ps = std::process::Command::new("ps")
        .args(["-o", "state=", "-p", pid])
        .output();
    String::from_utf8(ps.unwrap().stdout)
        .unwrap()
        .trim()
        .chars()
        .next()
}

async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LONG, "it takes too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const LONG: Duration = Duration::from_secs(20);
