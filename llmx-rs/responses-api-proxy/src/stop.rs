//! Everything that can end the proxy: a signal, or `GET /shutdown`.

use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

/// The ways to end.
pub(crate) struct Stop {
    asked: Arc<Notify>,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Takes over the signals; from now on they drain instead of killing.
    pub(crate) fn listen(asked: Arc<Notify>) -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            asked,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Completes when the proxy should end.
    pub(crate) async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            () = self.asked.notified() => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        tokio::select! {
            () = self.asked.notified() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}
