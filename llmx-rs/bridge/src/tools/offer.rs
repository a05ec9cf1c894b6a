//! The tools that a request offers, as functions, whatever they were before.
//!
//! An upstream that knows only functions is offered every tool as one. What a tool was stays in
//! the [`ToolTable`], for the way back.

use llmx_wire::responses::{CustomTool, FunctionTool, Item, Request, TextOrList, Tool};
use serde_json::{Value, json};

use super::{Kind, Target, ToolTable};
use crate::{ClientFault, LossReport, Object};

/// What a request offers, and the names it goes by.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    pub(crate) tools: Vec<Offered>,
    pub(crate) table: ToolTable,
}

/// One tool as a function.
#[derive(Debug, PartialEq)]
pub(crate) struct Offered {
    /// The name on the wire.
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The JSON schema of the arguments.
    pub(crate) parameters: Value,
    pub(crate) strict: bool,
    /// Whether the schema is the client's own, so that what is lost of it is lost to the client.
    pub(crate) is_clients: bool,
    /// The client's mark that a cached prefix ends here.
    pub(crate) cache_control: Option<Value>,
}

/// Collects the tools of a request: those it lists, and those that its items add or have found.
///
/// Found tools come last, so that the ones before them keep their bytes in the upstream's cache.
pub(crate) fn offer(request: &Request, losses: &mut LossReport) -> Result<Offer, ClientFault> {
    let mut offer = Offer::default();
    offer.add_all(&request.tools, None, losses)?;
    let TextOrList::List(items) = &request.input else {
        return Ok(offer);
    };
    for (position, item) in items.iter().enumerate() {
        let Item::Unknown(object) = item else {
            continue;
        };
        if !matches!(item.kind(), "additional_tools" | "tool_search_output") {
            continue;
        }
        let tools = read_tools(object).map_err(|error| {
            let path = format!("input[{position}].{}.tools", item.kind());
            ClientFault::invalid(path, error.to_string())
        })?;
        offer.add_all(&tools, None, losses)?;
    }
    Ok(offer)
}

impl Offer {
    fn add_all(
        &mut self,
        tools: &[Tool],
        namespace: Option<&str>,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        for tool in tools {
            match tool {
                Tool::Function(tool) => self.add_function(tool, namespace, losses)?,
                Tool::Custom(tool) => self.add_custom(tool, namespace, losses)?,
                Tool::Unknown(object) => match tool.kind() {
                    "namespace" => self.add_namespace(object, losses)?,
                    "tool_search" if is(object, "execution", "client") => self.add_search(object),
                    "local_shell" => self.add_shell(),
                    kind => losses.dropped(
                        format!("tools[].{kind}"),
                        "the upstream cannot run this tool",
                    ),
                },
            }
        }
        Ok(())
    }

    fn add_namespace(
        &mut self,
        object: &Object,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        let path = "tools[].namespace";
        let Some(name) = object.get("name").and_then(Value::as_str) else {
            return Err(ClientFault::invalid(path, "it has no name"));
        };
        let tools =
            read_tools(object).map_err(|error| ClientFault::invalid(path, error.to_string()))?;
        if object
            .get("description")
            .is_some_and(|text| !text.is_null())
        {
            losses.dropped(format!("{path}.description"), "a function has no group");
        }
        self.add_all(&tools, Some(name), losses)
    }

    fn add_function(
        &mut self,
        tool: &FunctionTool,
        namespace: Option<&str>,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        check_extra(&tool.extra, "tools[].function", losses)?;
        let parameters = if tool.parameters.is_null() {
            no_parameters()
        } else {
            tool.parameters.clone()
        };
        self.push(
            Target::new(Kind::Function, namespace, &tool.name),
            Offered {
                description: tool.description.clone(),
                strict: tool.strict == Some(true),
                is_clients: true,
                cache_control: mark(&tool.extra),
                ..Offered::new(parameters)
            },
        );
        Ok(())
    }

