//! Hands out everything that must be unique or rising in a response: nothing else may.

use std::fmt::Write as _;

use llmx_wire::responses::{Item, ItemEvent, StreamEvent};

use crate::Extra;

/// The numbers, places and ids of one response.
#[derive(Debug)]
pub(super) struct Sequence {
    seed: String,
    next_number: u64,
    next_index: u64,
    minted_calls: u64,
    /// Whether the client waits for the one object that the last event holds.
    last_only: bool,
}

/// Where an item stands in the output, and its id.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) index: u64,
    pub(super) id: String,
}

impl Sequence {
    /// Starts a response whose ids are made of `seed`. With `last_only` the events before the last
    /// one are counted and never made.
    pub(super) fn new(seed: &str, last_only: bool) -> Self {
        let mut id = String::with_capacity(MAX_SEED);
        let letters = seed.chars().filter(char::is_ascii_alphanumeric);
        id.extend(letters.take(MAX_SEED));
        if id.is_empty() {
            id.push('0');
        }
        Self {
            seed: id,
            next_number: 0,
            next_index: 0,
            minted_calls: 0,
            last_only,
        }
    }

    pub(super) fn response_id(&self) -> String {
        ["resp_", &self.seed].concat()
    }

    /// Returns the next free place; `prefix` tells the kind of item.
    pub(super) fn place(&mut self, prefix: &str) -> Place {
        let index = self.next_index;
        self.next_index += 1;
        let mut id = String::with_capacity(prefix.len() + self.seed.len() + 4);
        id.extend([prefix, "_", &self.seed, "_"]);
        // A string takes all that is written to it.
        let _infallible = write!(id, "{index}");
        Place { index, id }
    }

    /// Makes an id for a call that the upstream left without one.
    pub(super) fn call_id(&mut self) -> String {
        let minted = self.minted_calls;
        self.minted_calls += 1;
        format!("call_{}_{minted}", self.seed)
    }

    /// Appends the event that `event` makes of the next number, if the client wants to see it.
    pub(super) fn tell(&mut self, out: &mut Events, event: impl FnOnce(u64) -> StreamEvent) {
        let number = self.next_number;
        self.next_number += 1;
        if !self.last_only {
            out.push(event(number));
        }
    }

    /// Appends the event that ends the stream; every client wants to see it.
    pub(super) fn tell_last(&mut self, out: &mut Events, event: impl FnOnce(u64) -> StreamEvent) {
        self.last_only = false;
        self.tell(out, event);
    }

    pub(super) fn tell_added(
        &mut self,
        out: &mut Events,
        place: &Place,
        item: impl FnOnce() -> Item,
    ) {
        self.tell(out, |number| {
            StreamEvent::OutputItemAdded(Box::new(ItemEvent {
                output_index: place.index,
                item: item(),
                sequence_number: Some(number),
                extra: Extra::new(),
            }))
        });
    }

    pub(super) fn tell_done(&mut self, out: &mut Events, place: &Place, item: &Item) {
        self.tell(out, |number| {
            StreamEvent::OutputItemDone(Box::new(ItemEvent {
                output_index: place.index,
                item: item.clone(),
                sequence_number: Some(number),
                extra: Extra::new(),
            }))
        });
    }
}

type Events = Vec<StreamEvent>;

/// Returns the id of the response that handed out `item_id`, if one of this bridge did.
pub fn response_of_item(item_id: &str) -> Option<String> {
    let (prefix_and_seed, index) = item_id.rsplit_once('_')?;
    let (_prefix, seed) = prefix_and_seed.rsplit_once('_')?;
    let is_place = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let is_seed = !seed.is_empty() && seed.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_place && is_seed).then(|| format!("resp_{seed}"))
}

/// Keeps every id under the 64 characters that clients expect.
const MAX_SEED: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_id_tells_its_response() {
        let mut sequence = Sequence::new("a1-b2", false);
        let place = sequence.place("msg");
        assert_eq!(response_of_item(&place.id), Some(sequence.response_id()));
        for foreign in [
            "",
            "msg",
            "msg_",
            "msg_0a",
            "msg__1",
            "msg_x y_1",
            "rs_seed_x",
        ] {
            assert_eq!(response_of_item(foreign), None, "{foreign}");
        }
    }
}
