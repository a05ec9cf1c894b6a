//! The tools of a Gemini request, and which of them the model should call.

use llmx_wire::gemini::{self, FunctionDeclaration, Mode, ToolConfig};
use llmx_wire::responses::{FunctionTool, Tool};
use serde_json::{Value, json};

use super::schema;
use crate::{Extra, LossReport};

/// Translates what is offered; a tool that Google's servers run is dropped by name.
pub(super) fn tools(tools: &[gemini::Tool], losses: &mut LossReport) -> Vec<Tool> {
    let mut out = Vec::new();
    for tool in tools {
        for (kind, value) in &tool.extra {
            if !value.is_null() {
                losses.dropped(
                    format!("tools[].{kind}"),
                    "the upstream cannot run this tool",
                );
            }
        }
        let functions = tool.function_declarations.iter();
        out.extend(functions.map(|function| self::function(function, losses)));
    }
    out
}

fn function(function: &FunctionDeclaration, losses: &mut LossReport) -> Tool {
    let FunctionDeclaration {
        name,
        description,
        parameters,
        parameters_json_schema,
        extra,
    } = function;
    for (field, value) in extra {
        if !value.is_null() {
            let path = format!("tools[].functionDeclarations[].{field}");
            losses.dropped(path, "Responses has no such field");
        }
    }
    let raised = || parameters.as_ref().map(schema::raise);
    let schema = parameters_json_schema.clone().or_else(raised);
    Tool::Function(FunctionTool {
        name: name.clone(),
        description: description.clone(),
        parameters: schema.unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        // Responses holds the model to the schema unless told otherwise; Gemini does not.
        strict: Some(false),
        extra: Extra::new(),
    })
}

/// Translates the choice.
pub(super) fn choice(config: Option<&ToolConfig>, losses: &mut LossReport) -> Option<Value> {
    let config = config?;
    for (field, value) in &config.extra {
        if !value.is_null() {
            losses.dropped(format!("toolConfig.{field}"), "Responses has no such field");
        }
    }
    let config = config.function_calling_config.as_ref()?;
    let mode = match config.mode.as_ref()? {
        Mode::Auto | Mode::Validated => "auto",
        Mode::Any => "required",
        Mode::None => "none",
        Mode::Unknown(mode) => {
            losses.dropped(format!("toolConfig.{mode}"), "Responses has no such mode");
            return None;
        }
    };
    let function = |name: &String| json!({"type": "function", "name": name});
    Some(match config.allowed_function_names.as_slice() {
        [one] if mode == "required" => function(one),
        [_, ..] if mode != "none" => {
            let tools: Vec<Value> = config.allowed_function_names.iter().map(function).collect();
            json!({"type": "allowed_tools", "mode": mode, "tools": tools})
        }
        _ => mode.into(),
    })
}
