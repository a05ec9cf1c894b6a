//! The two tools of the server: what each takes, and what that means.

use std::path::PathBuf;
use std::sync::Arc;

use llmx_config::{Config, Flags, SANDBOX_MODES};
use llmx_protocol::ApprovalPolicy;
use rmcp::model::{JsonObject, Tool};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How a conversation is begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Task {
    model: Option<String>,
    profile: Option<String>,
    cwd: Option<PathBuf>,
    sandbox: Option<String>,
    /// `KEY=VALUE`, as after `-c`.
    settings: Vec<String>,
}

/// What a conversation goes on with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    #[serde(rename = "conversationId", alias = "threadId")]
    pub(super) conversation: String,
    pub(super) prompt: String,
}

impl Reply {
    pub(super) fn read(arguments: JsonObject) -> Result<Self, String> {
        serde_json::from_value(Value::Object(arguments)).map_err(|error| error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Given {
    prompt: String,
    model: Option<String>,
    profile: Option<String>,
    cwd: Option<PathBuf>,
    sandbox: Option<String>,
    /// Accepted for clients written for Codex; nobody can be asked.
    #[serde(rename = "approval-policy")]
    _approval_policy: Option<String>,
    developer_instructions: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
}

impl Task {
    /// Reads the arguments of `llmx` and returns the prompt beside them.
    pub(super) fn read(arguments: JsonObject) -> Result<(Self, String), String> {
        let given: Given =
            serde_json::from_value(Value::Object(arguments)).map_err(|error| error.to_string())?;
        let mut settings = Vec::new();
        for (key, value) in &given.config {
            settings.push(format!("{key}={}", toml(value)?));
        }
        if let Some(instructions) = given.developer_instructions {
            let text = toml(&Value::String(instructions))?;
            settings.push(format!("developer_instructions={text}"));
        }
        let task = Self {
            model: given.model,
            profile: given.profile,
            cwd: given.cwd,
            sandbox: given.sandbox,
            settings,
        };
        Ok((task, given.prompt))
    }

    /// Resolves the configuration of the conversation.
    pub(super) fn config(&self, overrides: &[String]) -> Result<Config, String> {
        let flags = Flags {
            model: self.model.clone(),
            profile: self.profile.clone(),
            sandbox_mode: self.sandbox.clone(),
            cd: self.cwd.clone(),
        };
        let overrides = [overrides, &self.settings].concat();
        let config = llmx_config::load(&overrides, flags);
        let mut config = config.map_err(|errors| errors.to_string())?;
        config.approval_policy = ApprovalPolicy::Never;
        Ok(config)
    }
}

/// Writes a JSON value as TOML.
fn toml(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null => return Err("a setting cannot be null; leave it out".to_owned()),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // The escapes of JSON mean the same in TOML, except for one that TOML does not know.
        Value::String(text) => json!(text).to_string().replace('\u{7f}', "\\u007f"),
        Value::Array(list) => {
            let list: Vec<_> = list.iter().map(toml).collect::<Result<_, _>>()?;
            format!("[{}]", list.join(", "))
        }
        Value::Object(table) => {
            let pair = |(key, value): (&String, &Value)| {
                Ok::<_, String>(format!("{} = {}", json!(key), toml(value)?))
            };
            let pairs: Vec<_> = table.iter().map(pair).collect::<Result<_, _>>()?;
            format!("{{ {} }}", pairs.join(", "))
        }
    })
}

pub(super) fn begin_tool() -> Tool {
    let text = |description: &str| json!({"type": "string", "description": description});
    let schema = json!({
        "type": "object",
        "properties": {
            "prompt": text("What the agent shall do"),
            "model": text("The model, as the provider names it"),
            "cwd": text("The directory the agent works in; else that of the server"),
            "sandbox": {
                "type": "string",
                "enum": SANDBOX_MODES,
                "description": "How far commands of the agent may reach (default read-only)",
            },
            "approval-policy": {
                "type": "string",
                "enum": ["untrusted", "on-request", "on-failure", "never"],
                "description": "Taken as never: nobody can be asked, and what would need an approval is refused",
            },
            "developer-instructions": text("Told to the agent before the prompt"),
            "profile": text("The settings of a profile of config.toml"),
            "config": {
                "type": "object",
                "description": "Settings of config.toml by their dotted paths",
                "additionalProperties": true,
            },
        },
        "required": ["prompt"],
        "additionalProperties": false,
    });
    let description = "Has a coding agent do something in a directory, and returns its last words.";
    Tool::new(BEGIN, description, object(schema))
}

pub(super) fn reply_tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "conversationId": {"type": "string", "description": "As `llmx` returned it"},
            "prompt": {"type": "string", "description": "What the agent shall do next"},
        },
        "required": ["conversationId", "prompt"],
        "additionalProperties": false,
    });
    Tool::new(
        REPLY,
        "Goes on with a conversation of `llmx`.",
        object(schema),
    )
}

fn object(schema: Value) -> Arc<JsonObject> {
    match schema {
        Value::Object(schema) => Arc::new(schema),
        _ => Arc::default(),
    }
}

pub(super) const BEGIN: &str = "llmx";
pub(super) const REPLY: &str = "llmx-reply";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_toml_and_unknown_arguments_are_refused() {
        let arguments = |value: Value| match value {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let given = arguments(json!({"prompt": "p", "config": {
            "a.b": "x\"y", "list": [1, true], "table": {"k 1": 2.5},
        }}));
        let (task, prompt) = Task::read(given).unwrap();
        assert_eq!(prompt, "p");
        assert_eq!(
            task.settings,
            [
                r#"a.b="x\"y""#,
                "list=[1, true]",
                r#"table={ "k 1" = 2.5 }"#
            ]
        );
        let unknown = Task::read(arguments(json!({"prompt": "p", "modle": "m"})));
        assert!(unknown.unwrap_err().contains("modle"));
        assert!(Task::read(Map::new()).is_err());
        assert!(Task::read(arguments(json!({"prompt": "p", "config": {"a": null}}))).is_err());
    }
}
