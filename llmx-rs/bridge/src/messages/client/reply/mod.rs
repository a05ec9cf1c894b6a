//! A Responses stream becomes a Messages stream.

mod blocks;
mod ending;
mod fold;
mod order;

use llmx_wire::messages::{
    MessageChange, MessageDelta, MessageStart, Plain, Response, StopReason, StreamEvent, Usage,
};
use llmx_wire::responses::{self, Item, Status};

use self::blocks::{Blocks, FULL_THOUGHT, Kind};
use self::order::Order;
use super::MessagesContext;
use crate::{Extra, Stamp, StreamBridge, StreamEnd, UpstreamFault};

pub use ending::error_body;
pub use fold::fold_events;

type Events = Vec<StreamEvent>;

/// Responses events in, Messages events out.
#[derive(Debug)]
pub struct ResponsesToMessages {
    response: Response,
    begun: bool,
    order: Order,
    blocks: Blocks,
    end: Option<End>,
}

/// How the answer ended.
#[derive(Debug)]
enum End {
    Told(Box<responses::Response>),
    Failed(UpstreamFault),
}

impl ResponsesToMessages {
    /// Begins the answer to the request that left `context`.
    pub fn new(context: MessagesContext, stamp: &Stamp) -> Self {
        Self {
            response: Response {
                id: format!("msg_{}", stamp.id),
                kind: "message".to_owned(),
                role: "assistant".to_owned(),
                model: context.model,
                usage: Usage {
                    input_tokens: Some(0),
                    output_tokens: Some(0),
                    ..Usage::default()
                },
                ..Response::default()
            },
            begun: false,
            order: Order::default(),
            blocks: Blocks::default(),
            end: None,
        }
    }

    fn begin(&mut self, out: &mut Events) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push(StreamEvent::MessageStart(Box::new(MessageStart {
                message: self.response.clone(),
                extra: Extra::new(),
            })));
        }
    }

    fn event(&mut self, event: responses::StreamEvent, out: &mut Events) {
        use responses::StreamEvent as From;
        match event {
            From::Created(event) | From::InProgress(event) => {
                self.learn_model(&event.response);
                self.begin(out);
            }
            From::OutputItemAdded(event) => {
                self.begin(out);
                self.blocks.open_call(&event.item, event.output_index, out);
            }
            From::OutputTextDelta(delta) | From::RefusalDelta(delta) => {
                self.delta(Kind::Text, 0, &delta, out);
            }
            From::SummaryTextDelta(delta) => self.delta(Kind::Thinking, 0, &delta, out),
            From::ReasoningTextDelta(delta) => {
                self.delta(Kind::Thinking, FULL_THOUGHT, &delta, out);
            }
            From::ArgumentsDelta(delta) => self.delta(Kind::Call, 0, &delta, out),
            From::AnnotationAdded(event) => {
                let part = event.content_index.unwrap_or(0);
                self.blocks
                    .cite(event.output_index, part, &event.annotation, out);
            }
            From::OutputItemDone(event) => self.complete(&event.item, event.output_index, out),
            From::Completed(event) | From::Incomplete(event) => self.told(event.response, out),
            From::Failed(event) => {
                self.learn_model(&event.response);
                self.end = Some(End::Failed(ending::failure(&event.response)));
            }
            From::Error(event) => {
                self.end = Some(End::Failed(UpstreamFault::reported(None, event.fault())));
            }
            // The rest repeats what deltas and items say, or has no place in Messages.
            _ => {}
        }
    }

    fn delta(&mut self, kind: Kind, first: u64, delta: &responses::Delta, out: &mut Events) {
        self.begin(out);
        let part = delta.content_index.or(delta.summary_index).unwrap_or(0);
        let part = part.saturating_add(first);
        self.blocks
            .grow(kind, delta.output_index, part, &delta.delta, out);
    }

    /// Shows what no event has shown: a response that came whole is nothing else.
    fn told(&mut self, response: responses::Response, out: &mut Events) {
        self.learn_model(&response);
        self.begin(out);
        for (index, item) in (0..).zip(&response.output) {
            self.complete(item, index, out);
        }
        self.end = Some(End::Told(Box::new(response)));
    }

    fn complete(&mut self, item: &Item, index: u64, out: &mut Events) {
        self.begin(out);
        self.blocks.complete(item, index, out);
    }

    fn learn_model(&mut self, response: &responses::Response) {
        if let Some(model) = response.model.as_ref().filter(|model| !model.is_empty()) {
            self.response.model.clone_from(model);
        }
    }

    fn close(self, response: &responses::Response, out: &mut Events) {
        let sequence = response
            .extra
            .get("stop_sequence")
            .and_then(|it| it.as_str());
        let reason = match response.status {
            Some(Status::Incomplete) => ending::incomplete(response),
            _ if self.blocks.has_calls() => StopReason::ToolUse,
            _ if sequence.is_some() => StopReason::StopSequence,
            _ => StopReason::EndTurn,
        };
        let usage = response.usage.as_ref().map(ending::usage);
        out.push(StreamEvent::MessageDelta(Box::new(MessageDelta {
            delta: MessageChange {
                stop_reason: Some(reason),
                stop_sequence: sequence.map(str::to_owned),
                extra: Extra::new(),
            },
            // Clients read the field without looking whether it is there.
            usage: Some(usage.unwrap_or(self.response.usage)),
            extra: Extra::new(),
        })));
        out.push(StreamEvent::MessageStop(Plain::default()));
    }
}

impl StreamBridge for ResponsesToMessages {
    type In = responses::StreamEvent;
    type Out = StreamEvent;

    fn push(
        &mut self,
        event: responses::StreamEvent,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        self.order.push(event);
        while let Some(event) = self.order.next() {
            // Nothing counts after the answer's end.
            if self.end.is_none() {
                self.event(event, out);
            }
        }
        Ok(())
    }

    fn finish(mut self, end: StreamEnd, out: &mut Events) {
        for event in std::mem::take(&mut self.order).into_rest() {
            self.event(event, out);
        }
        let ended = match (self.end.take(), end) {
            (Some(ended), _) => ended,
            (None, StreamEnd::Broken(fault)) => End::Failed(fault),
            (None, StreamEnd::Done | StreamEnd::Eof) => End::Failed(UpstreamFault::CutOff),
        };
        self.blocks.close_all(out);
        match ended {
            End::Told(response) => self.close(&response, out),
            End::Failed(fault) => out.push(ending::error(&fault)),
        }
    }
}
