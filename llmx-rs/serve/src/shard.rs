//! Serves a share of the connections on one runtime.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::admit::{Hosts, Refusal};
use crate::connection::{self, Handler, Shared};
use crate::limits::Limits;
use crate::peer::{self, AllowedUids};

/// A connection on its way to a shard. It leaves the runtime that accepted it, so that the shard
/// can take it into its own.
pub(crate) struct Arrival {
    socket: Socket,
    permit: OwnedSemaphorePermit,
}

impl Arrival {
    pub(crate) fn new(socket: Socket, permit: OwnedSemaphorePermit) -> Self {
        Self { socket, permit }
    }
}

pub(crate) enum Socket {
    Tcp(std::net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Socket {
    pub(crate) fn from_tcp(stream: TcpStream) -> io::Result<Self> {
        stream.into_std().map(Self::Tcp)
    }

    #[cfg(unix)]
    pub(crate) fn from_unix(stream: UnixStream) -> io::Result<Self> {
        stream.into_std().map(Self::Unix)
    }
}

/// A handler and the connections it serves.
pub(crate) struct Shard<H> {
    shared: Arc<Shared<H>>,
    allowed: Arc<AllowedUids>,
    stopped: watch::Receiver<bool>,
}

impl<H: Handler> Shard<H> {
    pub(crate) fn new(
        handler: H,
        limits: Limits,
        allowed: AllowedUids,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared { handler, limits }),
            allowed: Arc::new(allowed),
            stopped,
        }
    }

    /// Serves on a thread of its own; the receiver gets what [`Shard::run`] returns.
    pub(crate) fn spawn(
        self,
        queue: UnboundedReceiver<Arrival>,
    ) -> io::Result<oneshot::Receiver<usize>> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_all()
            .build()?;
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("serve".to_owned())
            .spawn(move || {
                let cut = runtime.block_on(self.run(queue));
                drop(runtime);
                // Nobody waits any more when the server itself was dropped.
                let _abandoned = sender.send(cut);
            })?;
        Ok(receiver)
    }

    /// Serves what comes from `queue` until it closes, lets what still runs end within the grace
    /// period, and returns how many connections were cut after it.
    pub(crate) async fn run(self, mut queue: UnboundedReceiver<Arrival>) -> usize {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                arrival = queue.recv() => {
                    let Some(arrival) = arrival else { break };
                    connections.spawn(self.serve(arrival));
                }
                Some(_reaped) = connections.join_next() => {}
            }
        }
        let drained = timeout(self.shared.limits.grace, async {
            while connections.join_next().await.is_some() {}
        });
        if drained.await.is_ok() {
            return 0;
        }
        let cut = connections.len();
        connections.shutdown().await;
        cut
    }

    fn serve(&self, arrival: Arrival) -> impl Future<Output = ()> + Send + use<H> {
        let (shared, stopped) = (Arc::clone(&self.shared), self.stopped.clone());
        let allowed = Arc::clone(&self.allowed);
        async move {
            let Arrival { socket, permit } = arrival;
            let _permit = permit;
            match socket {
                Socket::Tcp(stream) => {
                    let Ok(stream) = TcpStream::from_std(stream) else {
                        return;
                    };
                    let (hosts, peer) = meet_tcp(&stream, &allowed).await;
                    connection::serve(stream, shared, hosts, peer, stopped).await;
                }
                #[cfg(unix)]
                Socket::Unix(stream) => {
                    let Ok(stream) = UnixStream::from_std(stream) else {
                        return;
                    };
                    let peer = allowed.check(stream.peer_cred().map(|peer| peer.uid()));
                    connection::serve(stream, shared, Hosts::UnixSocket, peer, stopped).await;
                }
            }
        }
    }
}

/// Prepares a TCP connection: which names it may be addressed by, and whether its user is allowed.
async fn meet_tcp(stream: &TcpStream, allowed: &AllowedUids) -> (Hosts, Result<(), Refusal>) {
    // Without this, the end of a small event waits for the acknowledgement of the one before.
    let _best_effort = stream.set_nodelay(true);
    let addresses = stream
        .local_addr()
        .and_then(|local| Ok((local, stream.peer_addr()?)));
    let port = addresses.as_ref().map_or(0, |(local, _)| local.port());
    let hosts = Hosts::Loopback { port };
    if allowed.is_everyone() {
        return (hosts, Ok(()));
    }
    let owner = match addresses {
        Ok((local, peer)) => tokio::task::spawn_blocking(move || peer::tcp_owner(peer, local))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error))),
        Err(error) => Err(error),
    };
    (hosts, allowed.check(owner))
}
