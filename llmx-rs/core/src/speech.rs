//! What was said in a recorded conversation, without what only machines need.

use llmx_protocol::ItemDetails;
use llmx_wire::responses::{ContentPart, Item, Role, TextOrList, ToolCallOutput};

use crate::prompt::WEB_SEARCH;
use crate::rollout::Recorded;
use crate::turn::{is_of_llmx, search};

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// A person, or llmx on the person's behalf.
    User(String),
    /// The model.
    Agent(String),
    /// The model called a tool.
    Call {
        /// The tool.
        tool: String,
        /// What it was given.
        given: String,
    },
    /// A tool answered.
    Answer(String),
}

impl Recorded {
    /// Returns what was said, in order. What llmx told the model on its own account is left out.
    pub fn speeches(&self) -> Vec<Speech> {
        self.items
            .iter()
            .filter_map(|recorded| speech(&recorded.item))
            .collect()
    }
}

fn speech(item: &Item) -> Option<Speech> {
    Some(match item {
        Item::Message(message) => {
            let words = Some(message.text()).filter(|words| !words.trim().is_empty())?;
            match message.role {
                Role::Assistant => Speech::Agent(words),
                _ if is_of_llmx(&words) => return None,
                _ => Speech::User(words),
            }
        }
        Item::FunctionCall(call) => Speech::Call {
            tool: call.name.clone(),
            given: call.arguments.clone(),
        },
        Item::CustomToolCall(call) => Speech::Call {
            tool: call.name.clone(),
            given: call.input.clone(),
        },
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            Speech::Answer(words(output))
        }
        Item::Unknown(object) => match search(object)? {
            ItemDetails::WebSearch { query, .. } => Speech::Call {
                tool: WEB_SEARCH.to_owned(),
                given: query,
            },
            _ => return None,
        },
        Item::Reasoning(_) => return None,
    })
}

fn words(output: &ToolCallOutput) -> String {
    match &output.output {
        TextOrList::Text(text) => text.clone(),
        TextOrList::List(parts) => {
            let parts: Vec<_> = parts
                .iter()
                .map(|part| ContentPart::text(part).unwrap_or("[picture]"))
                .collect();
            parts.join("\n")
        }
    }
}
