//! The tools that a Chat upstream is offered, and which of them it should call.

use llmx_wire::chat::{self, Function};
use serde_json::{Value, json};

use crate::tools::{Choice, Offered};
use crate::{Extra, LossReport};

/// Translates what is offered.
pub(super) fn tools(
    offered: Vec<Offered>,
    strict: bool,
    losses: &mut LossReport,
) -> Vec<chat::Tool> {
    let mut tools = Vec::with_capacity(offered.len());
    for tool in offered {
        if tool.strict && !strict {
            let reason = "the upstream does not enforce schemas";
            losses.dropped("tools[].function.strict", reason);
        }
        if tool.cache_control.is_some() {
            losses.dropped("tools[].cache_control", "Chat has no such field");
        }
        tools.push(chat::Tool::Function(chat::FunctionTool {
            function: Function {
                name: tool.name,
                description: tool.description,
                parameters: Some(tool.parameters),
                strict: (tool.strict && strict).then_some(true),
                extra: Extra::new(),
            },
            extra: Extra::new(),
        }));
    }
    tools
}

/// Translates the choice; Chat refuses one where there is nothing to choose from.
pub(super) fn tool_choice(choice: Option<Choice>, has_tools: bool) -> Option<Value> {
    Some(match choice.filter(|_| has_tools)? {
        Choice::Auto => "auto".into(),
        Choice::None => "none".into(),
        Choice::Required => "required".into(),
        Choice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
    })
}
