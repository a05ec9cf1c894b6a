//! Yields the events of one answer, one at a time, and says how the answer ended.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse::{self, Decoder, Limits};
use tokio::time::timeout;

use super::fault::UpstreamFault;
use crate::answer::Answer;

/// The answer to one request while it comes in. Dropping it tells the provider to stop.
#[derive(Debug)]
pub struct EventStream {
    body: Answer,
    idle_timeout: Duration,
    decoder: Decoder,
    ready: VecDeque<sse::Event>,
    /// The terminal event, while the rest of the body is awaited.
    last: Option<StreamEvent>,
    end: Option<StreamEnd>,
}

/// What comes next in a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamStep {
    /// An event.
    Event(StreamEvent),
    /// Nothing more.
    End(StreamEnd),
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// With a terminal event or `[DONE]`.
    Done,
    /// With the end of the body alone.
    Eof,
    /// With a failure.
    Broken(UpstreamFault),
}

impl EventStream {
    pub(super) fn new(body: Answer, idle_timeout: Duration) -> Self {
        Self {
            body,
            idle_timeout,
            decoder: Decoder::new(Limits::default()),
            ready: VecDeque::new(),
            last: None,
            end: None,
        }
    }

    /// Waits for the next step. After the end it is the end for ever.
    ///
    /// Dropping the future loses nothing: the next call goes on where it was.
    pub async fn next(&mut self) -> StreamStep {
        loop {
            if self.last.is_some() {
                self.drain().await;
            }
            if let Some(event) = self.last.take() {
                return StreamStep::Event(event);
            } else if let Some(event) = self.ready.pop_front() {
                if let Some(event) = self.interpret(&event) {
                    return StreamStep::Event(event);
                }
            } else if let Some(end) = &self.end {
                return StreamStep::End(end.clone());
            } else {
                self.receive().await;
            }
        }
    }

    /// Reads an event; `None` if it says nothing or is the last one.
    fn interpret(&mut self, event: &sse::Event) -> Option<StreamEvent> {
        let data = event.data.trim();
        if data.is_empty() {
            return None;
        }
        if data == "[DONE]" {
            self.end_with(StreamEnd::Done);
            return None;
        }
        match StreamEvent::parse(event.name.as_deref(), data) {
            Ok(event) if event.is_terminal() => {
                self.end_with(StreamEnd::Done);
                self.last = Some(event);
                None
            }
            Ok(event) => Some(event),
            // What the end of the body cut off is not the fault of the event.
            Err(_) if self.end == Some(StreamEnd::Eof) => None,
            Err(error) => {
                let cause = error.to_string();
                self.end_with(StreamEnd::Broken(UpstreamFault::Malformed { cause }));
                None
            }
        }
    }

    /// Waits for more of the body and takes it apart.
    async fn receive(&mut self) {
        let frame = match timeout(self.idle_timeout, self.body.frame()).await {
            Err(_elapsed) => {
                let after = self.idle_timeout;
                return self.fail(UpstreamFault::Idle { after });
            }
            Ok(frame) => frame,
        };
        match frame {
            Some(Ok(frame)) => self.decode(&frame.into_data().unwrap_or_default()),
            Some(Err(error)) => {
                let cause = innermost(&error);
                self.fail(UpstreamFault::Cut { cause });
            }
            None => {
                self.ready
                    .extend(std::mem::take(&mut self.decoder).finish());
                self.end = Some(StreamEnd::Eof);
            }
        }
    }

    fn decode(&mut self, data: &Bytes) {
        let mut events = Vec::new();
        let result = self.decoder.push(data, &mut events);
        self.ready.extend(events);
        if let Err(fault) = result {
            self.fail(fault.into());
        }
    }

    /// Ends the stream once the events that are ready have been seen.
    fn fail(&mut self, fault: UpstreamFault) {
        self.end = Some(StreamEnd::Broken(fault));
    }

    /// Ends the stream now; whatever else is ready comes after the end and is dropped.
    fn end_with(&mut self, end: StreamEnd) {
        self.ready.clear();
        self.end = Some(end);
    }

    /// Reads on to the end of the body, if that comes at once, so that the connection can serve
    /// the next request.
    async fn drain(&mut self) {
        let reading = async { while let Some(Ok(_)) = self.body.frame().await {} };
        let _ended = timeout(DRAIN_TIME, reading).await;
    }
}

/// Far less than a new TLS connection costs, and too short to be noticed.
const DRAIN_TIME: Duration = Duration::from_millis(20);

/// The outer errors only say that reading a body failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.last().unwrap_or(error).to_string()
}
