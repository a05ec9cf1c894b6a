//! The conversation as a strict exchange: the model speaks, the client answers, by turns.
//!
//! Responses keeps a flat list of items in any order. Upstreams that know only turns want more:
//! what the model said at once is one turn, and the next turn opens with the result of each of its
//! calls. This module rearranges the items so, whatever the client left out, repeated or swapped,
//! and without looking into their words.

mod calls;
mod pairing;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use llmx_wire::responses::{Item, Message, Reasoning, Role};
use serde_json::Value;

pub(crate) use calls::{Call, Input, Made, Output};
pub(crate) use words::{
    NO_RESULT, SPOKE_FIRST, STRAY_RESULT, as_program, broken_call, leading, told,
};

use crate::Object;
use pairing::Pairing;

/// What one side said without interruption.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn<'a> {
    /// The model.
    Model(Vec<Said<'a>>),
    /// The client: results first, in the order of their calls.
    Client(Vec<Heard<'a>>),
}

/// One thing that the model said; the number is the item's place in the input.
#[derive(Debug, PartialEq)]
pub(crate) enum Said<'a> {
    Words(usize, &'a Message),
    Thought(usize, &'a Reasoning),
    Call(usize, Call),
    /// A call that the server answered itself.
    Other(usize, &'a Object),
}

/// One thing that the client answered; the number is the item's place in the input.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard<'a> {
    /// The result of a call of the turn before; `None` if the client has none.
    Result(Made, Option<(usize, Output<'a>)>),
    /// A result whose call is nowhere.
    Stray(usize, Output<'a>),
    /// Words of the person or of the program around the model.
    Words(usize, &'a Message),
    /// An item that has no place in an exchange of turns.
    Other(usize, &'a Object),
}

/// Rearranges `items` into turns.
pub(crate) fn turns(items: &[Item]) -> Vec<Turn<'_>> {
    let mut arranger = Arranger {
        items,
        pairing: Pairing::of(items),
        turns: Vec::new(),
        waiting: Vec::new(),
        ids: BTreeSet::new(),
        uses: BTreeMap::new(),
    };
    for (index, item) in items.iter().enumerate() {
        arranger.take(index, item);
    }
    arranger.answer();
    arranger.turns
}

struct Arranger<'a> {
    items: &'a [Item],
    pairing: Pairing,
    turns: Vec<Turn<'a>>,
    /// The calls of the open turn, and their places.
    waiting: Vec<(usize, Made)>,
    /// The names of all calls so far.
    ids: BTreeSet<String>,
    /// How often the client has used a name.
    uses: BTreeMap<String, u64>,
}

impl<'a> Arranger<'a> {
    fn take(&mut self, index: usize, item: &'a Item) {
        if let Some(mut call) = Call::of(item) {
            call.id = self.unique(&call.id);
            self.waiting.push((index, call.made()));
            return self.say(Said::Call(index, call));
        }
        if let Some(output) = Output::of(item) {
            return self.take_output(index, output);
        }
        match item {
            Item::Message(message) if message.role == Role::Assistant => {
                self.say(Said::Words(index, message));
            }
            Item::Reasoning(reasoning) => self.say(Said::Thought(index, reasoning)),
            Item::Message(message) => self.hear(Heard::Words(index, message)),
            Item::Unknown(object) => match object.get("type").and_then(Value::as_str) {
                // It offers tools and says nothing.
                Some("additional_tools") => {}
                Some(kind) if kind.ends_with("_call") => self.say(Said::Other(index, object)),
                _ => self.hear(Heard::Other(index, object)),
            },
            // Calls and outputs were taken above.
            _ => {}
        }
    }

    /// A result ends the turn of its call; if the call has claimed it, that is all it does.
    fn take_output(&mut self, index: usize, output: Output<'a>) {
        self.answer();
        if !self.pairing.is_claimed(index) {
            self.hear(Heard::Stray(index, output));
        }
    }

    fn say(&mut self, said: Said<'a>) {
        match self.turns.last_mut() {
            Some(Turn::Model(turn)) => turn.push(said),
            _ => self.turns.push(Turn::Model(vec![said])),
        }
    }

    fn hear(&mut self, heard: Heard<'a>) {
        self.answer();
        match self.turns.last_mut() {
            Some(Turn::Client(turn)) => turn.push(heard),
            _ => self.turns.push(Turn::Client(vec![heard])),
        }
    }

    /// Makes a name that every upstream takes and that no call had before: some upstreams begin
    /// anew in every turn.
    fn unique(&mut self, id: &str) -> String {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let id = if id.is_empty() { "call" } else { id };
        let base: String = id.chars().map(|c| if legal(c) { c } else { '_' }).collect();
        let uses = self.uses.entry(base.clone()).or_default();
        loop {
            *uses += 1;
            let unique = match *uses {
                1 => base.clone(),
                again => format!("{base}_{again}"),
            };
            if self.ids.insert(unique.clone()) {
                return unique;
            }
        }
    }

    /// Ends the model's turn, if it called, with a result for each of its calls.
    fn answer(&mut self) {
        for (place, call) in std::mem::take(&mut self.waiting) {
            let result = self.pairing.result_of(place).and_then(|place| {
                let output = Output::of(self.items.get(place)?)?;
                Some((place, output))
            });
            let heard = Heard::Result(call, result);
            match self.turns.last_mut() {
                Some(Turn::Client(turn)) => turn.push(heard),
                _ => self.turns.push(Turn::Client(vec![heard])),
            }
        }
    }
}

#[cfg(test)]
mod tests;
