//! The things that happen within a turn, as a frontend shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadItem {
    /// `item_0`, `item_1`, …: its number within this process.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub details: ItemDetails,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemDetails {
    /// The agent said something.
    AgentMessage {
        /// Its words.
        text: String,
    },
    /// The agent showed what it thought.
    Reasoning {
        /// The summary.
        text: String,
    },
    /// The agent runs a command.
    CommandExecution {
        /// The command line, quoted for a shell.
        command: String,
        /// What the command printed.
        aggregated_output: String,
        /// How it exited; null while it runs, and for good if it never ran, was killed or went on
        /// in the background.
        exit_code: Option<i32>,
        /// How far it has come.
        status: ItemStatus,
    },
    /// The agent changed files.
    FileChange {
        /// Which, and how.
        changes: Vec<FileChange>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ItemError>,
        /// Whether it worked.
        status: ItemStatus,
    },
    /// The agent called a tool of an MCP server.
    McpToolCall {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// What it was given.
        arguments: Value,
        /// What it returned.
        result: Option<Value>,
        /// Why it failed.
        error: Option<ItemError>,
        /// How far it has come.
        status: ItemStatus,
    },
    /// The agent used a tool that is neither a command nor a change of files.
    ToolCall {
        /// The tool.
        tool: String,
        /// What it was given: JSON, or text where it was no JSON.
        arguments: Value,
        /// What it said; why it was refused or failed, if it was.
        output: String,
        /// How far it has come.
        status: ItemStatus,
    },
    /// The model searched the web.
    WebSearch {
        /// What for; of a page that was opened, its address.
        query: String,
        /// What exactly, as the provider tells it: a search, a page that was opened or searched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<Value>,
    },
    /// The agent's plan.
    TodoList {
        /// Its steps.
        items: Vec<TodoItem>,
        /// Why it is as it is, if the agent says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<String>,
    },
    /// The conversation had become too long and was replaced by a summary.
    ContextCompaction {
        /// What the model goes on with; empty while it is written.
        summary: String,
        /// How far it has come.
        status: ItemStatus,
    },
    /// Something went wrong that does not end the turn.
    Error {
        /// What.
        message: String,
    },
}

