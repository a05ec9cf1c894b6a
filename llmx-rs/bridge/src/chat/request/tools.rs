//! The tools that a Chat upstream is offered: functions, whatever they were before.

use llmx_wire::chat::{self, Function};
use llmx_wire::responses::{CustomTool, FunctionTool, Item, Request, TextOrList, Tool};
use serde_json::{Value, json};

use crate::tools::{Kind, Target, ToolTable};
use crate::{ClientFault, Extra, LossReport, Options};

/// What a request offers, and the names it goes by.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub(super) tools: Vec<chat::Tool>,
    pub(super) table: ToolTable,
}

/// Collects the tools of a request: those it lists, and those that its items add or have found.
///
/// Found tools come last, so that the ones before them keep their bytes in the upstream's cache.
pub(super) fn offer(
    request: &Request,
    options: &Options,
    losses: &mut LossReport,
) -> Result<Offer, ClientFault> {
    let mut offer = Offer::default();
    offer.add_all(&request.tools, None, options, losses)?;
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
        offer.add_all(&tools, None, options, losses)?;
    }
    Ok(offer)
}

impl Offer {
    fn add_all(
        &mut self,
        tools: &[Tool],
        namespace: Option<&str>,
        options: &Options,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        for tool in tools {
            match tool {
                Tool::Function(tool) => self.add_function(tool, namespace, options, losses)?,
                Tool::Custom(tool) => self.add_custom(tool, namespace, losses)?,
                Tool::Unknown(object) => match tool.kind() {
                    "namespace" => self.add_namespace(object, options, losses)?,
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
        object: &Extra,
        options: &Options,
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
        self.add_all(&tools, Some(name), options, losses)
    }

    fn add_function(
        &mut self,
        tool: &FunctionTool,
        namespace: Option<&str>,
        options: &Options,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        let FunctionTool {
            name,
            description,
            parameters,
            strict,
            extra,
        } = tool;
        check_extra(extra, "tools[].function", losses)?;
        let mut strict = strict.filter(|strict| *strict);
        if strict.is_some() && !options.strict_tools {
            losses.dropped(
                "tools[].function.strict",
                "the upstream does not enforce schemas",
            );
            strict = None;
        }
        self.push(
            Target::new(Kind::Function, namespace, name),
            description.clone(),
            if parameters.is_null() {
                no_parameters()
            } else {
                parameters.clone()
            },
            strict,
        );
        Ok(())
    }

    fn add_custom(
        &mut self,
        tool: &CustomTool,
        namespace: Option<&str>,
        losses: &mut LossReport,
    ) -> Result<(), ClientFault> {
        let CustomTool {
            name,
            description,
            format,
            extra,
        } = tool;
        check_extra(extra, "tools[].custom", losses)?;
        let mut told = description.clone().unwrap_or_default();
        if !told.is_empty() {
            told.push_str("\n\n");
        }
        told.push_str("Put the tool's whole input, as plain text, into the string `input`.");
        if let Some(grammar) = format.as_ref().and_then(grammar) {
            losses.lowered("tools[].custom.format", "the grammar is told, not enforced");
            told.push_str(&grammar);
        }
        self.push(
            Target::new(Kind::Custom, namespace, name),
            Some(told),
            json!({
                "type": "object",
                "properties": {"input": {"type": "string"}},
                "required": ["input"],
                "additionalProperties": false,
            }),
            None,
        );
        Ok(())
    }

    fn add_search(&mut self, object: &Extra) {
        let text = |field: &str| object.get(field).and_then(Value::as_str).map(str::to_owned);
        let parameters = object.get("parameters").filter(|value| !value.is_null());
        self.push(
            Target::new(Kind::ToolSearch, None, "tool_search"),
            text("description"),
            parameters.cloned().unwrap_or_else(no_parameters),
            None,
        );
    }

    fn add_shell(&mut self) {
        self.push(
            Target::new(Kind::LocalShell, None, "local_shell"),
            Some("Runs a command on the user's machine and returns its output.".to_owned()),
            json!({
                "type": "object",
                "properties": {
                    "command": {"type": "array", "items": {"type": "string"}},
                    "working_directory": {"type": "string"},
                    "timeout_ms": {"type": "integer"},
                    "env": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["command"],
            }),
            None,
        );
    }

    /// Offers a function; a tool that is offered already is not offered twice.
    fn push(
        &mut self,
        target: Target,
        description: Option<String>,
        parameters: Value,
        strict: Option<bool>,
    ) {
        let Some(name) = self.table.add(target) else {
            return;
        };
        self.tools.push(chat::Tool::Function(chat::FunctionTool {
            function: Function {
                name,
                description,
                parameters: Some(parameters),
                strict,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        }));
    }
}

/// Reports what a tool says beyond its type. Who may call it is a policy: never lost.
fn check_extra(extra: &Extra, path: &str, losses: &mut LossReport) -> Result<(), ClientFault> {
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
            _ => losses.dropped(format!("{path}.{name}"), "Chat has no such field"),
        }
    }
    Ok(())
}

fn grammar(format: &Value) -> Option<String> {
    let definition = format.get("definition").and_then(Value::as_str)?;
    let syntax = format.get("syntax").and_then(Value::as_str);
    let syntax = syntax.unwrap_or("given");
    Some(format!(
        "\n\nThe input must follow this {syntax} grammar:\n{definition}"
    ))
}

fn read_tools(object: &Extra) -> Result<Vec<Tool>, serde_json::Error> {
    match object.get("tools") {
        Some(tools) if !tools.is_null() => serde_json::from_value(tools.clone()),
        _ => Ok(Vec::new()),
    }
}

fn is(object: &Extra, field: &str, value: &str) -> bool {
    object.get(field).is_some_and(|found| found == value)
}

fn no_parameters() -> Value {
    json!({"type": "object", "properties": {}})
}
