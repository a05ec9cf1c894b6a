//! Remembers responses for clients that continue one by its id, where the upstream keeps none.
//!
//! Each response is kept with its own part of the conversation and the id of the one before it, so
//! a conversation of n turns costs n parts and not n². Memory is bounded: what was not used for
//! longest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use llmx_wire::Extra;
use llmx_wire::responses::{Item, Request, Response, TextOrList};
use serde_json::Value;

use crate::part::Part;

/// How long a response is kept after its last use: a working day's pause.
const TIME_TO_LIVE: Duration = Duration::from_secs(12 * 60 * 60);

/// What an entry costs beside its items: ids, times and places in the tables.
const ENTRY_BYTES: usize = 512;

/// The responses of one proxy.
#[derive(Debug)]
pub(crate) struct State {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Arc<str>, Entry>,
    /// Ids with the time of a use, oldest first; only the entry's latest use counts.
    uses: VecDeque<(Arc<str>, Instant)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    previous: Option<String>,
    /// What the client said.
    input: Part,
    /// What the model answered.
    output: Part,
    used: Instant,
}

/// A request that continues something that is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotKept {
    #[error(
        "previous_response_id: this proxy keeps no responses; send the whole conversation as `input`, or start it with --state-max-mib"
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
pub(crate) struct Turn {
    previous: Option<String>,
    input: Part,
}

