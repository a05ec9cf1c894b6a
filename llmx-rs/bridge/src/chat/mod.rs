//! Chat Completions, translated from and to the pivot.

mod answer;
mod frame;
mod request;

use llmx_wire::{chat, responses};

use crate::{ClientFault, Context, LossReport, Options, Stamp, StreamBridge, StreamEnd};
use crate::{UpstreamFault, fold};

pub use answer::ChatToResponses;
pub use frame::{Frame, respond_to_body};
pub use request::without_reasoning;

/// A request for a Chat upstream, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct ToChat {
    /// The body to send.
    pub request: chat::Request,
    /// What the translation of the answer needs.
    pub context: Context,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// Translates a Responses request for a Chat upstream.
pub fn to_chat(request: &responses::Request, options: &Options) -> Result<ToChat, ClientFault> {
    request::translate(request, options)
}

/// Translates a whole Chat answer: the same code as a stream, pushed at once and folded.
pub fn respond(
    answer: chat::Response,
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    let mut events = Vec::new();
    let mut bridge = ChatToResponses::new(context, stamp);
    bridge.push(answer.into(), &mut events)?;
    bridge.finish(StreamEnd::Done, &mut events);
    fold(events).ok_or(UpstreamFault::CutOff)
}