    fn add_custom(
        &mut self,
        tool: &CustomTool,
        namespace: Option<&str>,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        check_extra(&tool.extra, "tools[].custom", losses)?;
        let mut told = tool.description.clone().unwrap_or_default();
        if !told.is_empty() {
            told.push_str("\n\n");
        }
        told.push_str("Put the tool's whole input, as plain text, into the string `input`.");
        if let Some(grammar) = tool.format.as_ref().and_then(grammar) {
            losses.lowered("tools[].custom.format", "the grammar is told, not enforced");
            told.push_str(&grammar);
        }
        let parameters = json!({
            "type": "object",
            "properties": {"input": {"type": "string"}},
            "required": ["input"],
            "additionalProperties": false,
        });
        self.push(
            Target::new(Kind::Custom, namespace, &tool.name),
            Offered {
                description: Some(told),
                cache_control: mark(&tool.extra),
                ..Offered::new(parameters)
            },
        );
        Ok(())
    }

    fn add_search(&mut self, object: &Object) {
        let parameters = object.get("parameters").filter(|value| !value.is_null());
        let parameters = parameters.cloned().unwrap_or_else(no_parameters);
        let description = object.get("description").and_then(Value::as_str);
        self.push(
            Target::new(Kind::ToolSearch, None, "tool_search"),
            Offered {
                description: description.map(str::to_owned),
                is_clients: true,
                ..Offered::new(parameters)
            },
        );
    }

    fn add_shell(&mut self) {
        let parameters = json!({
            "type": "object",
            "properties": {
                "command": {"type": "array", "items": {"type": "string"}},
                "working_directory": {"type": "string"},
                "timeout_ms": {"type": "integer"},
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["command"],
        });
        let told = "Runs a command on the user's machine and returns its output.";
        self.push(
            Target::new(Kind::LocalShell, None, "local_shell"),
            Offered {
                description: Some(told.to_owned()),
                ..Offered::new(parameters)
            },
        );
    }

    /// Offers a function; a tool that is offered already is not offered twice.
    fn push(&mut self, target: Target, mut offered: Offered) {
        if let Some(name) = self.table.add(target) {
            offered.name = name;
            self.tools.push(offered);
        }
    }
}

impl Offered {
    fn new(parameters: Value) -> Self {
        Self {
            name: String::new(),
            description: None,
            parameters,
            strict: false,
            is_clients: false,
            cache_control: None,
        }
    }
}

/// Reports what a tool says beyond its type. Who may call it is a policy: never lost.
fn check_extra(extra: &Object, path: &str, losses: &mut LossReport) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "allowed_callers" if *value != json!(["direct"]) => {
                return Err(ClientFault::unsupported(
                    format!("{path}.{name}"),
                    "the upstream cannot restrict who calls a tool",
                ));
            }
            // Offered at once, a tool needs no search.
            "allowed_callers" | "defer_loading" => {}
            // It is carried beside the tool.
            "cache_control" => {}
            _ => losses.dropped(format!("{path}.{name}"), "the upstream has no such field"),
        }
    }
    Ok(())
}

fn mark(extra: &Object) -> Option<Value> {
    extra
        .get("cache_control")
        .filter(|mark| !mark.is_null())
        .cloned()
}

fn grammar(format: &Value) -> Option<String> {
    let definition = format.get("definition").and_then(Value::as_str)?;
    let syntax = format.get("syntax").and_then(Value::as_str);
    let syntax = syntax.unwrap_or("given");
    Some(format!(
        "\n\nThe input must follow this {syntax} grammar:\n{definition}"
    ))
}

fn read_tools(object: &Object) -> Result<Vec<Tool>, serde_json::Error> {
    match object.get("tools") {
        Some(tools) if !tools.is_null() => serde_json::from_value(tools.clone()),
        _ => Ok(Vec::new()),
    }
}

fn is(object: &Object, field: &str, value: &str) -> bool {
    object.get(field).is_some_and(|found| found == value)
}

fn no_parameters() -> Value {
    json!({"type": "object", "properties": {}})
}
