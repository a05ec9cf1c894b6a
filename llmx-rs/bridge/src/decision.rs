//! What becomes of each field of a request: the table that the code acts on and that
//! `docs/bridging.md` shows.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ClientFault, LossReport};

/// What becomes of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The target has the same.
    Mapped,
    /// The target has something close, and the loss is named.
    Lowered,
    /// Mapped where the upstream takes OpenAI's own fields, else dropped and named.
    OpenAi,
    /// The answer is made here; the upstream need not know.
    Local,
    /// The target has nothing like it, and the loss is named.
    Dropped,
    /// The answer would not be what the client asked for: a 400 that names the field.
    Refused,
}

impl Decision {
    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Lowered => "lowered",
            Self::OpenAi => "mapped for OpenAI, else dropped",
            Self::Local => "answered here",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
        }
    }
}

/// One field and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The field, as losses and faults name it; list positions are left out.
    pub field: &'static str,
    /// What becomes of it.
    pub decision: Decision,
    /// What it becomes, or why it does not.
    pub note: &'static str,
}

/// Whether a field goes on to the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carry {
    Yes,
    No,
}

/// Does with a field of the request what its row says, up to carrying it over.
pub(crate) fn carry(
    table: &'static [Row],
    name: &str,
    value: &Value,
    losses: &mut LossReport,
) -> Result<Carry, ClientFault> {
    if asks_nothing(name, value) {
        return Ok(Carry::No);
    }
    let Some(row) = row(table, name) else {
        losses.dropped(name, "llmx does not know this field");
        return Ok(Carry::No);
    };
    match row.decision {
        Decision::Mapped | Decision::OpenAi => return Ok(Carry::Yes),
        Decision::Lowered => losses.lowered(name, row.note),
        Decision::Dropped => losses.dropped(name, row.note),
        Decision::Refused => return Err(ClientFault::unsupported(name, row.note)),
        Decision::Local => {}
    }
    Ok(Carry::No)
}

/// Returns whether a value says the same as its absence.
fn asks_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => name == "truncation" && text == "disabled",
        Value::Number(number) => match name {
            "n" => number.as_u64() == Some(1),
            "top_logprobs" => number.as_u64() == Some(0),
            _ => false,
        },
        _ => false,
    }
}

/// Reads a value as what its field must be.
pub(crate) fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, ClientFault> {
    serde_json::from_value(value.clone())
        .map_err(|error| ClientFault::invalid(name, error.to_string()))
}

/// Reads the texts that end an answer: one, or a list.
pub(crate) fn stop_sequences(value: &Value) -> Result<Vec<String>, ClientFault> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        list => typed("stop", list),
    }
}

