//! A tool of a server, as one of the agent's own.

use std::fmt;
use std::sync::Arc;

use llmx_protocol::{ItemDetails, ItemError, ItemStatus};
use serde_json::{Map, Value};

use super::answer;
use super::keeper::Keeper;
use super::listing::ListedTool;
use crate::mended;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Said, Takes, Tool, ToolSpec};

/// A tool of a server.
pub(crate) struct RemoteTool {
    pub(crate) name: String,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) tool: ListedTool,
}

impl fmt::Debug for RemoteTool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("RemoteTool").field(&self.name).finish()
    }
}

impl Tool for RemoteTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: self.tool.description.clone(),
            takes: Takes::Json(self.tool.parameters()),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        Ok(Box::new(RemoteCall {
            keeper: Arc::clone(&self.keeper),
            tool: self.tool.name.clone(),
            read_only: self.tool.read_only,
            arguments: arguments(input)?,
        }))
    }
}

/// Reads arguments. The server checks them against its schema, and says so in words of its own.
pub(crate) fn arguments(input: Input<'_>) -> Result<Map<String, Value>, String> {
    let (Input::Json(text) | Input::Text(text)) = input;
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let value =
        mended::read(text).map_err(|error| format!("the arguments are not JSON ({error})"))?;
    match value {
        Value::Object(arguments) => Ok(arguments),
        Value::Null => Ok(Map::new()),
        // Weaker models encode twice.
        Value::String(inner) => match serde_json::from_str(&inner) {
            Ok(Value::Object(arguments)) => Ok(arguments),
            _ => Err(NO_OBJECT.to_owned()),
        },
        _ => Err(NO_OBJECT.to_owned()),
    }
}

struct RemoteCall {
    keeper: Arc<Keeper>,
    tool: String,
    read_only: bool,
    arguments: Map<String, Value>,
}

impl Job for RemoteCall {
    fn shown(&self) -> ItemDetails {
        self.item(None, None, ItemStatus::InProgress)
    }

    fn reach(&self) -> Reach {
        Reach::Remote {
            server: self.keeper.server.id.clone(),
            tool: self.tool.clone(),
            read_only: self.read_only,
        }
    }

    fn run(self: Box<Self>, _: Permit) -> Running {
        Box::pin(async move {
            match self.keeper.call(&self.tool, &self.arguments).await {
                Ok(result) => {
                    let error = answer::failure(&result).map(|message| ItemError { message });
                    let status = match error {
                        Some(_) => ItemStatus::Failed,
                        None => ItemStatus::Completed,
                    };
                    Outcome {
                        answer: told(error.is_some(), answer::said(&result)),
                        shown: self.item(Some(answer::shown(&result)), error, status),
                    }
                }
                Err(message) => {
                    let error = ItemError {
                        message: message.clone(),
                    };
                    let shown = self.item(None, Some(error), ItemStatus::Failed);
                    Outcome::text(message, shown)
                }
            }
        })
    }
}

/// Tells a failure apart from an answer that speaks of failures.
fn told(failed: bool, said: Vec<Said>) -> Vec<Said> {
    let mut said = said;
    if failed {
        match said.first_mut() {
            Some(Said::Text(text)) => text.insert_str(0, FAILED),
            _ => said.insert(0, Said::Text(FAILED.trim_end().to_owned())),
        }
    }
    said
}

impl RemoteCall {
    fn item(
        &self,
        result: Option<Value>,
        error: Option<ItemError>,
        status: ItemStatus,
    ) -> ItemDetails {
        ItemDetails::McpToolCall {
            server: self.keeper.server.id.clone(),
            tool: self.tool.clone(),
            arguments: Value::Object(self.arguments.clone()),
            result,
            error,
            status,
        }
    }
}

const NO_OBJECT: &str = "the arguments are not a JSON object";
const FAILED: &str = "The tool failed: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_can_mean_only_one_thing_are_read() {
        for text in [r#"{"a":1}"#, r#""{\"a\":1}""#, " {\"a\":1}\n"] {
            let read = arguments(Input::Json(text)).unwrap();
            assert_eq!(Value::Object(read), serde_json::json!({"a": 1}), "{text}");
        }
        for text in ["", " ", "null", "{}"] {
            assert!(arguments(Input::Json(text)).unwrap().is_empty());
        }
        for text in ["[1]", "7", "{", r#""a""#] {
            assert!(arguments(Input::Json(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_failure_is_told_as_one() {
        let said = told(true, vec![Said::Text("no".to_owned())]);
        assert_eq!(said, [Said::Text("The tool failed: no".to_owned())]);
        assert_eq!(told(true, Vec::new()).len(), 1);
    }
}
