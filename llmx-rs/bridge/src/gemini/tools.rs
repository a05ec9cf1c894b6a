//! The tools that Gemini is offered, and which of them it should call.

use llmx_wire::gemini::{FunctionCallingConfig, FunctionDeclaration, Mode, Tool, ToolConfig};
use serde_json::Value;

use super::policy::SchemaStyle;
use super::schema;
use crate::LossReport;
use crate::tools::{Choice, Offered};

/// Translates what is offered.
pub(super) fn tools(
    offered: Vec<Offered>,
    schemas: SchemaStyle,
    losses: &mut LossReport,
) -> Vec<Tool> {
    let mut function_declarations = Vec::with_capacity(offered.len());
    for tool in offered {
        if tool.strict {
            losses.dropped("tools[].function.strict", "Gemini has no such field");
        }
        if tool.cache_control.is_some() {
            losses.dropped("tools[].cache_control", CACHES_ALONE);
        }
        let mut declaration = FunctionDeclaration {
            name: tool.name,
            description: tool.description.filter(|text| !text.is_empty()),
            ..FunctionDeclaration::default()
        };
        match schemas {
            SchemaStyle::Json => declaration.parameters_json_schema = Some(tool.parameters),
            SchemaStyle::Lowered => {
                declaration.parameters = parameters(&tool.parameters, tool.is_clients, losses);
            }
        }
        function_declarations.push(declaration);
    }
    if function_declarations.is_empty() {
        return Vec::new();
    }
    vec![Tool {
        function_declarations,
        ..Tool::default()
    }]
}

/// Why a client's mark goes no further.
pub(super) const CACHES_ALONE: &str = "Gemini finds what it has cached by itself";

/// A tool without parameters has no schema: Gemini refuses an object without properties.
fn parameters(schema: &Value, is_clients: bool, losses: &mut LossReport) -> Option<Value> {
    let (lowered, weaker) = schema::lower(schema);
    let has_some = lowered.get("properties").is_some() || lowered.get("anyOf").is_some();
    if weaker && has_some && is_clients {
        let reason = "what Gemini's schemas cannot say is told in descriptions";
        losses.lowered("tools[].function.parameters", reason);
    }
    has_some.then_some(lowered)
}

/// Translates the choice.
pub(super) fn tool_config(choice: Option<Choice>, has_tools: bool) -> Option<ToolConfig> {
    let (mode, allowed_function_names) = match choice.filter(|_| has_tools)? {
        Choice::Auto => (Mode::Auto, Vec::new()),
        Choice::None => (Mode::None, Vec::new()),
        Choice::Required => (Mode::Any, Vec::new()),
        Choice::Tool(name) => (Mode::Any, vec![name]),
    };
    Some(ToolConfig {
        function_calling_config: Some(FunctionCallingConfig {
            mode: Some(mode),
            allowed_function_names,
            ..FunctionCallingConfig::default()
        }),
        ..ToolConfig::default()
    })
}
