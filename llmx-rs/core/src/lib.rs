//! Runs a conversation: turn machine, driver, prompt, rollout file.
//!
//! ```text
//! Op ─▶ driver ──Event──▶ turn::Machine (pure) ──Effect──▶ driver ─▶ upstream, tools, rollout
//!         └──────────────────── ThreadEvent ─▶ frontend
//! ```
//!
//! [`turn`] decides, [`Session`] performs. A frontend sends operations and receives events; it
//! never sees a request, a provider or a file.
#![forbid(unsafe_code)]

mod activity;
pub mod approvals;
mod cache;
mod connection;
mod dialects;
mod driver;
mod formats;
mod history;
mod hooks;
mod judge;
pub mod mcp;
mod model_facts;
pub mod models;
mod notify;
mod output_schema;
mod prompt;
pub mod prompts;
mod provider;
mod resume;
mod rollout;
mod secrets;
mod session;
pub mod sessions;
mod speech;
pub mod turn;
mod world;

pub use connection::AskFault;
pub use output_schema::{BadSchema, OutputSchema};
pub use provider::BadProvider;
pub use rollout::timestamp;
pub use rollout::{ReadFault, RecordFault, Recorded, RecordedItem};
pub use session::{Beginning, Origin, Session, StartFault};
pub use speech::Speech;
pub use world::{System, World};
