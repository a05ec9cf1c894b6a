//! Streams of each upstream, translated to Responses and from there to each client.

use libfuzzer_sys::Corpus;
use llmx_bridge::chat::{ChatToResponses, Frame, to_chat};
use llmx_bridge::gemini::{GeminiToResponses, to_gemini};
use llmx_bridge::messages::{MessagesToResponses, to_messages};
use llmx_bridge::{
    ClientFault, Context, Limits, Options, Stamp, StreamBridge, StreamEnd, UpstreamFault, fold,
};
use llmx_wire::responses::{Request, StreamEvent};
use llmx_wire::{chat, gemini, messages};
use serde_json::json;

use crate::case::Case;
use crate::{client, laws, options, request};

pub fn chat(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_chat(request, options).map(|it| it.context),
        ChatToResponses::new,
        |data| match Frame::read(data)? {
            Frame::Chunk(chunk) => {
                request::reread::<chat::Chunk>(&chunk);
                Ok(Some(*chunk))
            }
            Frame::Done | Frame::Nothing => Ok(None),
        },
    )
}

pub fn messages(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_messages(request, options).map(|it| it.context),
        MessagesToResponses::new,
        |data| {
            let event = messages::StreamEvent::parse(None, data).map_err(malformed)?;
            request::reread(&event);
            Ok(Some(event))
        },
    )
}

pub fn gemini(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_gemini(request, options).map(|it| it.context),
        GeminiToResponses::new,
        |data| {
            let chunk: gemini::Response = serde_json::from_str(data).map_err(malformed)?;
            request::reread(&chunk);
            Ok(Some(chunk))
        },
    )
}

fn run<B: StreamBridge<Out = StreamEvent>>(
    bytes: &[u8],
    translate: fn(&Request, &Options) -> Result<Context, ClientFault>,
    begin: fn(Context, &Stamp) -> B,
    read: fn(&str) -> Result<Option<B::In>, UpstreamFault>,
) -> Corpus {
    let Some(case) = Case::read(bytes) else {
        return Corpus::Reject;
    };
    let options = options::of(case.traits);
    let Ok(context) = translate(&options::asked(&case), &options) else {
        return Corpus::Reject;
    };
    let inputs = case.chunks.iter().map(|chunk| read(chunk.get()));
    let bridge = begin(context, &options::stamp());
    let events = drive(bridge, inputs, case.end());
    crate::hold(laws::responses_stream(&events));
    stays_within(&options.limits, &events);
    client::tell_all(&events, fold(events.clone()));
    Corpus::Keep
}

/// Feeds a bridge as `llmx-upstream` does: the first fault ends the stream.
pub(crate) fn drive<B: StreamBridge>(
    mut bridge: B,
    inputs: impl Iterator<Item = Result<Option<B::In>, UpstreamFault>>,
    mut end: StreamEnd,
) -> Vec<B::Out> {
    let mut out = Vec::new();
    for input in inputs {
        let pushed = match input {
            Ok(Some(input)) => bridge.push(input, &mut out),
            Ok(None) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = pushed {
            end = StreamEnd::Broken(fault);
            break;
        }
    }
    bridge.finish(end, &mut out);
    out
}

/// Memory has a bound: neither more words than allowed, nor more items.
fn stays_within(limits: &Limits, events: &[StreamEvent]) {
    let (mut bytes, mut items) = (0, 0);
    for event in events {
        match event {
            StreamEvent::OutputItemAdded(_) => items += 1,
            event => bytes += json!(event)["delta"].as_str().map_or(0, str::len),
        }
    }
    assert!(items <= limits.max_items, "{items} items");
    assert!(bytes <= limits.max_output_bytes, "{bytes} bytes");
}

pub(crate) fn malformed(error: serde_json::Error) -> UpstreamFault {
    UpstreamFault::Malformed(error.to_string())
}
