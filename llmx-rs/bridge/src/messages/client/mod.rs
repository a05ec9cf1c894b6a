//! A client of Messages in front of the pivot.

mod carrier;
mod decision;
mod history;
mod options;
mod reply;
mod request;
mod tools;

pub use decision::MESSAGES_TO_RESPONSES;
pub use reply::{ResponsesToMessages, error_body, fold_events};
pub use request::{FromMessages, MessagesContext};

pub(super) use request::translate;
