//! Which of the offered tools the model should call, in every shape that a client may say it.

use serde_json::Value;

use super::{Kind, Offer, Target, ToolTable};
use crate::{ClientFault, LossReport};

/// Which tool the model should call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    Auto,
    None,
    Required,
    /// The one of this name on the wire.
    Tool(String),
}

/// Reads `tool_choice`; `allowed_tools` also narrows what is offered. `None`: the client is silent.
pub(crate) fn choice(
    choice: Option<&Value>,
    offer: &mut Offer,
    losses: &mut LossReport,
) -> Result<Option<Choice>, ClientFault> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(None);
    };
    let read = match choice.as_str() {
        Some(mode) => of_mode(mode)?,
        None => match field(choice, "type").unwrap_or_default() {
            "allowed_tools" => {
                narrow(choice, offer)?;
                losses.lowered(PATH, "only the allowed tools are offered");
                of_mode(field(choice, "mode").unwrap_or("auto"))?
            }
            kind => Choice::Tool(named(choice, kind, &offer.table)?.to_owned()),
        },
    };
    if read == Choice::Required && offer.tools.is_empty() {
        let reason = "it requires a tool, but none can be offered to this upstream";
        return Err(ClientFault::unsupported(PATH, reason));
    }
    Ok(Some(read))
}

fn of_mode(mode: &str) -> Result<Choice, ClientFault> {
    match mode {
        "auto" => Ok(Choice::Auto),
        "none" => Ok(Choice::None),
        "required" => Ok(Choice::Required),
        _ => Err(ClientFault::invalid(
            PATH,
            format!("no such mode: `{mode}`"),
        )),
    }
}

fn narrow(choice: &Value, offer: &mut Offer) -> Result<(), ClientFault> {
    let allowed = choice.get("tools").and_then(Value::as_array);
    let mut names = Vec::new();
    for tool in allowed.into_iter().flatten() {
        let kind = field(tool, "type").unwrap_or_default();
        names.push(named(tool, kind, &offer.table)?);
    }
    offer
        .tools
        .retain(|tool| names.contains(&tool.name.as_str()));
    Ok(())
}

/// Returns the wire name of the tool that `choice` names.
fn named<'a>(choice: &Value, kind: &str, table: &'a ToolTable) -> Result<&'a str, ClientFault> {
    let name = field(choice, "name").unwrap_or_default();
    let namespace = field(choice, "namespace");
    let target = match kind {
        "function" => Target::new(Kind::Function, namespace, name),
        "custom" => Target::new(Kind::Custom, namespace, name),
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

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

const PATH: &str = "tool_choice";
