//! A client of Gemini in front of the pivot.

mod carrier;
mod config;
mod history;
mod reply;
mod request;
mod schema;
mod tools;

pub use reply::{ResponsesToGemini, error_body, fold_chunks};
pub use request::{FromGemini, GeminiContext};

pub(super) use request::translate;
