//! A client that speaks Chat Completions, in front of the pivot.

mod messages;
mod reply;
mod request;
mod tools;

pub use reply::{ResponsesToChat, fold_chunks};
pub(super) use request::translate;
pub use request::{ChatContext, FromChat};
