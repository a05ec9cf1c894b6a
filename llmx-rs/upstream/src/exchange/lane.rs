//! Reads what an upstream streams as events of Responses, the one protocol inside llmx.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::mem;

use llmx_bridge::StreamBridge;
use llmx_wire::responses::StreamEvent;
use llmx_wire::{sse, surrogates};

use super::fault::UpstreamFault;
use super::stream::StreamEnd;

/// How the answer to one request is read.
#[derive(Debug)]
pub(super) enum Lane {
    /// As it comes.
    Responses,
    /// Through a bridge.
    Bridged(Box<dyn Reader>),
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
            data => self.read(out, |reader, out| {
                reader.event(event.name.as_deref(), data, out)
            }),
        }
    }

    /// Reads an answer that came whole, as a body and not as a stream.
    pub(super) fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), UpstreamFault> {
        if self.read(out, |reader, out| reader.whole(body, out))? == Progress::More {
            self.finish(StreamEnd::Done, out);
        }
        Ok(())
    }

    /// Ends the answer and returns how a reader must take that: a bridge says everything in a
    /// terminal event of its own.
    pub(super) fn finish(&mut self, end: StreamEnd, out: &mut Events) -> StreamEnd {
        match mem::replace(self, Self::Over) {
            Self::Bridged(reader) => {
                reader.finish(end.into(), out);
                StreamEnd::Done
            }
            Self::Responses | Self::Over => end,
        }
    }

    /// Returns whether all has been said but what it cost.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self, Self::Bridged(reader) if reader.is_closing())
    }

    fn read(
        &mut self,
        out: &mut Events,
        read: impl FnOnce(&mut dyn Reader, &mut Events) -> Read,
    ) -> Result<Progress, UpstreamFault> {
        let read = match self {
            Self::Over => return Ok(Progress::Over),
            Self::Responses => read(&mut Untranslated, out),
            Self::Bridged(reader) => read(reader.as_mut(), out),
        };
        match read {
            Ok(progress) => Ok(progress),
            Err(ReadFault::Json(error)) => Err(UpstreamFault::Malformed {
                cause: error.to_string(),
            }),
            Err(ReadFault::Bridge(fault)) => {
                if let Self::Bridged(reader) = mem::replace(self, Self::Over) {
                    reader.finish(llmx_bridge::StreamEnd::Broken(fault), out);
                }
                Ok(Progress::Over)
            }
        }
    }
}

type Read = Result<Progress, ReadFault>;

/// What of the upstream could not be read.
#[derive(Debug)]
pub(super) enum ReadFault {
    /// It is not what its dialect looks like.
    Json(serde_json::Error),
    /// It is, and has no meaning, or says that something failed.
    Bridge(llmx_bridge::UpstreamFault),
}

impl ReadFault {
    /// Says it in the words of the server, where what could not be read holds some.
    fn in_words_of(self, data: &str) -> Self {
        match self {
            Self::Json(error) => Self::Bridge(llmx_bridge::UpstreamFault::unreadable(data, &error)),
            fault @ Self::Bridge(_) => fault,
        }
    }
}

impl From<serde_json::Error> for ReadFault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<llmx_bridge::UpstreamFault> for ReadFault {
    fn from(fault: llmx_bridge::UpstreamFault) -> Self {
        Self::Bridge(fault)
    }
}

/// A dialect's answer as it is read.
pub(super) trait Reader: Debug + Send + Sync {
    /// Reads the data of one event of a stream.
    fn event(&mut self, name: Option<&str>, data: &str, out: &mut Events) -> Read;

    /// Reads an answer that came whole.
    fn whole(&mut self, body: &str, out: &mut Events) -> Read;

    /// Returns whether only bookkeeping may follow.
    fn is_closing(&self) -> bool {
        false
    }

    /// Appends what ends the answer.
    fn finish(self: Box<Self>, end: llmx_bridge::StreamEnd, out: &mut Events);
}

/// Responses itself.
#[derive(Debug)]
struct Untranslated;

impl Reader for Untranslated {
    fn event(&mut self, name: Option<&str>, data: &str, out: &mut Events) -> Read {
        let event = StreamEvent::parse(name, data)?;
        let is_last = event.is_terminal();
        out.push_back(event);
        Ok(if is_last {
            Progress::Over
        } else {
            Progress::More
        })
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Read {
        self.event(None, body, out)
    }

    fn finish(self: Box<Self>, _end: llmx_bridge::StreamEnd, _out: &mut Events) {}
}

/// What the data of one event is, if it says anything.
pub(super) type Parsed<T> = Result<Option<T>, ReadFault>;

/// A bridge, and how the dialect before it is parsed.
pub(super) struct Translated<B: StreamBridge> {
    pub(super) bridge: B,
    /// What the bridge says, on its way out.
    pub(super) said: Vec<StreamEvent>,
    /// Reads the data of one event.
    pub(super) event: fn(Option<&str>, &str) -> Parsed<B::In>,
    /// Takes a whole answer apart into the events of a stream.
    pub(super) whole: fn(&str) -> serde_json::Result<Vec<B::In>>,
}

impl<B: StreamBridge> Debug for Translated<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translated").finish_non_exhaustive()
    }
}

impl<B: StreamBridge<Out = StreamEvent> + Send + Sync> Reader for Translated<B> {
    fn event(&mut self, name: Option<&str>, data: &str, out: &mut Events) -> Read {
        let event = mended(data, |data| (self.event)(name, data));
        let event = event.map_err(|fault| fault.in_words_of(data))?;
        let Some(event) = event else {
            return Ok(Progress::More);
        };
        let pushed = self.bridge.push(event, &mut self.said);
        out.extend(self.said.drain(..));
        pushed?;
        Ok(if self.bridge.is_over() {
            Progress::Over
        } else {
            Progress::More
        })
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Read {
        let events =
            mended(body, self.whole).map_err(|error| ReadFault::Json(error).in_words_of(body))?;
        for event in events {
            let pushed = self.bridge.push(event, &mut self.said);
            out.extend(self.said.drain(..));
            pushed?;
        }
        Ok(Progress::More)
    }

    fn is_closing(&self) -> bool {
        self.bridge.is_closing()
    }

    fn finish(self: Box<Self>, end: llmx_bridge::StreamEnd, out: &mut Events) {
        let mut events = Vec::new();
        self.bridge.finish(end, &mut events);
        out.extend(events);
    }
}

/// Reads JSON, and what can be read of it where it holds half a character.
fn mended<T, E>(json: &str, read: impl Fn(&str) -> Result<T, E>) -> Result<T, E> {
    read(json).or_else(|error| match surrogates::mended(json) {
        Some(json) => read(&json),
        None => Err(error),
    })
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
