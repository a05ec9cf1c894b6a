//! A Messages stream becomes a Responses stream.
//!
//! A Messages answer is a list of blocks, each with a beginning and an end, so there is little to
//! guess. What needs care: a call's arguments begin with a placeholder that the deltas replace, a
//! thought's signature comes in a delta of its own, and the reason of the end comes before the end.

mod block;
mod ending;
mod whole;

use llmx_wire::FaultBody;
use llmx_wire::messages::{
    BlockDelta, BlockStart, MessageChange, MessageDelta, MessageStart, StopReason, StreamEvent,
    Usage,
};
use llmx_wire::responses;
use serde_json::Value;

use block::{Block, Blocks};

pub(super) use whole::events;

use crate::stream::{Ending, ResponsesWriter, Words};
use crate::tools::ToolTable;
use crate::{Context, Stamp, StreamBridge, StreamEnd, UpstreamFault};

/// Translates the events of an upstream of Messages for a client of Responses.
#[derive(Debug)]
pub struct MessagesToResponses {
    writer: ResponsesWriter,
    blocks: Blocks,
    tools: ToolTable,
    answer_tool: Option<String>,
    usage: Usage,
    stop: Option<StopReason>,
    /// Whether the upstream said that the answer ended.
    stopped: bool,
}

type Events = Vec<responses::StreamEvent>;

impl MessagesToResponses {
    /// Starts the translation of one answer.
    pub fn new(mut context: Context, stamp: &Stamp) -> Self {
        Self {
            writer: ResponsesWriter::new(&mut context, stamp),
            blocks: Blocks::new(context.limits.max_items),
            tools: context.tools,
            answer_tool: context.answer_tool,
            usage: Usage::default(),
            stop: None,
            stopped: false,
        }
    }

    fn start(&mut self, event: MessageStart, out: &mut Events) {
        self.writer.model(&event.message.model);
        self.usage.replace_by(event.message.usage);
        self.writer.begin(out);
    }

    fn start_block(&mut self, event: BlockStart, out: &mut Events) -> Result<(), UpstreamFault> {
        self.stop_block(event.index, out)?;
        let (tools, answer_tool) = (&self.tools, self.answer_tool.as_deref());
        let block = Block::open(
            event.content_block,
            tools,
            answer_tool,
            &mut self.writer,
            out,
        )?;
        self.blocks.insert(event.index, block)
    }

    fn grow_block(&mut self, event: BlockDelta, out: &mut Events) -> Result<(), UpstreamFault> {
        let block = match self.blocks.get(event.index) {
            Some(block) => block,
            // Some servers leave out the beginning; the delta tells what it was.
            None => {
                self.blocks
                    .insert(event.index, Block::implied_by(&event.delta)?)?;
                match self.blocks.get(event.index) {
                    Some(block) => block,
                    None => return Ok(()),
                }
            }
        };
        block.push(event.delta, &mut self.writer, out)
    }

    fn stop_block(&mut self, index: u64, out: &mut Events) -> Result<(), UpstreamFault> {
        match self.blocks.remove(index) {
            Some(block) => block.close(&mut self.writer, out),
            None => Ok(()),
        }
    }

    fn change(&mut self, event: MessageDelta, out: &mut Events) -> Result<(), UpstreamFault> {
        let MessageChange {
            stop_reason,
            stop_sequence,
            extra,
        } = event.delta;
        if let Some(text) = stop_sequence {
            self.writer.note("stop_sequence", text.into());
        }
        if let Some(usage) = event.usage {
            self.usage.replace_by(usage);
        }
        let told = extra
            .get("stop_details")
            .and_then(|it| it.get("explanation"));
        if let Some(words) = told.and_then(Value::as_str) {
            let words = words.to_owned();
            self.writer.say(Words::Refusal, words, Vec::new(), out)?;
        }
        self.stop = stop_reason.or(self.stop.take());
        Ok(())
    }
}

impl StreamBridge for MessagesToResponses {
    type In = StreamEvent;
    type Out = responses::StreamEvent;

    fn push(&mut self, event: StreamEvent, out: &mut Events) -> Result<(), UpstreamFault> {
        if self.stopped {
            return Ok(());
        }
        match event {
            StreamEvent::MessageStart(event) => self.start(*event, out),
            StreamEvent::BlockStart(event) => return self.start_block(*event, out),
            StreamEvent::BlockDelta(event) => return self.grow_block(*event, out),
            StreamEvent::BlockStop(event) => return self.stop_block(event.index, out),
            StreamEvent::MessageDelta(event) => return self.change(*event, out),
            StreamEvent::MessageStop(_) => self.stopped = true,
            StreamEvent::Error(event) => return Err(reported(event.fault())),
            StreamEvent::Ping(_) | StreamEvent::Unknown(_) => {}
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.stopped
    }

    fn is_closing(&self) -> bool {
        self.stop.is_some()
    }

    fn finish(mut self, end: StreamEnd, out: &mut Events) {
        if let Some(usage) = ending::usage(&self.usage) {
            self.writer.usage(usage);
        }
        if let Some(tier) = ending::service_tier(&self.usage) {
            self.writer.service_tier(tier);
        }
        let ending = match end.after_reason(self.is_closing()) {
            StreamEnd::Broken(fault) => Ending::Failed(fault),
            StreamEnd::Done | StreamEnd::Eof => match self.stop {
                Some(reason) => ending::of(&reason),
                None if self.stopped && self.writer.has_output() => Ending::Completed,
                None => Ending::Failed(UpstreamFault::CutOff),
            },
        };
        self.writer.finish(ending, out);
    }
}

/// Gives the error of a stream the status that it would have had as an answer of its own.
fn reported(fault: FaultBody) -> UpstreamFault {
    let kind = fault.kind.as_deref().unwrap_or_default();
    let status = STATUSES.iter().find(|(name, _)| *name == kind);
    UpstreamFault::reported(status.map(|(_, status)| *status), fault)
}

const STATUSES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];
