//! Opens the sockets that clients connect to: loopback TCP, or a Unix socket for one user.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be accepted: enough for a thousand clients at once, where the
/// usual 128 would make the rest wait a second for their next try.
const BACKLOG: u32 = 4096;

/// A socket that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The TCP port.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another --port, or none for a free one"
    )]
    Tcp {
        /// The port asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The Unix socket.
    #[error("cannot listen on {}: {source}", path.display())]
    Unix {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process serves the Unix socket.
    #[error("cannot listen on {}: another process answers there; stop it or choose another --unix-socket", path.display())]
    UnixTaken {
        /// The path asked for.
        path: PathBuf,
    },
    /// Something that is no socket lies at the path.
    #[error("cannot listen on {}: the file there is no socket; choose another --unix-socket", path.display())]
    NoSocket {
        /// The path asked for.
        path: PathBuf,
    },
}

/// The open sockets of one server.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Loopback TCP.
    pub tcp: Option<TcpListener>,
    /// A Unix socket.
    #[cfg(unix)]
    pub unix: Option<UnixListener>,
}

/// Listens on `127.0.0.1:port`; port 0 takes a free one.
pub fn bind_loopback(port: u16) -> Result<TcpListener, ListenError> {
    let open = || {
        let socket = TcpSocket::new_v4()?;
        // Elsewhere than on Unix this option would let another process take the port over.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)))?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| ListenError::Tcp { port, source })
}

/// Listens on a Unix socket at `path` that only this user may open (mode 0600).
///
/// A socket that no process serves any more is replaced; anything else at `path` is left alone.
#[cfg(unix)]
pub fn bind_unix(path: &std::path::Path) -> Result<UnixListener, ListenError> {
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixStream;

    let failed = |source| ListenError::Unix {
        path: path.to_owned(),
        source,
    };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(ListenError::NoSocket {
                path: path.to_owned(),
            });
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(ListenError::UnixTaken {
                path: path.to_owned(),
            });
        }
        Ok(_) => std::fs::remove_file(path).map_err(failed)?,
    }
    // The mode comes from the mask, so that the socket is never open to others, not even for the
    // moment between its making and a chmod.
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(mask);
    listener.map_err(failed)
}
