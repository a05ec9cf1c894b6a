//! The tools `list_mcp_resources` and `read_mcp_resource`: what servers have to read.

use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use llmx_protocol::{ItemDetails, ItemStatus};
use serde_json::{Map, Value, json};

use super::answer;
use super::call::arguments;
use super::keeper::Keeper;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Said, Takes, Tool, ToolSpec};

/// The tool `list_mcp_resources`.
pub(crate) struct ListResources {
    pub(crate) keepers: Vec<Arc<Keeper>>,
}

/// The tool `read_mcp_resource`.
pub(crate) struct ReadResource {
    pub(crate) keepers: Vec<Arc<Keeper>>,
}

impl fmt::Debug for ListResources {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(LIST)
    }
}

impl fmt::Debug for ReadResource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(READ)
    }
}

impl Tool for ListResources {
    fn name(&self) -> &str {
        LIST
    }

    fn spec(&self) -> ToolSpec {
        let server = server_field(&self.keepers, "The server; without it, all of them");
        ToolSpec {
            name: self.name().to_owned(),
            description: "Lists what MCP servers have to read: documents, tables, records. \
                          `read_mcp_resource` reads one of them."
                .to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {"server": server},
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let arguments = arguments(input)?;
        let keepers = match arguments.get("server").and_then(Value::as_str) {
            Some(server) => vec![find(&self.keepers, server)?],
            None => self.keepers.clone(),
        };
        Ok(Box::new(ResourceJob {
            tool: LIST,
            reach: Reach::Harmless,
            arguments,
            work: Box::pin(list(keepers)),
        }))
    }
}

impl Tool for ReadResource {
    fn name(&self) -> &str {
        READ
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: "Reads one resource of an MCP server.".to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "server": server_field(&self.keepers, "The server that has it"),
                    "uri": {"type": "string", "description": "As `list_mcp_resources` names it"},
                },
                "required": ["server", "uri"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let arguments = arguments(input)?;
        let field = |name: &str| {
            let value = arguments.get(name).and_then(Value::as_str);
            value.ok_or_else(|| {
                format!("`{name}` is missing; the arguments must look like {EXAMPLE}")
            })
        };
        let keeper = find(&self.keepers, field("server")?)?;
        let uri = field("uri")?.to_owned();
        Ok(Box::new(ResourceJob {
            tool: READ,
            reach: Reach::Remote {
                server: keeper.server.id.clone(),
                tool: READ.to_owned(),
                read_only: true,
            },
            arguments,
            work: Box::pin(async move {
                let contents = keeper.ask(|client| client.read(uri.clone())).await?;
                Ok(answer::read(&contents))
            }),
        }))
    }
}

/// Lists what each server has; one that fails says so and hides nothing of the others.
async fn list(keepers: Vec<Arc<Keeper>>) -> Result<Vec<Said>, String> {
    let lists = keepers.iter().map(|keeper| async {
        let listed = keeper.ask(|client| client.resources()).await;
        let listed = listed.unwrap_or_else(|error| json!({ "error": error }));
        (keeper.server.id.clone(), listed)
    });
    let lists: Map<String, Value> = join_all(lists).await.into_iter().collect();
    let told = json!({"content": [{"type": "text", "text": Value::Object(lists).to_string()}]});
    Ok(answer::said(&told))
}

fn find(keepers: &[Arc<Keeper>], server: &str) -> Result<Arc<Keeper>, String> {
    let found = keepers.iter().find(|keeper| keeper.server.id == server);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = keepers.iter().map(|it| it.server.id.as_str()).collect();
        format!(
            "no MCP server `{server}` has resources; these have: {}",
            names.join(", ")
        )
    })
}

fn server_field(keepers: &[Arc<Keeper>], description: &str) -> Value {
    let names: Vec<_> = keepers.iter().map(|it| it.server.id.as_str()).collect();
    json!({"type": "string", "description": description, "enum": names})
}

struct ResourceJob {
    tool: &'static str,
    reach: Reach,
    arguments: Map<String, Value>,
    work: std::pin::Pin<Box<dyn Future<Output = Result<Vec<Said>, String>> + Send>>,
}

impl Job for ResourceJob {
    fn shown(&self) -> ItemDetails {
        item(
            self.tool,
            &self.arguments,
            String::new(),
            ItemStatus::InProgress,
        )
    }

    fn reach(&self) -> Reach {
        self.reach.clone()
    }

    fn run(self: Box<Self>, _: Permit) -> Running {
        Box::pin(async move {
            let (answer, status) = match self.work.await {
                Ok(said) => (said, ItemStatus::Completed),
                Err(why) => (vec![Said::Text(why)], ItemStatus::Failed),
            };
            let words = answer.iter().map(|said| match said {
                Said::Text(text) => text.as_str(),
                Said::Image { .. } => "[picture]",
            });
            let output = words.collect::<Vec<_>>().join("\n");
            Outcome {
                shown: item(self.tool, &self.arguments, output, status),
                answer,
            }
        })
    }
}

fn item(
    tool: &str,
    arguments: &Map<String, Value>,
    output: String,
    status: ItemStatus,
) -> ItemDetails {
    ItemDetails::ToolCall {
        tool: tool.to_owned(),
        arguments: Value::Object(arguments.clone()),
        output,
        status,
    }
}

const LIST: &str = "list_mcp_resources";
const READ: &str = "read_mcp_resource";
const EXAMPLE: &str = r#"{"server": "docs", "uri": "file:///a.md"}"#;
