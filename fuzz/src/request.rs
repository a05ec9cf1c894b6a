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
        assert_eq!(
            again.as_ref().ok().map(|it| &it.request),
            Some(&told.request)
        );
        let mut first = told.request;
        // A Chat client has no place for what is sealed, so reasoning does not come back.
        for message in &mut first.messages {
            message.reasoning_content = None;
        }
        let back = from_chat(&first, &Options::default()).map(|it| it.request);
        if let Some(second) = back.ok().and_then(|it| bridge_to_chat(&it, options).ok()) {
            assert_eq!(write(&second.request.messages), write(&first.messages));
        }
    }
}

fn tell_messages(request: &Request, options: &Options) {
    if let Ok(told) = bridge_to_messages(request, options) {
        crate::hold(laws::messages_conversation(&told.request));
        reread(&told.request);
        check_losses(&told.losses);
        let again = bridge_to_messages(request, options);
        assert_eq!(again.ok().map(|it| it.request), Some(told.request.clone()));
        let back = from_messages(&told.request, &Options::default()).map(|it| it.request);
        if let Some(second) = back
            .ok()
            .and_then(|it| bridge_to_messages(&it, options).ok())
        {
            let messages = [second.request.messages, told.request.messages].map(unmarked);
            assert_eq!(messages[0], messages[1]);
        }
    }
}

fn tell_gemini(request: &Request, options: &Options) {
    if let Ok(told) = bridge_to_gemini(request, options) {
        crate::hold(laws::gemini_conversation(&told.request));
        reread(&told.request);
        check_losses(&told.losses);
        let again = bridge_to_gemini(request, options);
        assert_eq!(again.ok().map(|it| it.request), Some(told.request.clone()));
        let back = from_gemini("m", true, &told.request, &Options::default()).map(|it| it.request);
        if let Some(second) = back.ok().and_then(|it| bridge_to_gemini(&it, options).ok()) {
            assert_eq!(
                write(&second.request.contents),
                write(&told.request.contents)
            );
        }
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
