//! Reads what a Chat upstream sends, in whatever form it comes.

use llmx_wire::FaultBody;
use llmx_wire::chat::{Chunk, Response};
use llmx_wire::responses;
use llmx_wire::sse::{self, Decoder};
use serde_json::Value;

use super::ChatToResponses;
use crate::{Context, Stamp, StreamBridge, StreamEnd, UpstreamFault, fold};

/// What the data of one server-sent event is.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A part of the answer, or an error in its place.
    Chunk(Box<Chunk>),
    /// The end.
    Done,
    /// A sign of life.
    Nothing,
}

impl Frame {
    /// Reads the `data` of an event.
    pub fn read(data: &str) -> Result<Self, UpstreamFault> {
        match data.trim() {
            "" => Ok(Self::Nothing),
            "[DONE]" => Ok(Self::Done),
            data => match serde_json::from_str(data) {
                Ok(chunk) => Ok(Self::Chunk(Box::new(chunk))),
                Err(error) => Err(unreadable(data.as_bytes(), &error)),
            },
        }
    }
}

/// Translates the body of an answer to a request without a stream.
///
/// Some servers stream nevertheless; the body then is put together from its events.
pub fn respond_to_body(
    body: &[u8],
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    match serde_json::from_slice::<Response>(body) {
        Ok(answer) => super::respond(answer, context, stamp),
        Err(_) if is_stream(body) => respond_to_stream(body, context, stamp),
        Err(error) => Err(unreadable(body, &error)),
    }
}

fn respond_to_stream(
    body: &[u8],
    context: Context,
    stamp: &Stamp,
) -> Result<responses::Response, UpstreamFault> {
    let (mut decoder, mut frames) = (Decoder::new(sse::Limits::default()), Vec::new());
    decoder
        .push(body, &mut frames)
        .map_err(|fault| UpstreamFault::Malformed(fault.to_string()))?;
    frames.extend(decoder.finish());
    let (mut bridge, mut events) = (ChatToResponses::new(context.whole(), stamp), Vec::new());
    let mut end = StreamEnd::Eof;
    for frame in frames {
        match Frame::read(&frame.data)? {
            Frame::Chunk(chunk) => bridge.push(*chunk, &mut events)?,
            Frame::Nothing => {}
            Frame::Done => {
                end = StreamEnd::Done;
                break;
            }
        }
    }
    bridge.finish(end, &mut events);
    fold(events).ok_or(UpstreamFault::CutOff)
}

fn is_stream(body: &[u8]) -> bool {
    ["data:", "event:", "id:", ":"]
        .iter()
        .any(|start| body.trim_ascii_start().starts_with(start.as_bytes()))
}

/// Says what is wrong with a body: what the server says in it, or that it is not of the dialect.
fn unreadable(body: &[u8], error: &serde_json::Error) -> UpstreamFault {
    let value = serde_json::from_slice::<Value>(body).ok();
    match value.as_ref().and_then(FaultBody::from_value) {
        Some(fault) => UpstreamFault::reported(None, fault),
        None if value.is_some() => UpstreamFault::Malformed(error.to_string()),
        // A page of a proxy in between, or plain words.
        None => UpstreamFault::Malformed(FaultBody::parse(body).message),
    }
}
