//! Items that only some servers know: each is resolved, told as text, lost by name, or refused.

use llmx_wire::responses::{TextOrList, ToolCallOutput};
use serde_json::{Value, json};

use crate::tools::{Kind, Target, ToolTable};
use crate::{ClientFault, Object};

/// What an item means to a Chat upstream.
pub(super) enum Foreign {
    /// It was dealt with elsewhere.
    Nothing,
    /// A call, with its arguments.
    Call(Target, String),
    /// A result.
    Output(ToolCallOutput),
    /// Something that the conversation can do without.
    Lost(&'static str),
    /// Something that only words can carry.
    Told(String),
}

pub(super) fn read(
    position: usize,
    kind: &str,
    object: &Object,
    table: &ToolTable,
) -> Result<Foreign, ClientFault> {
    let refuse = |reason: &str| {
        let path = format!("input[{position}].{kind}");
        Err(ClientFault::unsupported(path, reason))
    };
    match kind {
        "additional_tools" => Ok(Foreign::Nothing),
        "tool_search_call" => {
            let target = Target::new(Kind::ToolSearch, None, "tool_search");
            Ok(Foreign::Call(target, arguments(object.get("arguments"))))
        }
        "local_shell_call" => {
            let target = Target::new(Kind::LocalShell, None, "local_shell");
            let mut action = object.get("action").cloned().unwrap_or_else(|| json!({}));
            if let Some(action) = action.as_object_mut() {
                action.shift_remove("type");
            }
            Ok(Foreign::Call(target, arguments(Some(&action))))
        }
        "tool_search_output" | "local_shell_call_output" => {
            Ok(Foreign::Output(output(object, table)))
        }
        "item_reference" => refuse("the upstream keeps no items; send the item itself"),
        "compaction" | "context_compaction" | "compaction_trigger" => {
            refuse("only the provider that made it can read it; compact with a prompt instead")
        }
        "computer_call" | "computer_call_output" => refuse("the upstream has no computer tool"),
        "web_search_call" | "file_search_call" | "mcp_list_tools" => Ok(Foreign::Lost(
            "what it found is in the text that follows it",
        )),
        "image_generation_call" => Ok(Foreign::Lost("the upstream takes no generated pictures")),
        "" => refuse("it has no type"),
        _ => Ok(Foreign::Told(told(kind, object))),
    }
}

/// Reads a result whose fields differ from those of other results.
pub(super) fn output(object: &Object, table: &ToolTable) -> ToolCallOutput {
    let text = |field: &str| object.get(field).and_then(Value::as_str);
    let output = match text("output") {
        Some(output) => output.to_owned(),
        None => found_tools(object, table),
    };
    ToolCallOutput {
        call_id: text("call_id")
            .or_else(|| text("id"))
            .unwrap_or_default()
            .to_owned(),
        output: TextOrList::Text(output),
        ..ToolCallOutput::default()
    }
}

/// Tells which tools a search has found; their schemas stand among the request's tools.
fn found_tools(object: &Object, table: &ToolTable) -> String {
    let tools = object.get("tools").and_then(Value::as_array);
    let mut names = Vec::new();
    for tool in tools.into_iter().flatten() {
        let group = name(tool);
        match tool.get("tools").and_then(Value::as_array) {
            Some(members) => names.extend(
                members
                    .iter()
                    .map(|member| Target::new(kind(member), Some(group), name(member))),
            ),
            None => names.push(Target::new(kind(tool), None, group)),
        }
    }
    if names.is_empty() {
        return "No tools were found.".to_owned();
    }
    let names: Vec<String> = names.iter().map(|target| table.wire_name(target)).collect();
    format!("These tools can now be called:\n{}", names.join("\n"))
}

fn name(tool: &Value) -> &str {
    tool.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn kind(tool: &Value) -> Kind {
    match tool.get("type").and_then(Value::as_str) {
        Some("custom") => Kind::Custom,
        _ => Kind::Function,
    }
}

fn arguments(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "{}".to_owned(),
        Some(value) => value.to_string(),
    }
}

/// Writes an item down; what is only for its server, or only names it, is left out.
fn told(kind: &str, object: &Object) -> String {
    let fields: Object = object
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "type" | "id" | "status" | "encrypted_content"
            )
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    format!("({kind}: {})", Value::Object(fields))
}