/// Returns the row of a field.
pub(crate) fn row(table: &'static [Row], field: &str) -> Option<&'static Row> {
    table.iter().find(|row| row.field == field)
}

pub(crate) const fn mapped(field: &'static str, note: &'static str) -> Row {
    let decision = Decision::Mapped;
    Row {
        field,
        decision,
        note,
    }
}

pub(crate) const fn lowered(field: &'static str, note: &'static str) -> Row {
    let decision = Decision::Lowered;
    Row {
        field,
        decision,
        note,
    }
}

const fn openai(field: &'static str) -> Row {
    Row {
        field,
        decision: Decision::OpenAi,
        note: "only OpenAI documents it for Chat",
    }
}

pub(crate) const fn local(field: &'static str, note: &'static str) -> Row {
    let decision = Decision::Local;
    Row {
        field,
        decision,
        note,
    }
}

pub(crate) const fn dropped(field: &'static str, note: &'static str) -> Row {
    let decision = Decision::Dropped;
    Row {
        field,
        decision,
        note,
    }
}

pub(crate) const fn refused(field: &'static str, note: &'static str) -> Row {
    let decision = Decision::Refused;
    Row {
        field,
        decision,
        note,
    }
}

/// A Responses request for a Chat upstream.
pub const RESPONSES_TO_CHAT: &[Row] = &[
    // Fields of the request.
    mapped("model", "the same, or the configured alias"),
    mapped("instructions", "the leading system message"),
    mapped("input", "`messages`; the items have rows of their own"),
    mapped("tools", "`tools`; the kinds have rows of their own"),
    mapped(
        "tool_choice",
        "`tool_choice`; the kinds have rows of their own",
    ),
    mapped("parallel_tool_calls", "the same, where there are tools"),
    mapped("reasoning", "see its fields"),
    mapped("text", "see its fields"),
    mapped(
        "max_output_tokens",
        "`max_tokens` or `max_completion_tokens`, by upstream",
    ),
    mapped("temperature", "the same"),
    mapped("top_p", "the same"),
    dropped("store", "the upstream keeps no responses"),
    mapped("stream", "the same, and the cost is always asked for"),
    local(
        "include",
        "sealed reasoning is always included; log probabilities are asked for",
    ),
    refused(
        "previous_response_id",
        "the upstream keeps no responses; the proxy's store expands it",
    ),
    openai("prompt_cache_key"),
    refused("background", "a Chat upstream has nothing like it"),
    refused("conversation", "a Chat upstream has nothing like it"),
    refused("prompt", "a Chat upstream has nothing like it"),
    refused("context_management", "a Chat upstream has nothing like it"),
    refused("modalities", "a response here is text"),
    refused("n", "a response holds one answer"),
    mapped("stop", "the same"),
    mapped("seed", "the same"),
    mapped("presence_penalty", "the same"),
    mapped("frequency_penalty", "the same"),
    mapped("logit_bias", "the same"),
    mapped("user", "the same"),
    mapped("top_logprobs", "`logprobs` and `top_logprobs`"),
    dropped(
        "truncation",
        "the upstream never shortens a conversation by itself",
    ),
    openai("metadata"),
    openai("safety_identifier"),
    openai("service_tier"),
    openai("prompt_cache_retention"),
    dropped(
        "stream_options",
        "the stream is written here, not by the upstream",
    ),
    dropped("max_tool_calls", "Chat has no such field"),
    dropped("client_metadata", "Chat has no such field"),
    dropped("top_k", "Chat has no such field"),
    mapped(
        "reasoning.effort",
        "`reasoning_effort`, or the nearest that the upstream has",
    ),
    dropped("reasoning.summary", "the upstream decides what it shows"),
    mapped("text.format", "`response_format`"),
    openai("text.verbosity"),
    // Items.
    mapped(
        "input[].message",
        "a message; system words as the policy says",
    ),
    mapped(
        "input[].reasoning",
        "back to the model it came from, where the turn called tools",
    ),
    mapped(
        "input[].function_call",
        "a call of the turn's assistant message",
    ),
    mapped(
        "input[].function_call_output",
        "a tool message after its call",
    ),
    mapped("input[].custom_tool_call", "a call with `{input}`"),
    mapped(
        "input[].custom_tool_call_output",
        "a tool message after its call",
    ),
    mapped("input[].tool_search_call", "a call"),
    mapped(
        "input[].tool_search_output",
        "a tool message; what was found is offered",
    ),
    mapped("input[].local_shell_call", "a call"),
    mapped(
        "input[].local_shell_call_output",
        "a tool message after its call",
    ),
    mapped("input[].additional_tools", "offered like `tools`"),
    lowered(
        "input[].mcp_call",
        "it is told as text, like every unknown item",
    ),
    dropped(
        "input[].web_search_call",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].file_search_call",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].mcp_list_tools",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].image_generation_call",
        "the upstream takes no generated pictures",
    ),
    refused(
        "input[].item_reference",
        "the upstream keeps no items; send the item itself",
    ),
    refused(
        "input[].compaction",
        "only the provider that made it can read it",
    ),
    refused(
        "input[].compaction_trigger",
        "only the provider that made it can read it",
    ),
    refused("input[].computer_call", "the upstream has no computer tool"),
    // Parts.
    mapped("input[].content[].input_text", "text"),
    dropped(
        "input[].content[].cache_control",
        "servers of Chat find what they have cached by themselves",
    ),
    mapped(
        "input[].content[].input_image",
        "`image_url`, where it has a URL",
    ),
    mapped(
        "input[].content[].input_file",
        "`file`, where it has content or an id",
    ),
    mapped("input[].content[].input_audio", "the same"),
    lowered("input[].content[].refusal", "it is told as text"),
    refused(
        "input[].content[].input_video",
        "Chat has no such part, like every unknown part",
    ),
    // Tools.
    mapped("tools[].function", "the same, under a legal name"),
    lowered(
        "tools[].custom",
        "a function with `{input}`; its grammar is told, not enforced",
    ),
    mapped("tools[].namespace", "its tools, flattened"),
    mapped(
        "tools[].tool_search",
        "a function, where the client executes it",
    ),
    mapped("tools[].local_shell", "a function"),
    dropped(
        "tools[].web_search",
        "the upstream cannot run this tool, like every other kind",
    ),
    mapped("tool_choice.function", "named by its name on the wire"),
    mapped("tool_choice.custom", "named by its name on the wire"),
    lowered(
        "tool_choice.allowed_tools",
        "only the allowed tools are offered",
    ),
    refused(
        "tool_choice.web_search",
        "the upstream cannot run the tool that it demands",
    ),
];

