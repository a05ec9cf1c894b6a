//! A request as the provider's dialect says it, and what its answer will need.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Uri;
use llmx_bridge::chat::{self, ChatToResponses, Frame};
use llmx_bridge::gemini::{self, GeminiToResponses};
use llmx_bridge::messages::{self, MessagesToResponses};
use llmx_bridge::{ClientFault, Context, LossReport, Stamp};
use llmx_wire::responses::Request;
use llmx_wire::{Dialect, json, messages as wire_messages};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::fault::UpstreamFault;
use super::lane::{Lane, Translated};
use super::target::Target;

/// A request that is ready to be sent.
pub(super) struct Question {
    pub(super) uri: Uri,
    pub(super) body: Bytes,
    pub(super) lane: Lane,
    pub(super) losses: LossReport,
    /// Whether the answer should come as a stream.
    pub(super) streams: bool,
    /// The body as a value, where it may have to be sent once more with less in it.
    spare: Option<Body>,
}

enum Body {
    Chat(Box<llmx_wire::chat::Request>),
    Messages(Box<wire_messages::Request>),
    Gemini(Box<llmx_wire::gemini::Request>),
}

impl Question {
    pub(super) fn new(request: &Request, target: &Target) -> Result<Self, UpstreamFault> {
        let mut question = Self {
            uri: target.endpoint.uri().clone(),
            body: Bytes::new(),
            lane: Lane::Responses,
            losses: LossReport::default(),
            streams: request.stream == Some(true),
            spare: None,
        };
        match target.dialect {
            Dialect::Responses => question.body = encoded(request)?,
            Dialect::Chat => question.tell_chat(request, target)?,
            Dialect::Messages => question.tell_messages(request, target)?,
            Dialect::Gemini => question.tell_gemini(request, target)?,
        }
        Ok(question)
    }

    fn tell_chat(&mut self, request: &Request, target: &Target) -> Result<(), UpstreamFault> {
        let told = chat::to_chat(request, &target.bridge).map_err(unbridgeable)?;
        self.body = encoded(&told.request)?;
        self.losses = told.losses;
        self.spare = spare(request, || Body::Chat(Box::new(told.request)));
        self.lane = Lane::Bridged(Box::new(Translated {
            bridge: ChatToResponses::new(self.for_client(told.context), &stamp()),
            said: Vec::new(),
            event: |_, data| match Frame::read(data)? {
                Frame::Chunk(chunk) => Ok(Some(*chunk)),
                Frame::Done | Frame::Nothing => Ok(None),
            },
            whole: chunks,
        }));
        Ok(())
    }

    fn tell_messages(&mut self, request: &Request, target: &Target) -> Result<(), UpstreamFault> {
        let told = messages::to_messages(request, &target.bridge).map_err(unbridgeable)?;
        self.body = encoded(&told.request)?;
        self.losses = told.losses;
        self.spare = spare(request, || Body::Messages(Box::new(told.request)));
        self.lane = Lane::Bridged(Box::new(Translated {
            bridge: MessagesToResponses::new(self.for_client(told.context), &stamp()),
            said: Vec::new(),
            event: |name, data| Ok(Some(wire_messages::StreamEvent::parse(name, data)?)),
            whole: |body| Ok(messages::events(serde_json::from_str(body)?)),
        }));
        Ok(())
    }

    fn tell_gemini(&mut self, request: &Request, target: &Target) -> Result<(), UpstreamFault> {
        let told = gemini::to_gemini(request, &target.bridge).map_err(unbridgeable)?;
        self.uri = target.endpoint.of_gemini_model(&told.model, told.streams);
        self.body = encoded(&told.request)?;
        self.losses = told.losses;
        self.spare = spare(request, || Body::Gemini(Box::new(told.request)));
        self.lane = Lane::Bridged(Box::new(Translated {
            bridge: GeminiToResponses::new(self.for_client(told.context), &stamp()),
            said: Vec::new(),
            event: |_, data| Ok(Some(serde_json::from_str(data)?)),
            whole: chunks,
        }));
        Ok(())
    }

    /// Who asked for no stream waits for the one object.
    fn for_client(&self, context: Context) -> Context {
        if self.streams {
            context
        } else {
            context.whole()
        }
    }

    /// Takes the wish for reasoning out; returns whether there was one.
    pub(super) fn drop_reasoning(&mut self) -> Result<bool, UpstreamFault> {
        let Some(spare) = &mut self.spare else {
            return Ok(false);
        };
        let (had_one, body) = match spare {
            Body::Chat(request) => (chat::without_reasoning(request), encoded(request)?),
            Body::Messages(request) => (messages::without_reasoning(request), encoded(request)?),
            Body::Gemini(request) => (gemini::without_reasoning(request), encoded(request)?),
        };
        if had_one {
            self.body = body;
            self.losses
                .dropped("reasoning", "the upstream refuses it for this model");
        }
        Ok(had_one)
    }
}

/// Reads a whole answer: it reads as a chunk, and some servers send all chunks in one list.
fn chunks<T: DeserializeOwned>(body: &str) -> serde_json::Result<Vec<T>> {
    if body.starts_with('[') {
        return serde_json::from_str(body);
    }
    Ok(vec![serde_json::from_str(body)?])
}

/// Keeps what `body` makes, where `request` asks for reasoning: a wish that may be refused.
fn spare(request: &Request, body: impl FnOnce() -> Body) -> Option<Body> {
    request.reasoning.as_ref().map(|_| body())
}

fn unbridgeable(fault: ClientFault) -> UpstreamFault {
    UpstreamFault::Unbridgeable(Box::new(fault))
}

fn encoded(value: &impl Serialize) -> Result<Bytes, UpstreamFault> {
    json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| UpstreamFault::Unsendable(error.to_string()))
}

/// The bridge is pure; the time and an id come from here.
fn stamp() -> Stamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Stamp {
        id: Uuid::now_v7().simple().to_string(),
        created_at: now.map_or(0, |time| time.as_secs()),
    }
}