impl ItemDetails {
    /// Returns the item as it is when it ends early, for the reason `why`.
    pub fn ended_early(mut self, ending: ItemStatus, why: &str) -> Self {
        match &mut self {
            Self::CommandExecution {
                aggregated_output: output,
                status,
                ..
            }
            | Self::ToolCall { output, status, .. } => {
                why.clone_into(output);
                *status = ending;
            }
            Self::McpToolCall { error, status, .. } | Self::FileChange { error, status, .. } => {
                *error = Some(ItemError {
                    message: why.to_owned(),
                });
                *status = ending;
            }
            Self::ContextCompaction { status, .. } => *status = ending,
            Self::AgentMessage { .. }
            | Self::Reasoning { .. }
            | Self::WebSearch { .. }
            | Self::TodoList { .. }
            | Self::Error { .. } => {}
        }
        self
    }
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// It is finished and worked.
    Completed,
    /// It was not allowed, and nothing of it was done.
    Declined,
    /// It is finished and did not work.
    Failed,
    /// It is under way.
    InProgress,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// What happened to it.
    pub kind: FileChangeKind,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileChangeKind {
    /// It is new.
    Add,
    /// It is gone.
    Delete,
    /// It changed.
    Update,
}

/// Why an item failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemError {
    /// The sentence for people.
    pub message: String,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TodoItem {
    /// The step.
    pub text: String,
    /// Whether it is done.
    pub completed: bool,
    /// Whether it is what the agent works on now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_progress: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ErrorCode, ThreadError, ThreadEvent, ThreadId, TurnFacts, Usage};

    /// Programs parse these lines; a change here breaks them.
    #[test]
    fn the_json_lines_have_their_published_shapes() {
        let usage = Usage {
            input_tokens: 9,
            cached_input_tokens: 4,
            output_tokens: 2,
            ..Usage::default()
        };
        let facts = TurnFacts {
            model: Some("m-1".to_owned()),
            requests: 2,
            ..TurnFacts::default()
        };
        let error = ThreadError {
            message: "no".to_owned(),
            code: Some(ErrorCode::MaxTurns),
        };
        let started = ThreadEvent::ThreadStarted {
            thread_id: ThreadId::new("t"),
        };
        for (event, expected) in [
            (started, json!({"type": "thread.started", "thread_id": "t"})),
            (ThreadEvent::TurnStarted {}, json!({"type": "turn.started"})),
            (
                ThreadEvent::TurnCompleted { usage, facts },
                json!({"type": "turn.completed", "usage": {
                        "input_tokens": 9, "cached_input_tokens": 4,
                        "cache_write_input_tokens": 0, "output_tokens": 2,
                        "reasoning_output_tokens": 0,
                    }, "model": "m-1", "requests": 2, "retries": 0}),
            ),
            (
                ThreadEvent::TurnFailed { error },
                json!({"type": "turn.failed", "error": {"message": "no", "code": "max_turns"}}),
            ),
            (
                ThreadEvent::Error {
                    message: "m".to_owned(),
                },
                json!({"type": "error", "message": "m"}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&event).unwrap(), expected);
        }
    }

    #[test]
    fn the_items_have_their_published_shapes() {
        let text = |text: &str| text.to_owned();
        for (details, expected) in [
            (
                ItemDetails::AgentMessage { text: text("hi") },
                json!({"type": "agent_message", "text": "hi"}),
            ),
            (
                ItemDetails::CommandExecution {
                    command: text("ls"),
                    aggregated_output: String::new(),
                    exit_code: None,
                    status: ItemStatus::InProgress,
                },
                json!({"type": "command_execution", "command": "ls", "aggregated_output": "",
                    "exit_code": null, "status": "in_progress"}),
            ),
            (
                ItemDetails::FileChange {
                    changes: vec![FileChange {
                        path: text("/a"),
                        kind: FileChangeKind::Add,
                    }],
                    error: None,
                    status: ItemStatus::Completed,
                },
                json!({"type": "file_change", "changes": [{"path": "/a", "kind": "add"}],
                    "status": "completed"}),
            ),
            (
                ItemDetails::McpToolCall {
                    server: text("s"),
                    tool: text("t"),
                    arguments: json!({}),
                    result: None,
                    error: Some(ItemError {
                        message: text("no"),
                    }),
                    status: ItemStatus::Failed,
                },
                json!({"type": "mcp_tool_call", "server": "s", "tool": "t", "arguments": {},
                    "result": null, "error": {"message": "no"}, "status": "failed"}),
            ),
            (
                ItemDetails::TodoList {
                    items: vec![TodoItem {
                        text: text("x"),
                        completed: true,
                        in_progress: false,
                    }],
                    explanation: Some(text("new facts")),
                },
                json!({"type": "todo_list", "items": [{"text": "x", "completed": true}],
                    "explanation": "new facts"}),
            ),
        ] {
            let item = ThreadItem {
                id: text("item_3"),
                details,
            };
            let line = serde_json::to_value(ThreadEvent::ItemCompleted { item: item.clone() });
            let mut expected_item = json!({"id": "item_3"});
            for (key, value) in expected.as_object().unwrap() {
                expected_item[key] = value.clone();
            }
            assert_eq!(
                line.unwrap(),
                json!({"type": "item.completed", "item": expected_item})
            );
            let parsed: ThreadItem = serde_json::from_value(expected_item).unwrap();
            assert_eq!(parsed, item);
        }
    }

    #[test]
    fn what_ends_early_says_why() {
        let change = ItemDetails::FileChange {
            changes: Vec::new(),
            error: None,
            status: ItemStatus::InProgress,
        };
        let declined = change.ended_early(ItemStatus::Declined, "no");
        assert_eq!(
            serde_json::to_value(declined).unwrap(),
            json!({"type": "file_change", "changes": [], "error": {"message": "no"},
                "status": "declined"})
        );
    }
}
