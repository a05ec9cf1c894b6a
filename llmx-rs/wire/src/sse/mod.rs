//! Server-sent events: an incremental decoder for untrusted bytes, and an encoder.

mod decode;
mod encode;

pub use decode::{DecodeFault, Decoder, Limits};
pub use encode::{encode, encode_json};

/// One event of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; `None` means the default type, `message`.
    pub name: Option<String>,
    /// The `data` fields, joined by newlines.
    pub data: String,
    /// The stream's last event id at this point, where one was ever set.
    pub id: Option<String>,
}
