//! The shape that the answer's text must have, for an upstream that has no such option.

use llmx_wire::messages::{ClientTool, NamedToolChoice, OutputConfig, Request, ToolChoice};
use serde_json::{Value, json};

use super::policy::Structured;
use super::tools::client_tool;
use crate::tools::{Kind, Target, ToolTable};
use crate::{ClientFault, Extra};

/// Asks for the format; returns the name of the tool whose arguments are the answer, if that is
/// the way it goes.
pub(super) fn apply(
    format: &Value,
    structured: Structured,
    offers_tools: bool,
    request: &mut Request,
) -> Result<Option<String>, ClientFault> {
    let kind = format
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let schema = match kind {
        "text" => return Ok(None),
        "json_schema" => format.get("schema").cloned().unwrap_or_default(),
        "json_object" => json!({"type": "object"}),
        _ => return Err(refused(format!("Messages has no format `{kind}`"))),
    };
    match structured {
        Structured::Refused => Err(refused("the upstream cannot hold an answer to a schema")),
        Structured::Native if kind == "json_object" => Err(refused(
            "the upstream holds answers to a schema, and this has none",
        )),
        Structured::Native => {
            let config = request
                .output_config
                .get_or_insert_with(OutputConfig::default);
            config.format = Some(json!({"type": "json_schema", "schema": schema}));
            Ok(None)
        }
        Structured::ForcedTool if offers_tools => Err(refused(
            "the upstream can only be held to a schema where it is offered no tools",
        )),
        Structured::ForcedTool => Ok(Some(force(format, schema, request))),
    }
}

fn force(format: &Value, schema: Value, request: &mut Request) -> String {
    let field = |name: &str| format.get(name).and_then(Value::as_str);
    let mut table = ToolTable::default();
    let wanted = field("name").unwrap_or("answer");
    let target = Target::new(Kind::Function, None, wanted);
    let name = table.add(target).unwrap_or_else(|| wanted.to_owned());
    let told = field("description").unwrap_or("Gives the answer.");
    request.tools.push(client_tool(ClientTool {
        name: name.clone(),
        description: Some(told.to_owned()),
        input_schema: schema,
        ..ClientTool::default()
    }));
    request.tool_choice = Some(ToolChoice::Tool(NamedToolChoice {
        name: name.clone(),
        disable_parallel_tool_use: Some(true),
        extra: Extra::new(),
    }));
    name
}

fn refused(reason: impl Into<String>) -> ClientFault {
    ClientFault::unsupported("text.format", reason)
}
