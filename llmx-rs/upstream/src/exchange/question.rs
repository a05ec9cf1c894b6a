//! A request as the provider's dialect says it, and what its answer will need.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use llmx_bridge::chat::{self, ChatToResponses};
use llmx_bridge::{LossReport, Stamp};
use llmx_wire::Dialect;
use llmx_wire::responses::Request;
use serde::Serialize;
use uuid::Uuid;

use super::fault::UpstreamFault;
use super::lane::Lane;
use super::target::Target;

/// A request that is ready to be sent.
pub(super) struct Question {
    pub(super) body: Bytes,
    pub(super) lane: Lane,
    pub(super) losses: LossReport,
    /// Whether the answer should come as a stream.
    pub(super) streams: bool,
    /// The translated request, while it may have to be sent once more with less in it.
    chat: Option<Box<llmx_wire::chat::Request>>,
}

impl Question {
    pub(super) fn new(request: &Request, target: &Target) -> Result<Self, UpstreamFault> {
        let streams = request.stream == Some(true);
        if target.dialect == Dialect::Responses {
            return Ok(Self {
                body: json(request)?,
                lane: Lane::Responses,
                losses: LossReport::default(),
                streams,
                chat: None,
            });
        }
        let translated = chat::to_chat(request, &target.bridge)
            .map_err(|fault| UpstreamFault::Unbridgeable(Box::new(fault)))?;
        let bridge = ChatToResponses::new(translated.context, &stamp());
        Ok(Self {
            body: json(&translated.request)?,
            lane: Lane::Chat(Box::new(bridge)),
            losses: translated.losses,
            streams,
            chat: Some(Box::new(translated.request)),
        })
    }

    /// Takes the wish for reasoning out; returns whether there was one.
    pub(super) fn drop_reasoning(&mut self) -> Result<bool, UpstreamFault> {
        let Some(mut chat) = self.chat.take() else {
            return Ok(false);
        };
        let had_one = chat::without_reasoning(&mut chat);
        if had_one {
            self.body = json(&chat)?;
            self.losses
                .dropped("reasoning", "the upstream refuses it for this model");
        }
        Ok(had_one)
    }
}

fn json(value: &impl Serialize) -> Result<Bytes, UpstreamFault> {
    serde_json::to_vec(value)
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
