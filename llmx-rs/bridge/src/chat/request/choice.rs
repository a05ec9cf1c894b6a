//! Which tool the model should call.

use llmx_wire::chat::{self, Tool};
use serde_json::{Value, json};

use crate::tools::{Kind, Target, ToolTable};
use crate::{ClientFault, LossReport};

/// Sets the choice; `allowed_tools` also narrows what the request offers.
pub(super) fn apply(
    choice: Option<&Value>,
    table: &ToolTable,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(());
    };
    if let Some(mode) = choice.as_str() {
        return apply_mode(mode, chat);
    }
    match choice
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
    {
        "allowed_tools" => {
            narrow(choice, table, chat)?;
            losses.lowered(PATH, "only the allowed tools are offered");
            let mode = choice.get("mode").and_then(Value::as_str);
            apply_mode(mode.unwrap_or("auto"), chat)
        }
        kind => {
            let name = named(choice, kind, table)?;
            chat.tool_choice = Some(json!({"type": "function", "function": {"name": name}}));
            Ok(())
        }
    }
}

fn apply_mode(mode: &str, chat: &mut chat::Request) -> Result<(), ClientFault> {
    if !matches!(mode, "auto" | "none" | "required") {
        return Err(ClientFault::invalid(
            PATH,
            format!("no such mode: `{mode}`"),
        ));
    }
    // Chat refuses a choice where there is nothing to choose from.
    if !chat.tools.is_empty() {
        chat.tool_choice = Some(mode.into());
        return Ok(());
    }
    if mode == "required" {
        let reason = "it requires a tool, but none can be offered to this upstream";
        return Err(ClientFault::unsupported(PATH, reason));
    }
    Ok(())
}

fn narrow(choice: &Value, table: &ToolTable, chat: &mut chat::Request) -> Result<(), ClientFault> {
    let allowed = choice.get("tools").and_then(Value::as_array);
    let mut names = Vec::new();
    for tool in allowed.into_iter().flatten() {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        names.push(named(tool, kind, table)?);
    }
    chat.tools.retain(|tool| match tool {
        Tool::Function(tool) => names.contains(&tool.function.name.as_str()),
        Tool::Custom(_) | Tool::Unknown(_) => false,
    });
    Ok(())
}

/// Returns the wire name of the tool that `choice` names.
fn named<'a>(choice: &Value, kind: &str, table: &'a ToolTable) -> Result<&'a str, ClientFault> {
    let text = |field: &str| choice.get(field).and_then(Value::as_str);
    let target = match kind {
        "function" => Target::new(
            Kind::Function,
            text("namespace"),
            text("name").unwrap_or(""),
        ),
        "custom" => Target::new(Kind::Custom, text("namespace"), text("name").unwrap_or("")),
        "tool_search" => Target::new(Kind::ToolSearch, None, "tool_search"),
        "local_shell" => Target::new(Kind::LocalShell, None, "local_shell"),
        _ => {
            let reason = format!("the upstream cannot run the tool `{kind}` that it demands");
            return Err(ClientFault::unsupported(PATH, reason));
        }
    };
    table.offered(&target).ok_or_else(|| {
        let reason = format!("it names `{}`, which `tools` does not offer", target.name);
        ClientFault::invalid(PATH, reason)
    })
}

const PATH: &str = "tool_choice";
