//! Keeps the blocks of a Messages answer in the order of the items they show.
//!
//! A block begins with the first word of its item. A thought that has none, only what its upstream
//! wants back, is shown when it is done, and that waits for every earlier item: a call whose
//! arguments nobody finished, for example. What comes after the thought then waits with it, because
//! the client gives the blocks back in the order it got them.

use std::collections::{BTreeSet, VecDeque};

use llmx_wire::responses::{Item, StreamEvent};

/// The events of one answer on their way to its blocks.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The places of the items that are not done.
    open: BTreeSet<u64>,
    /// The place of a thought of which nothing was shown yet, and that waits for an earlier item.
    silent: Option<u64>,
    waiting: VecDeque<StreamEvent>,
    /// How many at the front are known to wait for it: each is looked at once.
    known: usize,
    /// Whether the answer's end is among them, so that none waits any longer.
    ended: bool,
}

impl Order {
    /// Takes what the upstream says next.
    pub(super) fn push(&mut self, event: StreamEvent) {
        self.ended |= event.is_terminal();
        self.waiting.push_back(event);
    }

    /// Returns what can be shown next.
    pub(super) fn next(&mut self) -> Option<StreamEvent> {
        let ready = if self.ended {
            0
        } else {
            let mut unknown = self.waiting.range(self.known..);
            match unknown.position(|event| !self.must_wait(event)) {
                Some(after) => self.known + after,
                None => {
                    self.known = self.waiting.len();
                    return None;
                }
            }
        };
        let event = self.waiting.remove(ready)?;
        let silent = self.silent;
        self.note(&event);
        self.known = if self.silent == silent { ready } else { 0 };
        Some(event)
    }

    /// Returns what never could be shown in order, because the stream ended before.
    pub(super) fn into_rest(self) -> impl Iterator<Item = StreamEvent> {
        self.waiting.into_iter()
    }

    fn must_wait(&self, event: &StreamEvent) -> bool {
        let behind = |silent| place(event).is_some_and(|place| place > silent);
        self.silent.is_some_and(behind)
    }

    fn note(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::OutputItemAdded(added) => {
                let place = added.output_index;
                // What waited itself is done later still.
                let is_held_up = self.open.first().is_some_and(|first| *first < place)
                    || !self.waiting.is_empty();
                if is_held_up && matches!(added.item, Item::Reasoning(_)) {
                    self.silent.get_or_insert(place);
                }
                self.open.insert(place);
            }
            StreamEvent::OutputItemDone(done) => {
                self.open.remove(&done.output_index);
            }
            _ => {}
        }
        let speaks = !matches!(event, StreamEvent::OutputItemAdded(_));
        if speaks && self.silent.is_some() && self.silent == place(event) {
            self.silent = None;
        }
    }
}

/// Returns the place of the item that an event is about.
fn place(event: &StreamEvent) -> Option<u64> {
    match event {
        StreamEvent::OutputItemAdded(event) | StreamEvent::OutputItemDone(event) => {
            Some(event.output_index)
        }
        StreamEvent::OutputTextDelta(delta)
        | StreamEvent::RefusalDelta(delta)
        | StreamEvent::SummaryTextDelta(delta)
        | StreamEvent::ReasoningTextDelta(delta)
        | StreamEvent::ArgumentsDelta(delta) => Some(delta.output_index),
        StreamEvent::AnnotationAdded(event) => Some(event.output_index),
        // The others show nothing, or are not about one item.
        _ => None,
    }
}
