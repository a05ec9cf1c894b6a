//! Yields the events of one answer, one at a time, and says how the answer ended.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use llmx_bridge::LossReport;
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse::{DecodeFault, Decoder, Limits};
use tokio::time::{Instant, timeout};

use super::MAX_WHOLE;
use super::fault::UpstreamFault;
use super::form::Form;
use super::lane::{Lane, Progress};
use super::redact::Redactor;
use crate::answer::Answer;

/// The answer to one request while it comes in. Dropping it tells the provider to stop.
#[derive(Debug)]
pub struct EventStream {
    headers: HeaderMap,
    body: Option<Answer>,
    idle_timeout: Duration,
    /// How long it may show signs of life and say nothing.
    quiet_timeout: Duration,
    /// Since when somebody waits for something to be said.
    quiet_since: Option<Instant>,
    decoder: Decoder,
    form: Form,
    lane: Lane,
    losses: LossReport,
    redactor: Redactor,
    ready: VecDeque<StreamEvent>,
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
    pub(super) fn new(
        response: Response<Answer>,
        idle_timeout: Duration,
        lane: Lane,
        losses: LossReport,
        redactor: Redactor,
    ) -> Self {
        let (head, body) = response.into_parts();
        Self {
            headers: head.headers,
            body: Some(body),
            idle_timeout,
            quiet_timeout: quiet_timeout(idle_timeout),
            quiet_since: None,
            decoder: Decoder::new(Limits::default()),
            // Only a bridge knows what to make of an answer that is no stream.
            form: match lane {
                Lane::Bridged(_) => Form::default(),
                Lane::Responses | Lane::Over => Form::Events,
            },
            lane,
            losses,
            redactor,
            ready: VecDeque::new(),
            end: None,
        }
    }

    #[cfg(test)]
    pub(super) fn quiet_for_at_most(mut self, quiet_timeout: Duration) -> Self {
        self.quiet_timeout = quiet_timeout;
        self
    }

    /// Takes the headers that the provider answered with.
    pub fn take_headers(&mut self) -> HeaderMap {
        mem::take(&mut self.headers)
    }

    /// Returns what of the request the provider was not told.
    pub fn losses(&self) -> &LossReport {
        &self.losses
    }

    /// Waits for the next step. After the end it is the end for ever.
    ///
    /// Dropping the future loses nothing: the next call goes on where it was.
    pub async fn next(&mut self) -> StreamStep {
        loop {
            if self.ready.front().is_some_and(StreamEvent::is_terminal) {
                self.drain().await;
            }
            if let Some(step) = self.next_ready() {
                return step;
            }
            self.receive().await;
        }
    }

