//! Requests of each dialect, translated to the pivot and from it.

use libfuzzer_sys::Corpus;
use llmx_bridge::chat::{from_chat, to_chat as bridge_to_chat};
use llmx_bridge::gemini::{from_gemini, to_gemini as bridge_to_gemini};
use llmx_bridge::messages::{from_messages, to_messages as bridge_to_messages};
use llmx_bridge::{ClientFault, LossReport, Options, for_responses};
use llmx_wire::messages::ContentBlock;
use llmx_wire::responses::{Request, TextOrList};
use llmx_wire::{chat, gemini, messages};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{case, laws, options};

pub fn to_chat(bytes: &[u8]) -> Corpus {
    outward(bytes, tell_chat)
}

pub fn to_messages(bytes: &[u8]) -> Corpus {
    outward(bytes, tell_messages)
}

pub fn to_gemini(bytes: &[u8]) -> Corpus {
    outward(bytes, tell_gemini)
}

pub fn chat(bytes: &[u8]) -> Corpus {
    inward::<chat::Request>(bytes, |request, options| {
        from_chat(request, options).map(|it| (it.request, it.losses))
    })
}

pub fn messages(bytes: &[u8]) -> Corpus {
    inward::<messages::Request>(bytes, |request, options| {
        from_messages(request, options).map(|it| (it.request, it.losses))
    })
}

pub fn gemini(bytes: &[u8]) -> Corpus {
    inward::<gemini::Request>(bytes, |request, options| {
        from_gemini("m", true, request, options).map(|it| (it.request, it.losses))
    })
}

fn outward(bytes: &[u8], tell: fn(&Request, &Options)) -> Corpus {
    let Some((request, traits)) = case::request::<Request>(bytes) else {
        return Corpus::Reject;
    };
    reread(&request);
    tell(&request, &options::of(traits));
    Corpus::Keep
}

type Pivot = Result<(Request, LossReport), ClientFault>;

/// Translates a client's request to the pivot, and from there to every upstream.
fn inward<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    translate: fn(&T, &Options) -> Pivot,
) -> Corpus {
    let Some((request, traits)) = case::request::<T>(bytes) else {
        return Corpus::Reject;
    };
    reread(&request);
    let options = options::of(traits);
    if let Ok((pivot, mut losses)) = translate(&request, &options) {
        reread(&pivot);
        tell_chat(&pivot, &options);
        tell_messages(&pivot, &options);
        tell_gemini(&pivot, &options);
        let mut told = pivot;
        for_responses(&mut told, &mut losses);
        reread(&told);
        check_losses(&losses);
    }
    Corpus::Keep
}

fn tell_chat(request: &Request, options: &Options) {
    if let Ok(told) = bridge_to_chat(request, options) {
        crate::hold(laws::chat_conversation(&told.request));
        reread(&told.request);
        check_losses(&told.losses);
        let again = bridge_to_chat(request, options);
        assert_eq!(again.ok().map(|it| it.request), Some(told.request.clone()));
        let trip = |request: &chat::Request| {
            let pivot = from_chat(request, &Options::default()).ok()?.request;
            let mut again = bridge_to_chat(&pivot, options).ok()?.request;
            without_thoughts(&mut again);
            Some(again)
        };
        let mut first = told.request;
        without_thoughts(&mut first);
        settles(&first, trip, |it| write(&it.messages));
    }
}

/// A Chat client has no place for what is sealed, so reasoning does not come back.
fn without_thoughts(request: &mut chat::Request) {
    for message in &mut request.messages {
        message.reasoning_content = None;
    }
}

fn tell_messages(request: &Request, options: &Options) {
    if let Ok(told) = bridge_to_messages(request, options) {
        crate::hold(laws::messages_conversation(&told.request));
        reread(&told.request);
        check_losses(&told.losses);
        let again = bridge_to_messages(request, options);
        assert_eq!(again.ok().map(|it| it.request), Some(told.request.clone()));
        let trip = |request: &messages::Request| {
            let pivot = from_messages(request, &Options::default()).ok()?.request;
            Some(bridge_to_messages(&pivot, options).ok()?.request)
        };
        settles(&told.request, trip, |it| unmarked(it.messages.clone()));
    }
}

fn tell_gemini(request: &Request, options: &Options) {
    if let Ok(told) = bridge_to_gemini(request, options) {
        crate::hold(laws::gemini_conversation(&told.request));
        reread(&told.request);
        check_losses(&told.losses);
        let again = bridge_to_gemini(request, options);
        assert_eq!(again.ok().map(|it| it.request), Some(told.request.clone()));
        let trip = |request: &gemini::Request| {
            let pivot = from_gemini("m", true, request, &Options::default())
                .ok()?
                .request;
            Some(bridge_to_gemini(&pivot, options).ok()?.request)
        };
        settles(&told.request, trip, |it| write(&it.contents));
    }
}

/// A conversation that went to the pivot and back is the same after every further trip; the first
/// may give what the pivot requires, such as the name of a file.
fn settles<T>(first: &T, trip: impl Fn(&T) -> Option<T>, told: impl Fn(&T) -> String) {
    let second = trip(first);
    let third = second.as_ref().and_then(&trip);
    if let (Some(second), Some(third)) = (second, third) {
        assert_eq!(told(&third), told(&second));
    }
}

/// Losses travel in a header, so whatever a client names its fields, they must fit into one.
fn check_losses(losses: &LossReport) {
    let value = losses.header_value().unwrap_or_default();
    let fits = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    assert!(fits && value.len() <= MAX_HEADER, "{value:?}");
}

/// A conversation without the marks of cached prefixes, which have no place in the pivot where they
/// do not stand on a person's words.
fn unmarked(mut messages: Vec<messages::Message>) -> String {
    for message in &mut messages {
        if let TextOrList::List(blocks) = &mut message.content {
            let marks = blocks
                .iter_mut()
                .filter_map(ContentBlock::cache_control_mut);
            marks.for_each(|mark| *mark = None);
        }
    }
    write(&messages)
}

/// What was written, read and written again is the same text.
pub(crate) fn reread<T: DeserializeOwned + Serialize>(value: &T) {
    let written = write(value);
    match serde_json::from_str::<T>(&written) {
        Ok(again) => assert_eq!(write(&again), written),
        // Deeper than any reader goes; nesting may only grow by what the bridge wraps around it.
        Err(error) if error.to_string().contains("recursion limit") => {}
        Err(error) => panic!("{error}: {written}"),
    }
}

fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| panic!("{error}"))
}

/// The most that common servers and clients take in one header.
const MAX_HEADER: usize = 8 << 10;
