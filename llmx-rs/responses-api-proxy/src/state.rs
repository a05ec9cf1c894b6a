//! Remembers responses for clients that continue one by its id, where the upstream keeps none.
//!
//! Each response is kept with its own part of the conversation and the id of the one before it, so
//! a conversation of n turns costs n parts and not n². Memory is bounded: what was not used for
//! longest goes first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use llmx_wire::Object;
use llmx_wire::responses::{Item, Request, Response, TextOrList};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kept::{Id, Kept, Turn};
use crate::part::Part;

/// The responses of one proxy.
#[derive(Debug)]
pub(crate) struct State {
    is_on: bool,
    kept: Mutex<Kept>,
}

/// A request that continues something that is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotKept {
    #[error(
        "previous_response_id: this proxy keeps no responses; send the whole conversation as `input`, or start it with --state-max-bytes"
    )]
    Off,
    #[error(
        "previous_response_id: the response `{0}` is not known here (any more); send the whole conversation as `input`"
    )]
    Unknown(String),
    #[error(
        "input: the item `{0}` is not known here (any more); send the item itself instead of an item_reference"
    )]
    UnknownItem(String),
}

/// What a request adds to its conversation; its answer completes it.
#[derive(Debug)]
pub(crate) struct Asked {
    previous: Option<String>,
    input: Part,
}

