//! Accepts HTTP/1.1 on loopback or a Unix socket under limits, and refuses what a browser, a
//! stranger or a smuggler could send, before any handler sees it.
//!
//! Bytes pass `tap` (framing and silence), then the HTTP library, then `admit` (host, origin),
//! then the [`Handler`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod admit;
mod connection;
mod framing;
mod head;
mod limits;
mod listen;
mod peer;
mod reply;
mod server;
mod shard;
mod tap;
mod violation;

pub use admit::Hosts;
pub use connection::Handler;
pub use limits::Limits;
#[cfg(unix)]
pub use listen::bind_unix;
pub use listen::{ListenError, Listeners, bind_loopback};
pub use peer::AllowedUids;
pub use reply::{Problem, error_reply, json_reply};
pub use server::{Ending, Server};
