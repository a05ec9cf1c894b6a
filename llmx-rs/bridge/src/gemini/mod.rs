//! Google Gemini, translated from the pivot and back to it.

mod answer;
mod client;
mod decision;
mod history;
mod media;
mod options;
mod policy;
mod request;
mod schema;
mod signature;
mod tools;

use llmx_wire::{gemini, responses};

use crate::{ClientFault, Context, LossReport, Options, Stamp, StreamBridge, StreamEnd};
use crate::{UpstreamFault, fold};

pub use answer::GeminiToResponses;
pub use client::{
    FromGemini, GEMINI_TO_RESPONSES, GeminiContext, ResponsesToGemini, error_body, fold_chunks,
};
pub use decision::RESPONSES_TO_GEMINI;
pub use policy::{Policy, SchemaStyle, ThinkingStyle};

/// A request for an upstream of Gemini, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct ToGemini {
    /// The model, which stands in the path.
    pub model: String,
    /// Whether to ask for a stream, which stands in the path too.
    pub streams: bool,
    /// The body to send.
    pub request: gemini::Request,
    /// What the translation of the answer needs.
    pub context: Context,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// Translates a Responses request for an upstream of Gemini.
pub fn to_gemini(request: &responses::Request, options: &Options) -> Result<ToGemini, ClientFault> {
    request::translate(request, options)
}

/// Translates a Gemini request to the pivot; the model and whether to stream stand in its path.
pub fn from_gemini(
    model: &str,
    streams: bool,
    request: &gemini::Request,
    options: &Options,
) -> Result<FromGemini, ClientFault> {
    client::translate(model, streams, request, options)
}

/// Translates a whole response for a client of Gemini: the same code as a stream.
pub fn reply(
    response: responses::Response,
    context: GeminiContext,
    stamp: &Stamp,
) -> Result<gemini::Response, Box<gemini::ErrorBody>> {
    let (mut bridge, mut chunks) = (ResponsesToGemini::new(context, stamp), Vec::new());
    let event = responses::StreamEvent::of(response);
    let end = match bridge.push(event, &mut chunks) {
        Ok(()) => StreamEnd::Done,
        Err(fault) => StreamEnd::Broken(fault),
    };
    bridge.finish(end, &mut chunks);
    fold_chunks(chunks)
}

/// Takes the wish for reasoning out of a request; returns whether there was one.
///
/// For the one retry that a server deserves which refuses it.
pub fn without_reasoning(request: &mut gemini::Request) -> bool {
    let config = request.generation_config.as_mut();
    config
        .and_then(|config| config.thinking_config.take())
        .is_some()
}

/// Translates a whole answer: the same code as a stream, pushed at once and folded.
pub fn respond(
    answer: gemini::Response,
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    let mut out = Vec::new();
    let mut bridge = GeminiToResponses::new(context.whole(), stamp);
    bridge.push(answer, &mut out)?;
    bridge.finish(StreamEnd::Done, &mut out);
    fold(out).ok_or(UpstreamFault::CutOff)
}
