//! What the translation of a request leaves for the translation of its answer.

use std::collections::BTreeSet;
use std::mem;

use llmx_wire::responses::{Item, Request, Response, Status, TextOrList};
use serde_json::{Value, json};

use crate::options::Options;
use crate::seal::Origin;
use crate::tools::ToolTable;
use crate::{Limits, Stamp};

/// What the translation of a request leaves for the translation of its answer: the names that
/// tools got, and what a response repeats of its request.
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub(crate) tools: ToolTable,
    pub(crate) origin: Origin,
    pub(crate) limits: Limits,
    pub(crate) cumulative: bool,
    pub(crate) think_tags: bool,
    /// The tool whose arguments are the answer's text, where that is how a format is kept.
    pub(crate) answer_tool: Option<String>,
    pub(crate) calls_in_text: bool,
    /// The ids that calls of the conversation have.
    pub(crate) call_ids: BTreeSet<String>,
    /// A response that has not begun.
    pub(crate) blank: Response,
    /// Whether the client waits for the one object that the last event holds.
    pub(crate) whole: bool,
}

impl Context {
    pub(crate) fn new(request: &Request, options: &Options, tools: ToolTable) -> Self {
        Self {
            tools,
            origin: origin(request, options),
            limits: options.limits,
            cumulative: options.cumulative,
            think_tags: options.think_tags,
            answer_tool: None,
            calls_in_text: options.calls_in_text,
            call_ids: call_ids(request),
            blank: blank(request),
            whole: false,
        }
    }

    /// Says that the client has no use for the events before the terminal one: the same
    /// translation then leaves them out.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Takes the response out, at its beginning. A context begins one response.
    pub(crate) fn begin(&mut self, id: String, stamp: &Stamp) -> Response {
        let mut response = mem::take(&mut self.blank);
        response.id = id;
        response.status = Some(Status::InProgress);
        response
            .extra
            .insert("created_at".to_owned(), stamp.created_at.into());
        response
    }
}

/// Returns whose reasoning a conversation may hold.
pub(crate) fn origin(request: &Request, options: &Options) -> Origin {
    Origin {
        provider: options.provider.clone(),
        model: options.model.as_ref().unwrap_or(&request.model).clone(),
    }
}

fn call_ids(request: &Request) -> BTreeSet<String> {
    let TextOrList::List(items) = &request.input else {
        return BTreeSet::new();
    };
    let id = |item: &Item| match item {
        Item::FunctionCall(call) => Some(call.call_id.clone()),
        Item::CustomToolCall(call) => Some(call.call_id.clone()),
        Item::Unknown(object) => Some(object.get("call_id")?.as_str()?.to_owned()),
        _ => None,
    };
    items.iter().filter_map(id).collect()
}

/// Makes a response with every field that the API documents, null where there is nothing to say.
fn blank(request: &Request) -> Response {
    let mut response = Response {
        model: Some(request.model.clone()),
        ..Response::default()
    };
    let told = |name: &str| request.extra.get(name).cloned().unwrap_or_default();
    let or = |value: Value, default: Value| if value.is_null() { default } else { value };
    let fields = [
        ("object", json!("response")),
        ("created_at", json!(0)),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("usage", Value::Null),
        ("background", json!(false)),
        ("instructions", json!(request.instructions)),
        ("max_output_tokens", json!(request.max_output_tokens)),
        ("max_tool_calls", told("max_tool_calls")),
        ("metadata", or(told("metadata"), json!({}))),
        (
            "parallel_tool_calls",
            json!(request.parallel_tool_calls.unwrap_or(true)),
        ),
        ("previous_response_id", json!(request.previous_response_id)),
        ("prompt_cache_key", json!(request.prompt_cache_key)),
        ("reasoning", reasoning(request)),
        ("safety_identifier", told("safety_identifier")),
        ("service_tier", told("service_tier")),
        ("store", json!(request.store.unwrap_or(false))),
        ("temperature", json!(request.temperature)),
        ("text", text(request)),
        ("tool_choice", or(json!(request.tool_choice), json!("auto"))),
        ("tools", json!(request.tools)),
        ("top_logprobs", or(told("top_logprobs"), json!(0))),
        ("top_p", json!(request.top_p)),
        ("truncation", or(told("truncation"), json!("disabled"))),
        ("user", told("user")),
    ];
    response
        .extra
        .extend(fields.map(|(name, value)| (name.to_owned(), value)));
    response
}

fn reasoning(request: &Request) -> Value {
    let asked = request.reasoning.clone().unwrap_or_default();
    json!({"effort": asked.effort, "summary": asked.summary})
}

fn text(request: &Request) -> Value {
    let asked = request.text.clone().unwrap_or_default();
    let mut text = json!({"format": asked.format.unwrap_or_else(|| json!({"type": "text"}))});
    if let (Some(verbosity), Some(object)) = (asked.verbosity, text.as_object_mut()) {
        object.insert("verbosity".to_owned(), verbosity.into());
    }
    text
}
