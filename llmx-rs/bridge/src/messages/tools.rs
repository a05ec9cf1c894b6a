//! The tools that Messages is offered, and which of them it should call.

use std::collections::BTreeSet;

use llmx_wire::messages::{
    ClientTool, ContentBlock, NamedToolChoice, Request, Tool, ToolChoice, ToolChoiceOptions,
};
use llmx_wire::responses::TextOrList;
use serde_json::{Value, json};

use super::cache;
use crate::tools::{Choice, Offered};
use crate::{Extra, LossReport, Object};

/// Translates what is offered.
pub(super) fn tools(offered: Vec<Offered>, strict: bool, losses: &mut LossReport) -> Vec<Tool> {
    let mut tools = Vec::with_capacity(offered.len());
    for tool in offered {
        if tool.strict && !strict {
            losses.dropped(
                "tools[].function.strict",
                "the upstream does not enforce schemas",
            );
        }
        let mark = tool.cache_control.map(|mark| {
            let held = Object::from_iter([("cache_control".to_owned(), mark)]);
            cache::of_client(&held, losses)
        });
        tools.push(client_tool(ClientTool {
            name: tool.name,
            description: tool.description.filter(|text| !text.is_empty()),
            input_schema: of_object(tool.parameters),
            strict: (tool.strict && strict).then_some(true),
            cache_control: mark.flatten(),
            ..ClientTool::default()
        }));
    }
    tools
}

/// Translates the choice; one call at a time is part of it.
pub(super) fn tool_choice(
    choice: Option<Choice>,
    parallel: Option<bool>,
    has_tools: bool,
) -> Option<ToolChoice> {
    if !has_tools {
        return None;
    }
    let one_at_a_time = (parallel == Some(false)).then_some(true);
    let options = ToolChoiceOptions {
        disable_parallel_tool_use: one_at_a_time,
        extra: Extra::new(),
    };
    match choice {
        None if one_at_a_time.is_none() => None,
        None | Some(Choice::Auto) => Some(ToolChoice::Auto(options)),
        Some(Choice::Required) => Some(ToolChoice::Any(options)),
        Some(Choice::None) => Some(ToolChoice::None(ToolChoiceOptions::default())),
        Some(Choice::Tool(name)) => Some(ToolChoice::Tool(NamedToolChoice {
            name,
            disable_parallel_tool_use: one_at_a_time,
            extra: Extra::new(),
        })),
    }
}

/// Declares the tools that the conversation has called, where the request offers none: Messages
/// refuses calls in a conversation without tools, and a client that asks for a summary sends one.
pub(super) fn declare_called(request: &mut Request) {
    if !request.tools.is_empty() {
        return;
    }
    let blocks = request.messages.iter().flat_map(|it| match &it.content {
        TextOrList::List(blocks) => blocks.as_slice(),
        TextOrList::Text(_) => &[],
    });
    let mut seen = BTreeSet::new();
    let mut tools = Vec::new();
    for block in blocks {
        if let ContentBlock::ToolUse(call) = block
            && seen.insert(&call.name)
        {
            tools.push(client_tool(ClientTool {
                name: call.name.clone(),
                input_schema: json!({"type": "object"}),
                ..ClientTool::default()
            }));
        }
    }
    if !tools.is_empty() {
        request.tools = tools;
        request.tool_choice = Some(ToolChoice::None(ToolChoiceOptions::default()));
    }
}

pub(super) fn client_tool(tool: ClientTool) -> Tool {
    Tool::Client(Box::new(tool))
}

/// Messages wants every schema to say that it describes an object.
fn of_object(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut()
        && !fields.contains_key("type")
    {
        fields.insert("type".to_owned(), "object".into());
    }
    schema
}
