//! What the translation of a request leaves for the translation of its answer.

use std::collections::BTreeSet;
use std::mem;

use llmx_wire::responses::{Item, Request, Response, Status, TextOrList};
use serde_json::{Value, json};

use crate::options::Options;
use crate::seal::Origin;
use crate::tools::ToolTable;
use crate::{Extra, Limits, Stamp};

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
    pub(crate) fn new(
        request: &Request,
        options: &Options,
        origin: Origin,
        tools: ToolTable,
    ) -> Self {
        Self {
            tools,
            origin,
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
        response.created_at = Some(stamp.created_at.into());
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
    let mut fields = Extra::new();
    let mut tell = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    for name in REPEATED {
        if let Some(value) = request.extra.get(*name) {
            tell(name, value.clone());
        }
    }
    tell("instructions", json!(request.instructions));
    tell("max_output_tokens", json!(request.max_output_tokens));
    tell("parallel_tool_calls", json!(request.parallel_tool_calls));
    tell("prompt_cache_key", json!(request.prompt_cache_key));
    tell("temperature", json!(request.temperature));
    tell("tool_choice", json!(request.tool_choice));
    tell("top_p", json!(request.top_p));
    if request.reasoning.is_some() {
        tell("reasoning", reasoning(request));
    }
    if request.text.is_some() {
        tell("text", text(request));
    }
    if !request.tools.is_empty() {
        tell("tools", json!(request.tools));
    }
    Response {
        model: Some(request.model.clone()),
        // A server that keeps it would say so.
        store: request.store.or(Some(false)),
        previous_response_id: request.previous_response_id.clone(),
        // Nearly every answer is one item.
        output: Vec::with_capacity(1),
        is_complete: true,
        extra: fields,
        ..Response::default()
    }
}

/// What the pivot's types do not name, and a response repeats of its request.
const REPEATED: &[&str] = &[
    "max_tool_calls",
    "metadata",
    "safety_identifier",
    "service_tier",
    "top_logprobs",
    "truncation",
    "user",
];

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
