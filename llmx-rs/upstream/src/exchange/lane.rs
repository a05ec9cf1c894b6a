//! Reads what one dialect streams as events of Responses, the one protocol inside llmx.

use std::collections::VecDeque;
use std::mem;

use llmx_bridge::StreamBridge;
use llmx_bridge::chat::ChatToResponses;
use llmx_wire::chat::Chunk;
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse;

use super::fault::UpstreamFault;
use super::stream::StreamEnd;

/// How the answer to one request is read.
#[derive(Debug)]
pub(super) enum Lane {
    /// As it comes.
    Responses,
    /// Through the bridge.
    Chat(Box<ChatToResponses>),
    /// The answer has ended.
    Over,
}

/// Whether more of the answer may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Over,
}

type Events = VecDeque<StreamEvent>;

impl Lane {
    /// Reads one event of the upstream and appends what it says.
    pub(super) fn push(
        &mut self,
        event: &sse::Event,
        out: &mut Events,
    ) -> Result<Progress, UpstreamFault> {
        match event.data.trim() {
            "" => Ok(Progress::More),
            "[DONE]" => {
                self.finish(StreamEnd::Done, out);
                Ok(Progress::Over)
            }
            data => self.read(event.name.as_deref(), data, out),
        }
    }

    /// Reads an answer that came whole, as a body and not as a stream.
    pub(super) fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), UpstreamFault> {
        if self.read(None, body, out)? == Progress::More {
            self.finish(StreamEnd::Done, out);
        }
        Ok(())
    }

    /// Ends the answer and returns how a reader must take that: a bridge says everything in a
    /// terminal event of its own.
    pub(super) fn finish(&mut self, end: StreamEnd, out: &mut Events) -> StreamEnd {
        match mem::replace(self, Self::Over) {
            Self::Chat(bridge) => {
                let mut events = Vec::new();
                bridge.finish(end.into(), &mut events);
                out.extend(events);
                StreamEnd::Done
            }
            Self::Responses | Self::Over => end,
        }
    }

    fn read(
        &mut self,
        name: Option<&str>,
        data: &str,
        out: &mut Events,
    ) -> Result<Progress, UpstreamFault> {
        let malformed = |error: serde_json::Error| UpstreamFault::Malformed {
            cause: error.to_string(),
        };
        let bridge = match self {
            Self::Over => return Ok(Progress::Over),
            Self::Responses => {
                let event = StreamEvent::parse(name, data).map_err(malformed)?;
                let progress = if event.is_terminal() {
                    Progress::Over
                } else {
                    Progress::More
                };
                out.push_back(event);
                return Ok(progress);
            }
            Self::Chat(bridge) => bridge,
        };
        let chunk: Chunk = serde_json::from_str(data).map_err(malformed)?;
        let mut events = Vec::new();
        let pushed = bridge.push(chunk, &mut events);
        out.extend(events);
        let Err(fault) = pushed else {
            return Ok(Progress::More);
        };
        if let Self::Chat(bridge) = mem::replace(self, Self::Over) {
            let mut events = Vec::new();
            bridge.finish(llmx_bridge::StreamEnd::Broken(fault), &mut events);
            out.extend(events);
        }
        Ok(Progress::Over)
    }
}

impl From<StreamEnd> for llmx_bridge::StreamEnd {
    fn from(end: StreamEnd) -> Self {
        use llmx_bridge::UpstreamFault as Fault;
        match end {
            StreamEnd::Done => Self::Done,
            StreamEnd::Eof => Self::Eof,
            StreamEnd::Broken(UpstreamFault::Malformed { cause }) => {
                Self::Broken(Fault::Malformed(cause))
            }
            StreamEnd::Broken(fault) => Self::Broken(Fault::Broken(fault.to_string())),
        }
    }
}