impl State {
    /// Keeps up to `max_bytes`; zero keeps nothing.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            kept: Mutex::default(),
        }
    }

    /// Puts the conversation that `request` continues before its input, and its id out of the
    /// request, which was read from `body`. Returns what to keep with the answer, if the client
    /// wants it kept.
    pub(crate) fn expand(
        &self,
        request: &mut Request,
        body: &Bytes,
    ) -> Result<Option<Turn>, NotKept> {
        let previous = request.previous_response_id.take();
        let wanted = self.max_bytes > 0 && request.store != Some(false);
        // Where nothing is kept, the bridge refuses references by name.
        if previous.is_none() && self.max_bytes == 0 {
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
        Ok(kept.map(|input| Turn { previous, input }))
    }

    /// Keeps the answer to a turn; `sent` is that answer as JSON, if it went out as one object.
    pub(crate) fn keep(&self, turn: Turn, response: &Response, sent: Option<&Bytes>) {
        let entry = Entry {
            previous: turn.previous,
            input: turn.input,
            output: Part::of_response(response, sent),
            used: Instant::now(),
        };
        // The other threads need not wait until what goes is freed.
        let _gone = self.kept().insert(&response.id, entry, self.max_bytes);
    }

    fn conversation(&self, id: &str) -> Result<Vec<Item>, NotKept> {
        if self.max_bytes == 0 {
            return Err(NotKept::Off);
        }
        let mut turns = Vec::new();
        let mut kept = self.kept();
        let mut next = Some(id.to_owned());
        while let Some(id) = next {
            let Some(entry) = kept.touch(&id) else {
                return Err(NotKept::Unknown(id));
            };
            let Ok(items) = entry.items() else {
                return Err(NotKept::Unknown(id));
            };
            turns.push(items);
            next = entry.previous.clone();
        }
        Ok(turns.into_iter().rev().flatten().collect())
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
        let response = llmx_bridge::response_of_item(id)?;
        let mut kept = self.kept();
        let output = kept.touch(&response)?.output.json("output");
        let items: Vec<Extra> = serde_json::from_slice(&output).ok()?;
        let is_named = |item: &Extra| item.get("id").and_then(Value::as_str) == Some(id);
        let item = items.into_iter().find(is_named)?;
        Item::from_object(item).ok()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No panic can leave the tables half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn touch(&mut self, id: &str) -> Option<&Entry> {
        let now = Instant::now();
        let entry = self.entries.get_mut(id)?;
        if now.duration_since(entry.used) > TIME_TO_LIVE {
            return None;
        }
        entry.used = now;
        self.note_use(id.into(), now);
        self.entries.get(id)
    }

    fn note_use(&mut self, id: Arc<str>, now: Instant) {
        self.uses.push_back((id, now));
        // Uses that a later one has replaced pile up behind an entry that nobody uses.
        if self.uses.len() > 2 * self.entries.len() + 16 {
            let entries = &self.entries;
            self.uses
                .retain(|(id, used)| entries.get(id).is_some_and(|entry| entry.used == *used));
        }
    }

    /// Inserts an entry and returns those that have to go.
    fn insert(&mut self, id: &str, entry: Entry, max_bytes: usize) -> Vec<Entry> {
        let mut gone = Vec::new();
        let now = entry.used;
        self.bytes += cost(id, &entry);
        let id: Arc<str> = id.into();
        if let Some(replaced) = self.entries.insert(Arc::clone(&id), entry) {
            self.bytes -= cost(&id, &replaced);
            gone.push(replaced);
        }
        self.note_use(id, now);
        while let Some((id, used)) = self.uses.front() {
            let is_latest = self
                .entries
                .get(id)
                .is_some_and(|entry| entry.used == *used);
            let is_old = now.duration_since(*used) > TIME_TO_LIVE;
            if is_latest && !is_old && self.bytes <= max_bytes {
                break;
            }
            let Some((id, _)) = self.uses.pop_front() else {
                break;
            };
            if is_latest && let Some(entry) = self.entries.remove(&id) {
                self.bytes -= cost(&id, &entry);
                gone.push(entry);
            }
        }
        gone
    }
}

impl Entry {
    /// Returns what this turn added to the conversation.
    fn items(&self) -> Result<Vec<Item>, serde_json::Error> {
        let mut items = as_items(serde_json::from_slice(&self.input.json("input"))?);
        let output: Vec<Item> = serde_json::from_slice(&self.output.json("output"))?;
        items.extend(output);
        Ok(items)
    }
}

fn cost(id: &str, entry: &Entry) -> usize {
    ENTRY_BYTES + 3 * id.len() + entry.input.size() + entry.output.size()
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
pub(crate) fn describe(response: &mut Response, turn: &Turn) {
    let previous = turn.previous.clone().map_or(Value::Null, Value::from);
    for (name, value) in [
        ("previous_response_id", previous),
        ("store", Value::Bool(true)),
    ] {
        match response.extra.get_mut(name) {
            Some(told) => *told = value,
            None => drop(response.extra.insert(name.to_owned(), value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(state: &State, previous: Option<&str>, input: &str) -> Result<(Request, Turn), NotKept> {
        let request = json!({ "model": "m", "input": input, "previous_response_id": previous });
        let body = Bytes::from(request.to_string());
        let mut request: Request = serde_json::from_slice(&body).unwrap();
        let turn = state.expand(&mut request, &body)?.unwrap();
        Ok((request, turn))
    }

    fn answer(state: &State, turn: Turn, id: &str, text: &str) {
        let response = json!({ "id": id, "output": [{ "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": text }] }] });
        let response = serde_json::from_value(response).unwrap();
        state.keep(turn, &response, None);
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
        let (_, turn) = ask(&state, None, "one").unwrap();
        answer(&state, turn, "r1", "ONE");
        let (request, turn) = ask(&state, Some("r1"), "two").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "two"]);
        assert_eq!(request.previous_response_id, None);
        answer(&state, turn, "r2", "TWO");
        let (request, _) = ask(&state, Some("r2"), "three").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "two", "TWO", "three"]);
        let (request, _) = ask(&state, Some("r1"), "other").unwrap();
        assert_eq!(words(&request), ["one", "ONE", "other"]);
    }

    #[test]
    fn what_is_not_kept_is_named() {
        let state = State::new(1 << 20);
        let unknown = ask(&state, Some("r9"), "x").unwrap_err();
        assert_eq!(unknown, NotKept::Unknown("r9".to_owned()));
        let off = State::new(0);
        assert_eq!(off.conversation("r1"), Err(NotKept::Off));
        let body = Bytes::from_static(br#"{"model":"m","input":"x","store":false}"#);
        let mut request: Request = serde_json::from_slice(&body).unwrap();
        assert!(state.expand(&mut request, &body).unwrap().is_none());
    }

    #[test]
    fn an_item_of_an_earlier_answer_is_found_by_its_id() {
        let state = State::new(1 << 20);
        let (_, turn) = ask(&state, None, "one").unwrap();
        let response = json!({ "id": "resp_a1", "output": [{ "type": "message", "id": "msg_a1_0",
            "role": "assistant", "content": [{ "type": "output_text", "text": "ONE" }] }] });
        let response = serde_json::from_value(response).unwrap();
        state.keep(turn, &response, None);

        let resolve = |reference: Value| {
            let request = json!({ "model": "m", "input": [reference] });
            let body = Bytes::from(request.to_string());
            let mut request: Request = serde_json::from_slice(&body).unwrap();
            state
                .expand(&mut request, &body)
                .map(|_turn| words(&request))
        };
        let one = Ok(vec!["ONE".to_owned()]);
        assert_eq!(
            resolve(json!({ "type": "item_reference", "id": "msg_a1_0" })),
            one
        );
        assert_eq!(resolve(json!({ "type": null, "id": "msg_a1_0" })), one);
        assert_eq!(resolve(json!({ "id": "msg_a1_0" })), one);
        for unknown in ["msg_a1_1", "msg_b2_0", "msg_abc"] {
            let fault = resolve(json!({ "type": "item_reference", "id": unknown }));
            assert_eq!(fault, Err(NotKept::UnknownItem(unknown.to_owned())));
        }
    }

    #[test]
    fn memory_is_bounded_and_what_was_used_last_stays() {
        let state = State::new(8 * 1024);
        let large = "x".repeat(2000);
        for number in 0..10 {
            let (_, turn) = ask(&state, None, &large).unwrap();
            answer(&state, turn, &format!("r{number}"), "ok");
            // The first one is used again and again.
            for _ in 0..50 {
                let _kept = ask(&state, Some("r0"), "again").unwrap();
            }
        }
        assert!(state.kept().bytes <= 8 * 1024);
        assert!(ask(&state, Some("r0"), "x").is_ok());
        assert!(ask(&state, Some("r9"), "x").is_ok());
        assert_eq!(
            ask(&state, Some("r1"), "x").unwrap_err(),
            NotKept::Unknown("r1".to_owned())
        );
        let uses = state.kept().uses.len();
        assert!(uses < 40, "{uses} uses are remembered");
    }
}
