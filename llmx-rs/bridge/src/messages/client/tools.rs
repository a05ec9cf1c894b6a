//! The tools of a Messages request, and which of them the model should call.

use llmx_wire::messages::{self, ClientTool, ToolChoice};
use llmx_wire::responses::{FunctionTool, Tool};
use serde_json::{Value, json};

use crate::{ClientFault, Extra, LossReport};

/// Which tool to call, and whether several at once.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) mode: Option<Value>,
    pub(super) parallel: Option<bool>,
}

/// Translates what is offered; a tool that Anthropic's servers run is dropped by name.
pub(super) fn tools(
    tools: &[messages::Tool],
    losses: &mut LossReport,
) -> Result<Vec<Tool>, ClientFault> {
    let mut out = Vec::with_capacity(tools.len());
    for tool in tools {
        match tool {
            messages::Tool::Client(tool) => out.push(function(tool, losses)?),
            messages::Tool::Unknown(object) => {
                let kind = object
                    .get("type")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                losses.dropped(
                    format!("tools[].{kind}"),
                    "the upstream cannot run this tool",
                );
            }
        }
    }
    Ok(out)
}

fn function(tool: &ClientTool, losses: &mut LossReport) -> Result<Tool, ClientFault> {
    let ClientTool {
        kind: _,
        name,
        description,
        input_schema,
        strict,
        cache_control,
        extra,
    } = tool;
    let mut kept = Extra::new();
    if let Some(mark) = cache_control {
        kept.insert("cache_control".to_owned(), json!(mark));
    }
    for (field, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "allowed_callers" if *value != json!(["direct"]) => {
                let reason = "the upstream cannot restrict who calls a tool";
                return Err(ClientFault::unsupported("tools[].allowed_callers", reason));
            }
            // Offered at once, a tool needs no search.
            "allowed_callers" | "defer_loading" => {}
            _ => losses.dropped(format!("tools[].{field}"), "Responses has no such field"),
        }
    }
    Ok(Tool::Function(FunctionTool {
        name: name.clone(),
        description: description.clone(),
        parameters: input_schema.clone(),
        // Responses holds the model to the schema unless told otherwise; Messages does not.
        strict: Some(*strict == Some(true)),
        extra: kept,
    }))
}

/// Translates the choice.
pub(super) fn choice(choice: Option<&ToolChoice>) -> Result<Choice, ClientFault> {
    let (mode, one_at_a_time) = match choice {
        None => return Ok(Choice::default()),
        Some(ToolChoice::Auto(options)) => (json!("auto"), options.disable_parallel_tool_use),
        Some(ToolChoice::Any(options)) => (json!("required"), options.disable_parallel_tool_use),
        Some(ToolChoice::None(_)) => (json!("none"), None),
        Some(ToolChoice::Tool(named)) => (
            json!({"type": "function", "name": named.name}),
            named.disable_parallel_tool_use,
        ),
        Some(unknown @ ToolChoice::Unknown(_)) => {
            let reason = format!("no such choice: `{}`", unknown.kind());
            return Err(ClientFault::invalid("tool_choice", reason));
        }
    };
    Ok(Choice {
        mode: Some(mode),
        parallel: one_at_a_time.map(|one| !one),
    })
}
