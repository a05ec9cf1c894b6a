//! The tools of a Chat request, in either of its forms.

use llmx_wire::chat::{self, Function};
use llmx_wire::responses::{CustomTool, FunctionTool, Tool};
use serde_json::{Value, json};

use crate::{ClientFault, Extra, LossReport, Object};

/// Translates `tools`, and `functions` of the protocol's first form.
pub(super) fn offered(
    tools: &[chat::Tool],
    extra: &Object,
    losses: &mut LossReport,
) -> Result<Vec<Tool>, ClientFault> {
    let mut offered = Vec::with_capacity(tools.len());
    for tool in tools {
        match tool {
            chat::Tool::Function(tool) => offered.push(function(tool.function.clone())),
            chat::Tool::Custom(tool) => offered.push(custom(&tool.custom)),
            chat::Tool::Unknown(_) => {
                losses.dropped(
                    format!("tools[].{}", tool.kind()),
                    "Responses has no such tool",
                );
            }
        }
    }
    let functions = extra.get("functions").filter(|value| !value.is_null());
    if let Some(functions) = functions {
        let functions: Vec<Function> = serde_json::from_value(functions.clone())
            .map_err(|error| ClientFault::invalid("functions", error.to_string()))?;
        offered.extend(functions.into_iter().map(function));
    }
    Ok(offered)
}

/// Translates `tool_choice`, or `function_call` of the protocol's first form.
pub(super) fn choice(choice: Option<&Value>) -> Result<Option<Value>, ClientFault> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(None);
    };
    if choice.is_string() {
        return Ok(Some(choice.clone()));
    }
    match choice.get("type").and_then(Value::as_str) {
        Some("allowed_tools") => {
            let allowed = choice.get("allowed_tools").unwrap_or(choice);
            let tools = allowed.get("tools").and_then(Value::as_array);
            let tools: Vec<Value> = tools.into_iter().flatten().filter_map(named).collect();
            let mode = allowed
                .get("mode")
                .cloned()
                .unwrap_or_else(|| json!("auto"));
            Ok(Some(
                json!({"type": "allowed_tools", "mode": mode, "tools": tools}),
            ))
        }
        _ => named(choice).map(Some).ok_or_else(|| {
            ClientFault::invalid("tool_choice", "it names no tool that Responses knows")
        }),
    }
}

/// Takes a name out of the object that Chat puts it in.
fn named(choice: &Value) -> Option<Value> {
    let name = |object: &Value| object.get("name").cloned();
    match choice.get("type").and_then(Value::as_str) {
        Some(kind @ ("function" | "custom")) => {
            let name = name(choice.get(kind)?)?;
            Some(json!({"type": kind, "name": name}))
        }
        None => Some(json!({"type": "function", "name": name(choice)?})),
        Some(_) => None,
    }
}

fn function(mut function: Function) -> Tool {
    // The pivot has one object where Chat has two, and the kind stands in it.
    function.extra.shift_remove("type");
    Tool::Function(FunctionTool {
        name: function.name,
        description: function.description,
        parameters: function.parameters.unwrap_or_default(),
        // Responses enforces schemas unless told not to; Chat does not unless told to.
        strict: Some(function.strict.unwrap_or(false)),
        extra: function.extra,
    })
}

fn custom(tool: &Value) -> Tool {
    let text = |field: &str| tool.get(field).and_then(Value::as_str).map(str::to_owned);
    let format = tool.get("format").filter(|format| !format.is_null());
    Tool::Custom(CustomTool {
        name: text("name").unwrap_or_default(),
        description: text("description"),
        format: format.map(flat),
        extra: Extra::new(),
    })
}

/// Chat keeps a grammar in an object of its own, Responses beside `type`.
fn flat(format: &Value) -> Value {
    let Some(grammar) = format.get("grammar").and_then(Value::as_object) else {
        return format.clone();
    };
    let mut flat = Object::from_iter([("type".to_owned(), json!("grammar"))]);
    flat.extend(grammar.clone());
    flat.into()
}
