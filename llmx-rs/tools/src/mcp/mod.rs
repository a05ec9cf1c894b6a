//! Tools of other programs: the servers of the Model Context Protocol that the user has configured.
//!
//! ```text
//! Servers ─▶ Keeper (one per server, a task of its own) ─▶ Client (our trait) ─▶ official (rmcp)
//!    │                                                                             ├─ child
//!    └─ names, offers, calls                                                       └─ http ─▶ McpCarrier (the caller's)
//! ```
//!
//! Nothing waits for a server but a call of its tools: what a server offers is known from the last
//! time, and what is not known yet joins the conversation when the server is ready.

mod answer;
mod ask;
mod cache;
mod call;
mod carrier;
mod child;
mod client;
mod http;
mod keeper;
mod listing;
mod name;
mod official;
mod resources;
mod servers;
mod settings;

pub use carrier::{McpBody, McpBroken, McpCarrier, McpCarrying};
pub(crate) use servers::Servers;
pub use settings::{McpReach, McpServer, McpSettings, base_environment};
