//! What can go wrong in a bridged exchange, by whose fault it is.

mod class;
mod client;
mod upstream;

pub use class::FaultClass;
pub use client::ClientFault;
pub use upstream::{Report, UpstreamFault};
