//! The items that call a tool and those that answer: every kind as one.

use std::borrow::Cow;

use llmx_wire::responses::{ContentPart, Item, TextOrList, ToolCallOutput};
use serde_json::{Value, json};

use crate::Object;
use crate::tools::{Kind, Target, ToolTable};

/// A call of any kind of tool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The name that the result repeats; no other call of the conversation has it.
    pub(crate) id: String,
    pub(crate) target: Target,
    pub(crate) input: Input,
}

/// A call whose result is awaited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    /// The name that the result repeats.
    pub(crate) id: String,
    pub(crate) target: Target,
    /// Whether its arguments are not an object.
    pub(crate) is_broken: bool,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    Object(Object),
    /// What the model took for arguments, or what was left of them when its answer was cut.
    Broken(String),
}

/// Returns the name that the result of a call repeats; `None` if the item is no call.
pub(super) fn call_id(item: &Item) -> Option<&str> {
    match item {
        Item::FunctionCall(call) => Some(&call.call_id),
        Item::CustomToolCall(call) => Some(&call.call_id),
        Item::Unknown(object) => match kind(object) {
            "tool_search_call" | "local_shell_call" => {
                text(object, "call_id").or_else(|| text(object, "id"))
            }
            _ => None,
        },
        _ => None,
    }
}

impl Call {
    pub(super) fn of(item: &Item) -> Option<Self> {
        let id = call_id(item)?.to_owned();
        match item {
            Item::FunctionCall(call) => Some(Self {
                id,
                target: Target::new(Kind::Function, call.namespace.as_deref(), &call.name),
                input: Input::parse(&call.arguments),
            }),
            Item::CustomToolCall(call) => Some(Self {
                id,
                target: Target::new(Kind::Custom, call.namespace.as_deref(), &call.name),
                input: Input::of(json!({"input": call.input})),
            }),
            Item::Unknown(object) => Self::of_object(id, object),
            _ => None,
        }
    }

    /// Returns what the result needs to know of the call.
    pub(super) fn made(&self) -> Made {
        Made {
            id: self.id.clone(),
            target: self.target.clone(),
            is_broken: matches!(self.input, Input::Broken(_)),
        }
    }

    fn of_object(id: String, object: &Object) -> Option<Self> {
        let (kind, input) = match kind(object) {
            "tool_search_call" => (Kind::ToolSearch, object.get("arguments")),
            "local_shell_call" => (Kind::LocalShell, object.get("action")),
            _ => return None,
        };
        let name = match kind {
            Kind::ToolSearch => "tool_search",
            _ => "local_shell",
        };
        let input = match input {
            Some(Value::String(arguments)) => Input::parse(arguments),
            Some(value) => Input::of(value.clone()),
            None => Input::Object(Object::new()),
        };
        Some(Self {
            id,
            target: Target::new(kind, None, name),
            input,
        })
    }
}

impl Input {
    fn parse(arguments: &str) -> Self {
        if arguments.trim().is_empty() {
            return Self::Object(Object::new());
        }
        match serde_json::from_str(arguments) {
            Ok(object) => Self::Object(object),
            Err(_) => Self::Broken(arguments.to_owned()),
        }
    }

    fn of(value: Value) -> Self {
        match value {
            Value::Object(mut object) => {
                object.shift_remove("type");
                Self::Object(object)
            }
            Value::Null => Self::Object(Object::new()),
            other => Self::Broken(other.to_string()),
        }
    }
}

/// The result of any kind of call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Output<'a> {
    Known(&'a ToolCallOutput),
    /// The tools that a search found.
    Found(&'a Object),
    /// What a local shell returned.
    Shell(&'a Object),
}

impl<'a> Output<'a> {
    pub(super) fn of(item: &'a Item) -> Option<Self> {
        match item {
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                Some(Self::Known(output))
            }
            Item::Unknown(object) => match kind(object) {
                "tool_search_output" => Some(Self::Found(object)),
                "local_shell_call_output" => Some(Self::Shell(object)),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn call_id(&self) -> &'a str {
        match self {
            Self::Known(output) => &output.call_id,
            Self::Found(object) | Self::Shell(object) => text(object, "call_id")
                .or_else(|| text(object, "id"))
                .unwrap_or_default(),
        }
    }

    /// Returns what the tool returned.
    pub(crate) fn content(&self, tools: &ToolTable) -> Cow<'a, TextOrList<ContentPart>> {
        match self {
            Self::Known(output) => Cow::Borrowed(&output.output),
            Self::Found(object) => Cow::Owned(found(object, tools).into()),
            Self::Shell(object) => match object.get("output") {
                Some(Value::String(text)) => Cow::Owned(text.clone().into()),
                Some(other) => Cow::Owned(other.to_string().into()),
                None => Cow::Owned(String::new().into()),
            },
        }
    }

    /// Returns whether the client says that the tool failed.
    pub(crate) fn failed(&self) -> bool {
        let Self::Known(output) = self else {
            return false;
        };
        let flag = |name: &str| output.extra.get(name).and_then(Value::as_bool);
        flag("is_error") == Some(true) || flag("success") == Some(false)
    }
}

/// Names the tools that a search found: the request offers them from now on.
fn found(object: &Object, tools: &ToolTable) -> String {
    let mut names = Vec::new();
    for tool in list(object.get("tools")) {
        let group = field(tool, "name");
        match tool.get("tools") {
            None => names.push(tools.wire_name(&target(None, tool))),
            members => {
                names.extend(list(members).map(|it| tools.wire_name(&target(Some(group), it))));
            }
        }
    }
    if names.is_empty() {
        return "No tools were found.".to_owned();
    }
    format!(
        "These tools can be called from now on:\n{}",
        names.join("\n")
    )
}

fn target(namespace: Option<&str>, tool: &Value) -> Target {
    let kind = match field(tool, "type") {
        "custom" => Kind::Custom,
        _ => Kind::Function,
    };
    Target::new(kind, namespace, field(tool, "name"))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn kind(object: &Object) -> &str {
    text(object, "type").unwrap_or_default()
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
