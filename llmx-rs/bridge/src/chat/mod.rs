//! Chat Completions, translated from and to the pivot.

mod answer;
mod client;
mod frame;
mod request;

use llmx_wire::{FaultBody, chat, responses};

use crate::{ClientFault, Context, LossReport, Options, Stamp, StreamBridge, StreamEnd};
use crate::{UpstreamFault, fold};

pub use answer::ChatToResponses;
pub use client::{ChatContext, FromChat, ResponsesToChat, fold_chunks};
pub use frame::Frame;
pub use request::{refuses_reasoning, without_reasoning};

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

/// Translates a Chat request to the pivot.
pub fn from_chat(request: &chat::Request, options: &Options) -> Result<FromChat, ClientFault> {
    client::translate(request, options)
}

/// Translates a whole response for a Chat client: the same code as a stream.
pub fn reply(
    response: responses::Response,
    context: ChatContext,
    stamp: &Stamp,
) -> Result<chat::Response, FaultBody> {
    let (mut bridge, mut chunks) = (ResponsesToChat::new(context, stamp), Vec::new());
    let event = responses::StreamEvent::of(response);
    if let Err(fault) = bridge.push(event, &mut chunks) {
        bridge.finish(StreamEnd::Broken(fault), &mut chunks);
    } else {
        bridge.finish(StreamEnd::Done, &mut chunks);
    }
    fold_chunks(chunks)
}

/// Translates a whole Chat answer: the same code as a stream, pushed at once and folded.
pub fn respond(
    answer: chat::Response,
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    let mut events = Vec::new();
    let mut bridge = ChatToResponses::new(context.whole(), stamp);
    bridge.push(answer.into(), &mut events)?;
    bridge.finish(StreamEnd::Done, &mut events);
    fold(events).ok_or(UpstreamFault::CutOff)
}
