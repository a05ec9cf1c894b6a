//! The signals that end a run.

use tokio::sync::mpsc;

/// A request to end the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C, or SIGINT from elsewhere.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Listens for signals from now on; without listening, either one kills the process at once.
#[cfg(unix)]
pub(crate) fn listen() -> std::io::Result<mpsc::Receiver<Stop>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let stop = tokio::select! {
                _ = interrupt.recv() => Stop::Interrupt,
                _ = terminate.recv() => Stop::Terminate,
            };
            if sender.send(stop).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
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
