//! The signals that end a run.

use tokio::sync::mpsc;

/// A request to end the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C, or SIGINT from elsewhere.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

/// Listens for signals from now on; without listening, any of them kills the process at once, and
/// leaves behind the commands that no sandbox holds.
#[cfg(unix)]
pub(crate) fn listen() -> std::io::Result<mpsc::Receiver<Stop>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = match hears_hang_up() {
        true => Some(signal(SignalKind::hangup())?),
        false => None,
    };
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let stop = tokio::select! {
                _ = interrupt.recv() => Stop::Interrupt,
                _ = terminate.recv() => Stop::Terminate,
                () = received(&mut hang_up) => Stop::HangUp,
            };
            if sender.send(stop).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Returns whether a hang-up is to end the run. `nohup` has it ignored, and listening would undo
/// that. Where nothing tells, the system's way is kept.
#[cfg(unix)]
fn hears_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.is_ok_and(|status| ignores_hang_up(&status) == Some(false))
}

#[cfg(unix)]
fn ignores_hang_up(status: &str) -> Option<bool> {
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // Bit 0 is signal 1.
    Some(ignored & 1 == 1)
}

/// Listens for Ctrl-C from now on.
#[cfg(not(unix))]
pub(crate) fn listen() -> std::io::Result<mpsc::Receiver<Stop>> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if sender.send(Stop::Interrupt).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_asks_for_is_seen() {
        let status =
            |mask: &str| format!("Name:\tllmx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert_eq!(ignores_hang_up(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hang_up(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hang_up("Name:\tllmx\n"), None);
    }
}
