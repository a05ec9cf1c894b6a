//! Writes a Responses stream from what an upstream's bridge says that the model did.
//!
//! The writer keeps the order that clients rely on: the response begins before its items, an item
//! is done only after every earlier one, and the terminal event comes last and once. An item that
//! ends while an earlier one is open waits for it.

use std::collections::{BTreeSet, VecDeque};
use std::mem;

use llmx_wire::responses::{Item, Response, ResponseEvent, StreamEvent, Usage};
use serde_json::Value;

use super::call::CallLane;
use super::ending::Ending;
use super::message::{MessageLane, Words};
use super::reasoning::{ReasoningLane, Thought};
use super::sequence::Sequence;
use crate::seal::Origin;
use crate::tools::Target;
use crate::{Context, Extra, Limits, Stamp, UpstreamFault};

/// A Responses stream under way.
#[derive(Debug)]
pub(crate) struct ResponsesWriter {
    seq: Sequence,
    response: Response,
    origin: Origin,
    limits: Limits,
    begun: bool,
    bytes: usize,
    /// The items that are not done, in the order of their places.
    open: VecDeque<Open>,
    /// The ids that calls of the conversation have.
    call_ids: BTreeSet<String>,
    /// The message that text goes to, and the item that reasoning goes to.
    message: Option<u64>,
    reasoning: Option<u64>,
}

/// An open call, as its upstream bridge refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallKey(u64);

#[derive(Debug)]
struct Open {
    index: u64,
    lane: Lane,
    /// Whether it only waits for earlier items.
    ended: bool,
}

#[derive(Debug)]
enum Lane {
    Message(MessageLane),
    Reasoning(ReasoningLane),
    Call(CallLane),
}

type Events = Vec<StreamEvent>;

impl ResponsesWriter {
    pub(crate) fn new(context: &mut Context, stamp: &Stamp) -> Self {
        let seq = Sequence::new(&stamp.id, context.whole);
        Self {
            response: context.begin(seq.response_id(), stamp),
            seq,
            origin: mem::take(&mut context.origin),
            limits: context.limits,
            begun: false,
            bytes: 0,
            open: VecDeque::with_capacity(1),
            call_ids: mem::take(&mut context.call_ids),
            message: None,
            reasoning: None,
        }
    }

    /// Begins the response. Safe to call more than once.
    pub(crate) fn begin(&mut self, out: &mut Events) {
        if mem::replace(&mut self.begun, true) {
            return;
        }
        for wrap in [StreamEvent::Created, StreamEvent::InProgress] {
            self.seq.tell(out, |number| {
                wrap(Box::new(ResponseEvent {
                    response: self.response.clone(),
                    sequence_number: Some(number),
                    extra: Extra::new(),
                }))
            });
        }
    }

    /// Says which model answers, where the upstream tells.
    pub(crate) fn model(&mut self, model: &str) {
        if !model.is_empty() && self.response.model.as_deref() != Some(model) {
            self.response.model = Some(model.to_owned());
        }
    }

    /// Says which class of service answers, where the upstream tells.
    pub(crate) fn service_tier(&mut self, tier: Value) {
        self.response.extra.insert("service_tier".to_owned(), tier);
    }

    /// Adds a field to the response that the API does not document.
    pub(crate) fn note(&mut self, name: &str, value: Value) {
        self.response.extra.insert(name.to_owned(), value);
    }

    /// Says what the answer cost so far; a later word replaces an earlier one.
    pub(crate) fn usage(&mut self, usage: Usage) {
        self.response.usage = Some(usage);
    }

    /// Returns whether the model has done anything that the client can see.
    pub(crate) fn has_output(&self) -> bool {
        !self.open.is_empty() || !self.response.output.is_empty()
    }

    /// Returns whether a call has begun and lacks its end.
    pub(crate) fn is_in_a_call(&self) -> bool {
        self.open.iter().any(|open| match &open.lane {
            Lane::Call(lane) => !lane.is_empty() && !lane.is_whole(),
            Lane::Message(_) | Lane::Reasoning(_) => false,
        })
    }

    /// Says more text or refusal. It goes to the open message, or to a new one.
    pub(crate) fn say(
        &mut self,
        words: Words,
        delta: String,
        logprobs: Vec<Value>,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        if delta.is_empty() && logprobs.is_empty() {
            return Ok(());
        }
        self.grow(delta.len())?;
        self.end_reasoning(out);
        let index = match self.message {
            Some(index) => index,
            None => self.open_lane(out, |seq, out| {
                let (index, lane) = MessageLane::open(seq, out);
                (index, Lane::Message(lane))
            })?,
        };
        self.message = Some(index);
        if let Some(Lane::Message(lane)) = lane(&mut self.open, index) {
            lane.push(words, delta, logprobs, &mut self.seq, out);
        }
        Ok(())
    }

    /// Adds a remark to the open message; without one there is nothing to remark on.
    pub(crate) fn annotate(&mut self, annotation: Value, out: &mut Events) {
        let Some(index) = self.message else { return };
        if let Some(Lane::Message(lane)) = lane(&mut self.open, index) {
            lane.annotate(annotation, &mut self.seq, out);
        }
    }

    /// Thinks more. It goes to the open reasoning item, or to a new one.
    pub(crate) fn think(
        &mut self,
        thought: Thought,
        delta: &str,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        if delta.is_empty() {
            return Ok(());
        }
        self.grow(delta.len())?;
        let index = self.reasoning_lane(out)?;
        if let Some(Lane::Reasoning(lane)) = lane(&mut self.open, index) {
            lane.push(thought, delta, &mut self.seq, out);
        }
        Ok(())
    }