/// A Chat request for an upstream of Responses.
pub const CHAT_TO_RESPONSES: &[Row] = &[
    // Fields of the request.
    mapped("model", "the same, or the configured alias"),
    mapped(
        "messages",
        "`input`; the roles and parts have rows of their own",
    ),
    mapped("tools", "`tools`; the kinds have rows of their own"),
    mapped("tool_choice", "`tool_choice`, flattened"),
    mapped("parallel_tool_calls", "the same"),
    mapped("reasoning_effort", "`reasoning.effort`"),
    mapped("verbosity", "`text.verbosity`"),
    mapped("response_format", "`text.format`"),
    mapped("max_tokens", "`max_output_tokens`"),
    mapped(
        "max_completion_tokens",
        "`max_output_tokens`; it wins over `max_tokens`",
    ),
    mapped("temperature", "the same"),
    mapped("top_p", "the same"),
    refused("n", "a response holds one answer"),
    dropped("stop", "Responses has no such field"),
    dropped("seed", "Responses has no such field"),
    dropped("presence_penalty", "Responses has no such field"),
    dropped("frequency_penalty", "Responses has no such field"),
    dropped("logit_bias", "Responses has no such field"),
    mapped("logprobs", "`include`"),
    mapped("top_logprobs", "the same"),
    mapped("stream", "the same"),
    local("stream_options", "the cost is told to those who ask"),
    mapped(
        "store",
        "the same; false where it is absent, as Chat has it",
    ),
    mapped("metadata", "the same"),
    mapped("user", "the same"),
    mapped("safety_identifier", "the same"),
    mapped("prompt_cache_key", "the same"),
    mapped("service_tier", "the same"),
    mapped("prompt_cache_retention", "the same"),
    mapped("functions", "`tools`"),
    mapped("function_call", "`tool_choice`"),
    refused("modalities", "a response holds text alone"),
    refused("audio", "a response holds text alone"),
    dropped("prediction", "Responses has no such field"),
    dropped("web_search_options", "Responses has no such field"),
    dropped("top_k", "Responses has no such field"),
    // Messages.
    mapped("messages[].system", "a message"),
    mapped("messages[].developer", "a message"),
    mapped("messages[].user", "a message"),
    mapped("messages[].assistant", "a message, and an item per call"),
    mapped("messages[].tool", "an output of the call's kind"),
    mapped("messages[].function", "an output of the call before it"),
    mapped("messages[].refusal", "a part"),
    dropped("messages[].name", "Responses has no names"),
    dropped(
        "messages[].reasoning_content",
        "nothing tells which model it came from",
    ),
    // Parts and tools.
    mapped("messages[].content[].text", "`input_text` or `output_text`"),
    mapped("messages[].content[].image_url", "`input_image`"),
    mapped("messages[].content[].input_audio", "the same"),
    mapped("messages[].content[].file", "`input_file`"),
    refused(
        "messages[].content[].video_url",
        "Responses has no such part, like every unknown part",
    ),
    mapped(
        "tools[].function",
        "the same, flattened; `strict` stays off unless asked for",
    ),
    mapped("tools[].custom", "the same, flattened"),
    dropped(
        "tools[].browser",
        "Responses has no such tool, like every unknown kind",
    ),
];
