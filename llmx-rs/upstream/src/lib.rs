//! Sends one request to one provider and yields its answer, or a typed failure.
//!
//! [`Endpoint`] says where, [`Client`] keeps the connections, [`forward`] passes a request on
//! untouched but for the headers that belong to one hop, [`Exchange`] sends a typed request and
//! yields typed events.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod answer;
mod client;
mod endpoint;
mod exchange;
mod fault;
mod forward;
mod headers;
mod line;
mod pool;
mod transport;

pub use answer::Answer;
pub use client::{Client, ClientOptions};
pub use endpoint::{BadEndpoint, Endpoint, Insecure};
pub use exchange::{
    BadTarget, Candidates, EventStream, Exchange, StreamEnd, StreamStep, Target, UpstreamFault,
    credential_name,
};
pub use fault::{SetupFault, TransportFault};
pub use forward::forward;
pub use llmx_bridge::{BadSetting, ClientFault, Options as BridgeOptions};
