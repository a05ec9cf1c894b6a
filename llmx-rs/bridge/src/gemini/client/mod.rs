//! A client of Gemini in front of the pivot.

mod carrier;
mod config;
mod decision;
mod history;
mod reply;
mod request;
mod schema;
mod tools;

pub use decision::GEMINI_TO_RESPONSES;
pub use reply::{ResponsesToGemini, error_body, fold_chunks};
pub use request::{FromGemini, GeminiContext};

pub(super) use request::translate;
