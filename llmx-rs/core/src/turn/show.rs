//! Turns conversation items into what a frontend shows, and numbers it.

use llmx_protocol::{DeltaKind, ItemDetails, ItemStatus, ThreadEvent, ThreadItem, Usage};
use llmx_wire::responses::{self, ContentPart, Item, Reasoning, Role, StreamEvent};

use serde_json::{Map, Value};

use super::Thoughts;
use super::calls::Started;
use super::vocabulary::{Call, Note, Payload};

/// Gives out `item_0`, `item_1`, …
#[derive(Debug, Clone, Default)]
pub(super) struct ItemNumbers {
    next: u64,
}

impl ItemNumbers {
    pub(super) fn next_id(&mut self) -> String {
        let id = format!("item_{}", self.next);
        self.next = self.next.saturating_add(1);
        id
    }

    /// Makes the report of something that is finished as soon as it is known.
    pub(super) fn completed(&mut self, details: ItemDetails) -> ThreadEvent {
        let id = self.next_id();
        ThreadEvent::ItemCompleted {
            item: ThreadItem { id, details },
        }
    }
}

/// Returns how an item of the model is shown, and noted where the item does not say it all; `None`
/// for one that says nothing.
pub(super) fn words(item: &Item, thoughts: Thoughts) -> Option<(Option<Note>, ItemDetails)> {
    match item {
        Item::Message(message) if message.role == Role::Assistant => {
            let text = Some(message.text()).filter(|text| !text.is_empty())?;
            Some((
                Some(Note::AgentMessage(text.clone())),
                ItemDetails::AgentMessage { text },
            ))
        }
        Item::Reasoning(reasoning) => {
            let text = Some(thought(reasoning, thoughts)).filter(|text| !text.is_empty())?;
            Some((
                Some(Note::AgentReasoning(text.clone())),
                ItemDetails::Reasoning { text },
            ))
        }
        Item::Unknown(object) => Some((None, search(object)?)),
        _ => None,
    }
}

/// Returns how a search that the provider made is shown.
pub(crate) fn search(object: &Map<String, Value>) -> Option<ItemDetails> {
    if object.get("type").and_then(Value::as_str) != Some("web_search_call") {
        return None;
    }
    let action = object.get("action").cloned();
    let field = |name: &str| action.as_ref()?.get(name)?.as_str();
    let query = match (field("query"), field("pattern"), field("url")) {
        (Some(query), ..) => query.to_owned(),
        (None, Some(pattern), Some(url)) => format!("{pattern} in {url}"),
        (None, _, Some(url)) => url.to_owned(),
        _ => String::new(),
    };
    Some(ItemDetails::WebSearch { query, action })
}

pub(super) fn started(started: &Started) -> ThreadEvent {
    ThreadEvent::ItemStarted {
        item: ThreadItem {
            id: started.item_id.clone(),
            details: (*started.shown).clone(),
        },
    }
}

/// Returns what is shown of the writing of a summary.
pub(super) fn compaction(item_id: &str, summary: &str, status: ItemStatus) -> ThreadItem {
    ThreadItem {
        id: item_id.to_owned(),
        details: ItemDetails::ContextCompaction {
            summary: summary.to_owned(),
            status,
        },
    }
}

pub(super) fn finished(item_id: String, details: ItemDetails) -> ThreadEvent {
    ThreadEvent::ItemCompleted {
        item: ThreadItem {
            id: item_id,
            details,
        },
    }
}

/// Returns what is shown of a call that was never understood.
pub(super) fn rejected(call: &Call, message: String) -> ItemDetails {
    let (Payload::Json(given) | Payload::Text(given)) = &call.payload;
    ItemDetails::ToolCall {
        tool: call.name.clone(),
        arguments: serde_json::from_str(given).unwrap_or_else(|_| given.as_str().into()),
        output: message,
        status: ItemStatus::Failed,
    }
}

/// Returns what a frontend may show of an answer that grows.
pub(super) fn preview(event: &StreamEvent, thoughts: Thoughts) -> Option<ThreadEvent> {
    let (kind, delta) = match event {
        StreamEvent::OutputTextDelta(delta) => (DeltaKind::AgentMessage, delta),
        StreamEvent::SummaryTextDelta(delta) if thoughts != Thoughts::Hidden => {
            (DeltaKind::Reasoning, delta)
        }
        _ => return None,
    };
    let delta = delta.delta.clone();
    Some(ThreadEvent::AnswerDelta { kind, delta })
}

/// Adds what one answer cost to what the turn has cost so far.
pub(super) fn add_usage(total: &mut Usage, answer: &responses::Usage) {
    let add = |total: &mut u64, more: u64| *total = total.saturating_add(more);
    add(&mut total.input_tokens, answer.input_tokens);
    add(
        &mut total.cached_input_tokens,
        answer.input_tokens_details.cached_tokens,
    );
    let written = answer.input_tokens_details.extra.get("cache_write_tokens");
    let written = written.and_then(Value::as_u64);
    add(&mut total.cache_write_input_tokens, written.unwrap_or(0));
    add(&mut total.output_tokens, answer.output_tokens);
    add(
        &mut total.reasoning_output_tokens,
        answer.output_tokens_details.reasoning_tokens,
    );
}

fn thought(reasoning: &Reasoning, thoughts: Thoughts) -> String {
    match thoughts {
        Thoughts::Hidden => String::new(),
        Thoughts::Summarized => joined(&reasoning.summary),
        Thoughts::Raw => {
            let raw = joined(reasoning.content.as_deref().unwrap_or_default());
            Some(raw)
                .filter(|raw| !raw.is_empty())
                .unwrap_or_else(|| joined(&reasoning.summary))
        }
    }
}

fn joined(parts: &[ContentPart]) -> String {
    let parts: Vec<_> = parts
        .iter()
        .filter_map(ContentPart::text)
        .filter(|text| !text.is_empty())
        .collect();
    parts.join("\n\n")
}