impl State {
    /// Keeps up to `max_bytes`; zero keeps nothing.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            is_on: max_bytes > 0,
            kept: Mutex::new(Kept::new(max_bytes)),
        }
    }

    /// Puts the conversation that `request` continues before its input, and its id out of the
    /// request, which was read from `body`. Returns what to keep with the answer, if the client
    /// wants it kept.
    pub(crate) fn expand(
        &self,
        request: &mut Request,
        body: &Bytes,
    ) -> Result<Option<Asked>, NotKept> {
        let previous = request.previous_response_id.take();
        let wanted = self.is_on && request.store != Some(false);
        // Where nothing is kept, the bridge refuses references by name.
        if previous.is_none() && !self.is_on {
            return Ok(None);
        }
        let mut input = std::mem::take(&mut request.input);
        let has_references = match &mut input {
            TextOrList::List(items) => self.resolve(items)?,
            TextOrList::Text(_) => false,
        };
        let kept = wanted.then(|| {
            if has_references {
                Part::alone(&input)
            } else {
                Part::of_request(body, request)
            }
        });
        if let Some(id) = &previous {
            let mut conversation = self.conversation(id)?;
            conversation.extend(as_items(input));
            input = TextOrList::List(conversation);
        }
        request.input = input;
        Ok(kept.map(|input| Asked { previous, input }))
    }

    /// Keeps the answer to a request; `sent` is that answer as JSON, if it went out as one object.
    pub(crate) fn keep(&self, asked: Asked, response: &Response, sent: Option<&Bytes>) {
        // The bridge names a response by a number.
        let Some(id) = number(&response.id) else {
            return;
        };
        let turn = Turn {
            id,
            previous: asked.previous.as_deref().and_then(number),
            input: asked.input,
            output: Part::of_response(response, sent),
            used: Instant::now(),
        };
        // The other threads need not wait until what goes is freed.
        let _gone = self.kept().insert(turn);
    }

    fn conversation(&self, last: &str) -> Result<Vec<Item>, NotKept> {
        if !self.is_on {
            return Err(NotKept::Off);
        }
        let unknown = || NotKept::Unknown(last.to_owned());
        let mut turns = Vec::new();
        let mut next = Some(number(last).ok_or_else(unknown)?);
        let mut kept = self.kept();
        let now = Instant::now();
        while let Some(id) = next {
            let turn = kept.touch(id, now).ok_or_else(unknown)?;
            next = turn.previous;
            turns.push(turn);
        }
        drop(kept);
        let mut items = Vec::new();
        for turn in turns.iter().rev() {
            items.extend(as_items(
                read(&turn.input.json("input")).ok_or_else(unknown)?,
            ));
            items.extend(read::<Vec<Item>>(&turn.output.json("output")).ok_or_else(unknown)?);
        }
        Ok(items)
    }

    /// Puts the item itself where `input` only names one of an earlier answer. Returns whether it
    /// does anywhere.
    fn resolve(&self, input: &mut [Item]) -> Result<bool, NotKept> {
        let mut has_references = false;
        for item in input {
            if let Some(id) = referenced(item) {
                *item = self.item(&id).ok_or(NotKept::UnknownItem(id))?;
                has_references = true;
            }
        }
        Ok(has_references)
    }

    fn item(&self, id: &str) -> Option<Item> {
        let response = number(&llmx_bridge::response_of_item(id)?)?;
        let turn = self.kept().touch(response, Instant::now())?;
        let items: Vec<Object> = read(&turn.output.json("output"))?;
        let is_named = |item: &Object| item.get("id").and_then(Value::as_str) == Some(id);
        let item = items.into_iter().find(is_named)?;
        Item::from_object(item).ok()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No panic can leave the tables half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the number that `id` is, if it names a response as the bridge does: by a UUID.
fn number(id: &str) -> Option<Id> {
    let digits = id.strip_prefix("resp_").filter(|it| it.len() == 32)?;
    Id::from_str_radix(digits, 16).ok()
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

/// Returns the id of the item that `item` stands for; its type may be left out.
fn referenced(item: &Item) -> Option<String> {
    let Item::Unknown(object) = item else {
        return None;
    };
    let is_reference = match item.kind() {
        "item_reference" => true,
        "" => object.keys().all(|key| key == "id" || key == "type"),
        _ => false,
    };
    let id = object.get("id").and_then(Value::as_str)?;
    is_reference.then(|| id.to_owned())
}

/// Returns input as items: a text is what a user says.
fn as_items(input: TextOrList<Item>) -> Vec<Item> {
    match input {
        TextOrList::Text(text) => vec![Item::text_message(llmx_wire::responses::Role::User, text)],
        TextOrList::List(items) => items,
    }
}

/// Writes into `response` what the client was not told by the upstream: what it continues, and
/// that it is kept.
pub(crate) fn describe(response: &mut Response, asked: &Asked) {
    response.previous_response_id.clone_from(&asked.previous);
    response.store = Some(true);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID1: &str = "resp_00000000000000000000000000000001";
    const ID2: &str = "resp_00000000000000000000000000000002";
    const ID9: &str = "resp_00000000000000000000000000000009";

    fn ask(
        state: &State,
        previous: Option<&str>,
        input: &str,
    ) -> Result<(Request, Asked), NotKept> {
        let request = json!({ "model": "m", "input": input, "previous_response_id": previous });
        let body = Bytes::from(request.to_string());
        let mut request: Request = serde_json::from_slice(&body).unwrap();
        let asked = state.expand(&mut request, &body)?.unwrap();
        Ok((request, asked))
    }

    fn answer(state: &State, asked: Asked, id: &str, text: &str) {
        let response = json!({ "id": id, "output": [{ "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": text }] }] });
        let response = serde_json::from_value(response).unwrap();
        state.keep(asked, &response, None);
    }

    fn words(request: &Request) -> Vec<String> {
        let TextOrList::List(items) = &request.input else {
            panic!("the input was not expanded")
        };
        let words = items.iter().map(|item| match item {
            Item::Message(message) => message.text(),
            other => panic!("{other:?}"),
        });
        words.collect()
    }

    #[test]
    fn a_response_is_continued_by_its_id_and_may_be_continued_twice() {
        let state = State::new(1 << 20);
        let (_, asked) = ask(&state, None, "one").unwrap();
        answer(&state, asked, ID1, "ONE");
        let (request, asked) = ask(&state, Some(ID1), "two").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "two"]);
        assert_eq!(request.previous_response_id, None);
        answer(&state, asked, ID2, "TWO");
        let (request, _) = ask(&state, Some(ID2), "three").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "two", "TWO", "three"]);
        let (request, _) = ask(&state, Some(ID1), "other").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "other"]);
    }

    #[test]
    fn what_is_not_kept_is_named() {
        let state = State::new(1 << 20);
        let unknown = ask(&state, Some(ID9), "x").unwrap_err();
        assert_eq!(unknown, NotKept::Unknown(ID9.to_owned()));
        let off = State::new(0);
        assert_eq!(off.conversation(ID1), Err(NotKept::Off));
        let body = Bytes::from_static(br#"{"model":"m","input":"x","store":false}"#);
        let mut request: Request = serde_json::from_slice(&body).unwrap();
        assert!(state.expand(&mut request, &body).unwrap().is_none());
    }

    #[test]
    fn an_item_of_an_earlier_answer_is_found_by_its_id() {
        let state = State::new(1 << 20);
        let (_, asked) = ask(&state, None, "one").unwrap();
        let response = json!({ "id": "resp_000000000000000000000000000000a1", "output": [{ "type": "message", "id": "msg_000000000000000000000000000000a1_0",
            "role": "assistant", "content": [{ "type": "output_text", "text": "ONE" }] }] });
        let response = serde_json::from_value(response).unwrap();
        state.keep(asked, &response, None);

        let resolve = |reference: Value| {
            let request = json!({ "model": "m", "input": [reference] });
            let body = Bytes::from(request.to_string());
            let mut request: Request = serde_json::from_slice(&body).unwrap();
            state
                .expand(&mut request, &body)
                .map(|_asked| words(&request))
        };
        let one = Ok(vec!["ONE".to_owned()]);
        assert_eq!(
            resolve(
                json!({ "type": "item_reference", "id": "msg_000000000000000000000000000000a1_0" })
            ),
            one
        );
        assert_eq!(
            resolve(json!({ "type": null, "id": "msg_000000000000000000000000000000a1_0" })),
            one
        );
        assert_eq!(
            resolve(json!({ "id": "msg_000000000000000000000000000000a1_0" })),
            one
        );
        for unknown in [
            "msg_000000000000000000000000000000a1_1",
            "msg_000000000000000000000000000000b2_0",
            "msg_abc",
        ] {
            let fault = resolve(json!({ "type": "item_reference", "id": unknown }));
            assert_eq!(fault, Err(NotKept::UnknownItem(unknown.to_owned())));
        }
    }
}