    /// Says how the upstream wants the open reasoning back.
    pub(crate) fn seal(
        &mut self,
        kind: &'static str,
        data: Value,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        let index = self.reasoning_lane(out)?;
        if let Some(Lane::Reasoning(lane)) = lane(&mut self.open, index) {
            lane.seal(kind, data);
        }
        Ok(())
    }

    /// Opens a call. An id is minted where the upstream gave none, or one that another call of the
    /// conversation has: the client pairs outputs by it.
    pub(crate) fn call(
        &mut self,
        call_id: Option<String>,
        target: Target,
        out: &mut Events,
    ) -> Result<CallKey, UpstreamFault> {
        self.end_reasoning(out);
        self.end_message(out);
        let call_id = call_id.filter(|id| !id.is_empty() && self.call_ids.insert(id.clone()));
        let index = self.open_lane(out, |seq, out| {
            let (index, lane) = CallLane::open(call_id, target, seq, out);
            (index, Lane::Call(lane))
        })?;
        Ok(CallKey(index))
    }

    /// Appends to the arguments of an open call.
    pub(crate) fn arguments(
        &mut self,
        call: CallKey,
        piece: &str,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        self.grow(piece.len())?;
        if let Some(Lane::Call(lane)) = lane(&mut self.open, call.0) {
            lane.push(piece, &mut self.seq, out);
        }
        Ok(())
    }

    /// Ends a call, if its arguments are whole; otherwise the end of the answer decides, because an
    /// answer that was cut off ends its last call in the middle.
    pub(crate) fn end_call(&mut self, call: CallKey, out: &mut Events) {
        let lane = lane(&mut self.open, call.0);
        if matches!(lane, Some(Lane::Call(lane)) if lane.is_whole()) {
            self.end(Some(call.0), out);
        }
    }

    /// Ends the response: closes what is open and emits the terminal event.
    pub(crate) fn finish(mut self, ending: Ending, out: &mut Events) {
        self.begin(out);
        let cut = ending.cuts_off();
        while let Some(open) = self.open.pop_front() {
            let cut = cut && !open.ended;
            self.close(open.lane, cut, out);
        }
        self.seq
            .tell_last(out, |number| ending.event(self.response, number));
    }

    fn reasoning_lane(&mut self, out: &mut Events) -> Result<u64, UpstreamFault> {
        self.end_message(out);
        if let Some(index) = self.reasoning {
            return Ok(index);
        }
        let index = self.open_lane(out, |seq, out| {
            let (index, lane) = ReasoningLane::open(seq, out);
            (index, Lane::Reasoning(lane))
        })?;
        self.reasoning = Some(index);
        Ok(index)
    }

    fn open_lane(
        &mut self,
        out: &mut Events,
        open: impl FnOnce(&mut Sequence, &mut Events) -> (u64, Lane),
    ) -> Result<u64, UpstreamFault> {
        self.begin(out);
        let limit = self.limits.max_items;
        if self.response.output.len() + self.open.len() >= limit {
            return Err(UpstreamFault::TooLarge {
                what: "items",
                limit,
            });
        }
        let (index, lane) = open(&mut self.seq, out);
        let ended = false;
        // Places are handed out in order, and an item is open from the moment it has one.
        self.open.push_back(Open { index, lane, ended });
        Ok(index)
    }

    fn end_message(&mut self, out: &mut Events) {
        let message = self.message.take();
        self.end(message, out);
    }

    /// Ends the open reasoning item; what is thought next goes to another.
    pub(crate) fn end_reasoning(&mut self, out: &mut Events) {
        let reasoning = self.reasoning.take();
        self.end(reasoning, out);
    }

    /// Ends an item, and closes what no longer has to wait.
    fn end(&mut self, index: Option<u64>, out: &mut Events) {
        let Some(open) = index.and_then(|index| open(&mut self.open, index)) else {
            return;
        };
        open.ended = true;
        while let Some(first) = self.open.pop_front_if(|first| first.ended) {
            self.close(first.lane, false, out);
        }
    }

    fn close(&mut self, lane: Lane, cut: bool, out: &mut Events) {
        let status = if cut { "incomplete" } else { "completed" };
        let item: Item = match lane {
            Lane::Message(lane) => lane.close(status, &mut self.seq, out),
            Lane::Reasoning(lane) => lane.close(status, &self.origin, &mut self.seq, out),
            Lane::Call(lane) => lane.close(cut, &mut self.seq, out),
        };
        self.response.output.push(item);
    }

    fn grow(&mut self, bytes: usize) -> Result<(), UpstreamFault> {
        self.bytes = self.bytes.saturating_add(bytes);
        let limit = self.limits.max_output_bytes;
        if self.bytes > limit {
            let what = "bytes";
            return Err(UpstreamFault::TooLarge { what, limit });
        }
        Ok(())
    }
}

fn open(open: &mut VecDeque<Open>, index: u64) -> Option<&mut Open> {
    let place = open.binary_search_by_key(&index, |open| open.index).ok()?;
    open.get_mut(place)
}

fn lane(items: &mut VecDeque<Open>, index: u64) -> Option<&mut Lane> {
    open(items, index).map(|open| &mut open.lane)
}
