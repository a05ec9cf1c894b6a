//! Responses streams, lawful or not, told to a client of each dialect.

use std::fmt::Debug;

use libfuzzer_sys::Corpus;
use llmx_bridge::chat::{ResponsesToChat, from_chat};
use llmx_bridge::gemini::{GeminiContext, ResponsesToGemini, from_gemini};
use llmx_bridge::messages::{MessagesContext, ResponsesToMessages, from_messages};
use llmx_bridge::{Options, StreamEnd, chat as bridge_chat, gemini as bridge_gemini};
use llmx_bridge::{chat::ChatContext, messages as bridge_messages};
use llmx_wire::responses::{Item, Response, StreamEvent};
use llmx_wire::{chat, gemini, messages};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::case::Case;
use crate::upstream::{drive, malformed};
use crate::{laws, options, request};

pub fn chat(bytes: &[u8]) -> Corpus {
    run(bytes, |case| {
        crate::hold(laws::chat_stream(&to_chat(events(case), case.end())));
    })
}

pub fn messages(bytes: &[u8]) -> Corpus {
    run(bytes, |case| {
        crate::hold(laws::messages_stream(&to_messages(
            events(case),
            case.end(),
        )));
    })
}

pub fn gemini(bytes: &[u8]) -> Corpus {
    run(bytes, |case| {
        crate::hold(laws::gemini_stream(&to_gemini(events(case), case.end())));
    })
}

/// Tells a lawful answer to every client, streamed and whole: both must say the same.
pub(crate) fn tell_all(events: &[StreamEvent], whole: Option<Response>) {
    let Some(whole) = whole else {
        panic!("a stream without a response at its end");
    };
    if whole.output.iter().any(has_two_accounts) {
        return;
    }
    let given = || events.iter().cloned().map(|event| Ok(Some(event)));
    let stamp = options::stamp();

    let chunks = to_chat(given(), StreamEnd::Done);
    crate::hold(laws::chat_stream(&chunks));
    let folded = bridge_chat::fold_chunks(chunks);
    let replied = bridge_chat::reply(whole.clone(), chat_context(), &stamp);
    equal("Chat", &folded, &replied);

    let told = to_messages(given(), StreamEnd::Done);
    crate::hold(laws::messages_stream(&told));
    let mut folded = bridge_messages::fold_events(told);
    if let (Ok(folded), Some(model)) = (&mut folded, &whole.model)
        && !model.is_empty()
    {
        // A stream names the model when it begins; the upstream may name another later.
        folded.model.clone_from(model);
    }
    let replied = bridge_messages::reply(whole.clone(), messages_context(), &stamp);
    equal("Messages", &folded, &replied);

    let chunks = to_gemini(given(), StreamEnd::Done);
    crate::hold(laws::gemini_stream(&chunks));
    let folded = bridge_gemini::fold_chunks(chunks).map(Told::of);
    let replied = bridge_gemini::reply(whole, gemini_context(), &stamp).map(Told::of);
    equal("Gemini", &folded, &replied);
}

/// Reasoning in full and in summary: which came first only a stream tells, so clients that have one
/// place for both see another order when it comes whole.
fn has_two_accounts(item: &Item) -> bool {
    let Item::Reasoning(reasoning) = item else {
        return false;
    };
    let full = reasoning
        .content
        .as_ref()
        .is_some_and(|parts| !parts.is_empty());
    full && !reasoning.summary.is_empty()
}

/// What a Gemini answer says, whatever the order of its parts: a stream shows a call when it is
/// whole, which may be after words that the model said later.
#[derive(Debug, PartialEq)]
struct Told {
    words: String,
    thoughts: String,
    calls: Vec<gemini::FunctionCall>,
    signatures: Vec<String>,
    rest: gemini::Response,
}

impl Told {
    fn of(mut answer: gemini::Response) -> Self {
        let content = answer
            .candidates
            .first_mut()
            .and_then(|it| it.content.take());
        let parts = content.unwrap_or_default().parts;
        let text = |thought: bool| {
            let of_kind = parts
                .iter()
                .filter(|it| it.thought.unwrap_or(false) == thought);
            of_kind.filter_map(|it| it.text.as_deref()).collect()
        };
        let mut calls: Vec<_> = parts
            .iter()
            .filter_map(|it| it.function_call.clone())
            .collect();
        calls.sort_by_cached_key(|call| json!(call).to_string());
        Self {
            words: text(false),
            thoughts: text(true),
            calls,
            signatures: parts
                .iter()
                .filter_map(|it| it.thought_signature.clone())
                .collect(),
            rest: answer,
        }
    }
}

fn run(bytes: &[u8], tell: fn(&Case<'_>)) -> Corpus {
    match Case::read(bytes) {
        Some(case) if !case.chunks.is_empty() => {
            tell(&case);
            Corpus::Keep
        }
        _ => Corpus::Reject,
    }
}

type Given = Result<Option<StreamEvent>, llmx_bridge::UpstreamFault>;

fn events(case: &Case<'_>) -> impl Iterator<Item = Given> {
    case.chunks.iter().map(|chunk| {
        let event = StreamEvent::parse(None, chunk.get()).map_err(malformed)?;
        request::reread(&event);
        Ok(Some(event))
    })
}

fn to_chat(events: impl Iterator<Item = Given>, end: StreamEnd) -> Vec<chat::Chunk> {
    let bridge = ResponsesToChat::new(chat_context(), &options::stamp());
    drive(bridge, events, end)
}

fn to_messages(events: impl Iterator<Item = Given>, end: StreamEnd) -> Vec<messages::StreamEvent> {
    let bridge = ResponsesToMessages::new(messages_context(), &options::stamp());
    drive(bridge, events, end)
}

fn to_gemini(events: impl Iterator<Item = Given>, end: StreamEnd) -> Vec<gemini::Response> {
    let bridge = ResponsesToGemini::new(gemini_context(), &options::stamp());
    drive(bridge, events, end)
}

fn chat_context() -> ChatContext {
    let request = asked(json!({
        "model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true},
    }));
    from_chat(&request, &Options::default())
        .map_or_else(|_| ChatContext::default(), |it| it.context)
}

fn messages_context() -> MessagesContext {
    let request = asked(json!({"model": "m", "max_tokens": 9, "messages": []}));
    from_messages(&request, &Options::default())
        .map_or_else(|fault| panic!("{fault}"), |it| it.context)
}

fn gemini_context() -> GeminiContext {
    let request = asked(json!({"contents": []}));
    from_gemini("m", true, &request, &Options::default())
        .map_or_else(|fault| panic!("{fault}"), |it| it.context)
}

fn asked<T: DeserializeOwned>(request: Value) -> T {
    serde_json::from_value(request).unwrap_or_else(|error| panic!("{error}"))
}

fn equal<T: PartialEq + Debug>(client: &str, streamed: &T, whole: &T) {
    assert_eq!(streamed, whole, "{client}: streamed is not as whole");
}
