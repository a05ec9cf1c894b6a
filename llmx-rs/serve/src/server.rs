//! Accepts connections up to a limit, and ends them in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::admit::{Hosts, Refusal};
use crate::connection::{self, Handler, Shared};
use crate::limits::Limits;
use crate::listen::Listeners;
use crate::peer::{self, AllowedUids};

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
    /// Serves until `stop` completes, then lets running exchanges end within the grace period.
    pub async fn run<H: Handler>(self, handler: H, stop: impl Future<Output = ()>) -> Ending {
        let (stop_sender, stopped) = watch::channel(false);
        let grace = self.limits.grace;
        let mut connections = JoinSet::new();
        tokio::select! {
            () = stop => {}
            () = self.accept_all(handler, &stopped, &mut connections) => {}
        }
        // Receivers may all be gone when no connection is open.
        let _nobody_listens = stop_sender.send(true);
        let drained = timeout(grace, async {
            while connections.join_next().await.is_some() {}
        });
        match drained.await {
            Ok(()) => Ending::Drained,
            Err(_elapsed) => {
                let cut = connections.len();
                connections.shutdown().await;
                Ending::Cut(cut)
            }
        }
    }

    async fn accept_all<H: Handler>(
        self,
        handler: H,
        stopped: &watch::Receiver<bool>,
        connections: &mut JoinSet<()>,
    ) {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let allowed = Arc::new(self.allowed);
        let shared = Arc::new(Shared {
            handler,
            limits: self.limits,
        });
        loop {
            // The semaphore is never closed, so a permit always comes.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let socket = tokio::select! {
                socket = accept(&self.listeners) => socket,
                Some(_reaped) = connections.join_next() => continue,
            };
            let Ok(socket) = socket else {
                // Out of file descriptors, or a client that left while it waited: both pass.
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (shared, stopped) = (Arc::clone(&shared), stopped.clone());
            let allowed = Arc::clone(&allowed);
            connections.spawn(async move {
                let _permit = permit;
                match socket {
                    Socket::Tcp(stream) => {
                        let (hosts, peer) = meet_tcp(&stream, &allowed).await;
                        connection::serve(stream, shared, hosts, peer, stopped).await;
                    }
                    #[cfg(unix)]
                    Socket::Unix(stream) => {
                        let peer = allowed.check(stream.peer_cred().map(|peer| peer.uid()));
                        connection::serve(stream, shared, Hosts::UnixSocket, peer, stopped).await;
                    }
                }
            });
        }
    }
}

/// How long to wait after a failed accept; the usual cause is a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

async fn accept(listeners: &Listeners) -> io::Result<Socket> {
    let tcp = async {
        match &listeners.tcp {
            Some(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Socket::Tcp(stream)),
            None => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    return tcp.await;
    #[cfg(unix)]
    {
        let unix = async {
            match &listeners.unix {
                Some(listener) => listener
                    .accept()
                    .await
                    .map(|(stream, _)| Socket::Unix(stream)),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            socket = tcp => socket,
            socket = unix => socket,
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
