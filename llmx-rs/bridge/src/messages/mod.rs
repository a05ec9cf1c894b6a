//! Anthropic Messages, translated from the pivot and back to it.

mod answer;
mod cache;
mod client;
mod decision;
mod format;
mod history;
mod media;
mod options;
mod policy;
mod request;
mod thinking;
mod tools;

use llmx_wire::{messages, responses};

use crate::{ClientFault, Context, LossReport, Options, Stamp, StreamBridge, StreamEnd};
use crate::{UpstreamFault, fold};

pub use answer::MessagesToResponses;
pub use client::{
    FromMessages, MESSAGES_TO_RESPONSES, MessagesContext, ResponsesToMessages, error_body,
    fold_events,
};
pub use decision::RESPONSES_TO_MESSAGES;
pub use policy::{Policy, Structured, ThinkingStyle};

/// A request for an upstream of Messages, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct ToMessages {
    /// The body to send.
    pub request: messages::Request,
    /// What the translation of the answer needs.
    pub context: Context,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// Translates a Responses request for an upstream of Messages.
pub fn to_messages(
    request: &responses::Request,
    options: &Options,
) -> Result<ToMessages, ClientFault> {
    request::translate(request, options)
}

/// Translates a Messages request to the pivot.
pub fn from_messages(
    request: &messages::Request,
    options: &Options,
) -> Result<FromMessages, ClientFault> {
    client::translate(request, options)
}

/// Translates a whole response for a client of Messages: the same code as a stream.
pub fn reply(
    response: responses::Response,
    context: MessagesContext,
    stamp: &Stamp,
) -> Result<messages::Response, Box<messages::ErrorBody>> {
    let (mut bridge, mut events) = (ResponsesToMessages::new(context, stamp), Vec::new());
    let event = responses::StreamEvent::of(response);
    let end = match bridge.push(event, &mut events) {
        Ok(()) => StreamEnd::Done,
        Err(fault) => StreamEnd::Broken(fault),
    };
    bridge.finish(end, &mut events);
    fold_events(events)
}

/// Takes the wish for reasoning out of a request; returns whether there was one.
///
/// For the one retry that a server deserves which refuses it.
pub fn without_reasoning(request: &mut messages::Request) -> bool {
    let effort = request.output_config.as_mut();
    let had_effort = effort.and_then(|config| config.effort.take()).is_some();
    request.thinking.take().is_some() || had_effort
}

/// Takes a whole answer apart into the events of a stream.
pub fn events(answer: messages::Response) -> Vec<messages::StreamEvent> {
    answer::events(answer)
}

/// Translates a whole answer: the same code as a stream, pushed event by event and folded.
pub fn respond(
    answer: messages::Response,
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    let mut out = Vec::new();
    let mut bridge = MessagesToResponses::new(context.whole(), stamp);
    for event in events(answer) {
        bridge.push(event, &mut out)?;
    }
    bridge.finish(StreamEnd::Done, &mut out);
    fold(out).ok_or(UpstreamFault::CutOff)
}
