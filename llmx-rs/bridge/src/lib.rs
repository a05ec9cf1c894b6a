//! Translates a request, a stream, a response or an error between two dialects, purely, and names
//! every loss.
//!
//! Responses is the pivot: each other dialect is one module that translates to it and from it.
//! [`chat`], [`messages`] and [`gemini`]. What they share is small: `turns` makes a strict exchange of
//! a conversation, `stream` writes every Responses stream, `tools` names
//! tools so that any server takes them, `seal` lets the client carry an upstream's reasoning,
//! [`LossReport`], [`ClientFault`] and [`UpstreamFault`] say what could not be done, and by whose
//! fault, and [`decision`] is the table of what becomes of each field.
//!
//! Nothing here reads a clock, a file or the environment, or waits; what differs from run to run,
//! ids and times, comes in as a [`Stamp`].
//!
//! A client of Responses in front of an upstream of Chat Completions takes three steps:
//!
//! ```
//! use llmx_bridge::{Options, Stamp, StreamBridge, StreamEnd, chat};
//! use llmx_wire::responses::Request;
//!
//! let request: Request = serde_json::from_str(r#"{"model": "m", "input": "hi"}"#).unwrap();
//! let translated = chat::to_chat(&request, &Options::default()).unwrap();
//! assert!(translated.losses.is_empty());
//!
//! let stamp = Stamp { id: "1".into(), created_at: 0 };
//! let mut bridge = chat::ChatToResponses::new(translated.context, &stamp);
//! let mut events = Vec::new();
//! let chunk = r#"{"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]}"#;
//! bridge.push(serde_json::from_str(chunk).unwrap(), &mut events).unwrap();
//! bridge.finish(StreamEnd::Done, &mut events);
//! assert_eq!(events.last().unwrap().kind(), "response.completed");
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod carrier;
pub mod chat;
mod context;
mod data_url;
pub mod decision;
mod fault;
mod fold;
pub mod gemini;
mod loss;
pub mod messages;
mod options;
mod pivot;
mod seal;
mod setting;
mod stream;
mod tools;
mod turns;

pub use context::Context;
pub use fault::{ClientFault, FaultClass, Report, UpstreamFault};
pub use fold::fold;
pub use loss::{Loss, LossAction, LossReport};
pub use options::{Limits, Options, Stamp, SystemMerge, TokenBound};
pub use pivot::for_responses;
pub use setting::{BadSetting, SETTINGS, Setting, settings_help};
pub use stream::{StreamBridge, StreamEnd, response_of_item};

pub(crate) use llmx_wire::{Extra, Object};