    /// Returns the next event if what the provider has sent so far holds it; does not wait.
    pub fn next_ready_event(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.front() {
                // The last one is left to `next`, which also puts the connection in order.
                return if event.is_terminal() {
                    None
                } else {
                    self.pop()
                };
            }
            if self.end.is_some() {
                return None;
            }
            // Nobody is woken: who waits for more calls `next`.
            let waiting = pin!(self.receive()).poll(&mut Context::from_waker(Waker::noop()));
            if waiting.is_pending() {
                return None;
            }
        }
    }

    fn next_ready(&mut self) -> Option<StreamStep> {
        match self.pop() {
            Some(event) => Some(StreamStep::Event(event)),
            None => self.end.clone().map(StreamStep::End),
        }
    }

    fn pop(&mut self) -> Option<StreamEvent> {
        let mut event = self.ready.pop_front()?;
        self.redactor.event(&mut event);
        Some(event)
    }

    /// Waits for more of the body and takes it apart.
    async fn receive(&mut self) {
        let patience = self.patience();
        let Some(body) = &mut self.body else {
            return self.end_with(StreamEnd::Eof);
        };
        let quiet_since = *self.quiet_since.get_or_insert_with(Instant::now);
        let left = self.quiet_timeout.saturating_sub(quiet_since.elapsed());
        match timeout(patience.min(left), body.frame()).await {
            Err(_elapsed) => {
                let fault = match left < patience {
                    true => UpstreamFault::Quiet {
                        after: self.quiet_timeout,
                    },
                    false => UpstreamFault::Idle { after: patience },
                };
                self.end_with(StreamEnd::Broken(fault));
            }
            Ok(Some(Ok(frame))) => self.decode(&frame.into_data().unwrap_or_default()),
            Ok(Some(Err(error))) => {
                let cause = innermost(&error);
                self.end_with(StreamEnd::Broken(UpstreamFault::Cut { cause }));
            }
            Ok(None) => self.end_of_body(),
        }
    }

    /// Returns how long the provider may be silent now.
    pub(super) fn patience(&self) -> Duration {
        if self.lane.is_closing() {
            // Some servers leave the stream open when all is said.
            self.idle_timeout.min(CLOSING_TIME)
        } else {
            self.idle_timeout
        }
    }

    fn decode(&mut self, data: &Bytes) {
        let data = self.form.take(data);
        if self.form.held() > MAX_WHOLE {
            let fault = DecodeFault::TooLarge { limit: MAX_WHOLE };
            return self.end_with(StreamEnd::Broken(fault.into()));
        }
        let mut events = Vec::new();
        let decoded = self.decoder.push(&data, &mut events);
        for event in &events {
            let known = self.ready.len();
            let pushed = self.lane.push(event, &mut self.ready);
            if self.ready.iter().skip(known).any(says_something) {
                self.quiet_since = None;
            }
            match pushed {
                Ok(Progress::More) => {}
                // Whatever comes after the end of an answer is not part of it.
                Ok(Progress::Over) => return self.end_with(StreamEnd::Done),
                Err(fault) => return self.end_with(StreamEnd::Broken(fault)),
            }
        }
        if let Err(fault) = decoded {
            self.end_with(StreamEnd::Broken(fault.into()));
        }
    }

    fn end_of_body(&mut self) {
        if let Some(body) = mem::take(&mut self.form).into_held() {
            // Nearly every body is text, which is seen faster than what is not is replaced.
            let body = match str::from_utf8(&body) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(&body),
            };
            let read = self.lane.whole(body.trim(), &mut self.ready);
            return self.end_with(read.map_or_else(StreamEnd::Broken, |()| StreamEnd::Done));
        }
        if let Some(event) = mem::take(&mut self.decoder).finish()
            // What the end of the body cut off is not the fault of the event.
            && self.lane.push(&event, &mut self.ready) == Ok(Progress::Over)
        {
            return self.end_with(StreamEnd::Done);
        }
        self.end_with(StreamEnd::Eof);
    }

    fn end_with(&mut self, end: StreamEnd) {
        self.end = Some(self.lane.finish(end, &mut self.ready));
    }

    /// Reads on to the end of the body, if that comes at once, so that the connection can serve
    /// the next request.
    async fn drain(&mut self) {
        if let Some(body) = &mut self.body {
            let reading = async { while let Some(Ok(_)) = body.frame().await {} };
            let _ended = timeout(DRAIN_TIME, reading).await;
            self.body = None;
        }
    }
}

/// Returns how long a stream may go on without saying anything, given how long it may be silent:
/// longer than models think that stream, and not for ever.
fn quiet_timeout(idle_timeout: Duration) -> Duration {
    idle_timeout.saturating_mul(3).max(SHORTEST_QUIET)
}

/// Returns whether `event` is more than a sign of life.
fn says_something(event: &StreamEvent) -> bool {
    !matches!(
        event.kind(),
        "response.created" | "response.in_progress" | "response.queued" | "ping" | "keepalive"
    )
}

const SHORTEST_QUIET: Duration = Duration::from_secs(600);

/// Far longer than the cost of an answer takes to come after its reason.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// Far less than a new TLS connection costs, and too short to be noticed.
const DRAIN_TIME: Duration = Duration::from_millis(20);

/// The outer errors only say that reading a body failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.last().unwrap_or(error).to_string()
}
