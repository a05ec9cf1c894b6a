//! Accepts connections up to a limit, and ends them in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::sleep;

use crate::connection::Handler;
use crate::limits::Limits;
use crate::listen::Listeners;
use crate::peer::AllowedUids;
use crate::shard::{Arrival, Shard, Socket};

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every exchange that ran when the shutdown began came to its end.
    Drained,
    /// The grace period ran out and this many connections were cut.
    Cut(usize),
}

/// A server that is ready to run.
#[derive(Debug, Default)]
pub struct Server {
    /// Where clients connect.
    pub listeners: Listeners,
    /// What clients may take.
    pub limits: Limits,
    /// Who may be served.
    pub allowed: AllowedUids,
}

impl Server {
    /// Serves on this runtime until `stop` completes, then lets running exchanges end within the
    /// grace period.
    pub async fn run<H: Handler>(self, handler: H, stop: impl Future<Output = ()>) -> Ending {
        let (stopped_sender, stopped) = watch::channel(false);
        let (arrivals, queue) = mpsc::unbounded_channel();
        let shard = Shard::new(handler, self.limits, self.allowed, stopped);
        let (listeners, queues) = (self.listeners, [arrivals]);
        let accepting = async move {
            tokio::select! {
                () = stop => {}
                () = accept_all(&listeners, self.limits, &queues) => {}
            }
            drop((listeners, queues));
            // The shard may have ended already; then there is nobody to tell.
            let _nobody_listens = stopped_sender.send(true);
        };
        let ((), cut) = tokio::join!(accepting, shard.run(queue));
        Ending::from_cut(cut)
    }

    /// Serves as [`Server::run`] does, with the connections spread over `handlers`, each of which
    /// has a thread and a runtime of its own.
    ///
    /// Exchanges then never cross threads: at small messages that costs less time and memory than
    /// one runtime of several threads, and it still uses several cores.
    pub async fn run_on_threads<H: Handler>(
        self,
        handlers: Vec<H>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<Ending> {
        let (stopped_sender, stopped) = watch::channel(false);
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for handler in handlers {
            let (arrivals, queue) = mpsc::unbounded_channel();
            let allowed = self.allowed.clone();
            let shard = Shard::new(handler, self.limits, allowed, stopped.clone());
            queues.push(arrivals);
            threads.push(shard.spawn(queue)?);
        }
        tokio::select! {
            () = stop => {}
            () = accept_all(&self.listeners, self.limits, &queues) => {}
        }
        drop((self.listeners, queues));
        // Shards may all have ended already; then there is nobody to tell.
        let _nobody_listens = stopped_sender.send(true);
        let mut cut = 0;
        for thread in threads {
            // A shard that panicked took its connections with it; the others still drain.
            cut += thread.await.unwrap_or(0);
        }
        Ok(Ending::from_cut(cut))
    }
}

impl Ending {
    fn from_cut(cut: usize) -> Self {
        match cut {
            0 => Self::Drained,
            cut => Self::Cut(cut),
        }
    }
}

/// Hands connections to `queues` in turn, never more at once than the limit.
async fn accept_all(
    listeners: &Listeners,
    limits: Limits,
    queues: &[mpsc::UnboundedSender<Arrival>],
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    for queue in queues.iter().cycle() {
        // The semaphore is never closed, so a permit always comes.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let socket = loop {
            match accept(listeners).await {
                Ok(socket) => break socket,
                // Out of file descriptors, or a client that left while it waited: both pass.
                Err(_passing) => sleep(ACCEPT_PAUSE).await,
            }
        };
        // A shard that panicked refuses its share; its clients see a closed connection.
        let _closed = queue.send(Arrival::new(socket, permit));
    }
}

/// How long to wait after a failed accept; the usual cause is a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

async fn accept(listeners: &Listeners) -> io::Result<Socket> {
    let tcp = async {
        match &listeners.tcp {
            Some(listener) => Socket::from_tcp(listener.accept().await?.0),
            None => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    return tcp.await;
    #[cfg(unix)]
    {
        let unix = async {
            match &listeners.unix {
                Some(listener) => Socket::from_unix(listener.accept().await?.0),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            socket = tcp => socket,
            socket = unix => socket,
        }
    }
}
