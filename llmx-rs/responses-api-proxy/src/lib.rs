//! Serves `POST /v1/responses` on this machine and forwards it with a key that no one else can
//! read.
//!
//! The process that owns the key stays small on purpose: see SECURITY.md for what is promised.

mod args;
mod bridged;
mod dump;
mod error;
mod handler;
mod kept;
mod part;
mod protection;
mod request_body;
mod rescue;
mod run;
mod secret;
mod server_info;
mod state;
mod stop;

pub use args::{Args, BridgeTo};
pub use error::ProxyError;
pub use run::run;
