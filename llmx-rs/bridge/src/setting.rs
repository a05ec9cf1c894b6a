//! The decisions of [`Options`] that a person may take, by the names that configuration files and
//! command lines use.

use std::fmt::Write as _;

use crate::options::{Options, SystemMerge, TokenBound};
use crate::{gemini, messages};

/// One decision about a translation.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name, as in `system_merge`.
    pub name: &'static str,
    /// What it takes, for people.
    pub takes: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// Applies a value; `None` means that it is not one.
    apply: fn(&mut Options, &str) -> Option<()>,
}

/// A decision that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// There is no such decision.
    #[error("there is no `{name}`; there are {}", names())]
    Unknown {
        /// The name as given.
        name: String,
    },
    /// The decision has other values.
    #[error("`{name}` takes {takes}, not `{value}`")]
    Value {
        /// The name.
        name: &'static str,
        /// What it takes.
        takes: &'static str,
        /// The value as given.
        value: String,
    },
}

impl Options {
    /// Takes the decision `name`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), BadSetting> {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(BadSetting::Unknown {
                name: name.to_owned(),
            });
        };
        (setting.apply)(self, value).ok_or(BadSetting::Value {
            name: setting.name,
            takes: setting.takes,
            value: value.to_owned(),
        })
    }
}

/// Returns every setting with its values and meaning, one per line, for help texts.
pub fn settings_help() -> String {
    let mut help = String::new();
    for Setting {
        name,
        takes,
        meaning,
        ..
    } in &SETTINGS
    {
        // Writing to a string cannot fail.
        let _infallible = writeln!(help, "  {name}: {meaning} ({takes})");
    }
    help
}

fn names() -> String {
    let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    names.join(", ")
}

macro_rules! switch {
    ($name:literal, $meaning:literal, $($field:ident).+) => {
        Setting {
            name: $name,
            takes: "true or false",
            meaning: $meaning,
            apply: |options, value| value.parse().ok().map(|on| options.$($field).+ = on),
        }
    };
}

/// Every decision that a person may take.
pub const SETTINGS: [Setting; 18] = [
    switch!(
        "calls_in_text",
        "whether calls that the model writes between <tool_call> tags into its text are calls",
        calls_in_text
    ),
    switch!(
        "cumulative",
        "whether each chunk of the upstream repeats everything before it",
        cumulative
    ),
    Setting {
        name: "efforts",
        takes: "names from least to most, separated by commas",
        meaning: "the reasoning efforts that the upstream knows",
        apply: |options, value| {
            options.efforts = value
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect();
            Some(())
        },
    },
    switch!(
        "fetches_media",
        "whether a Gemini upstream fetches pictures and documents by URL",
        gemini.fetches_media
    ),
    switch!(
        "formats_beside_tools",
        "whether a Gemini upstream keeps to a schema although it is offered tools",
        gemini.formats_beside_tools
    ),
    Setting {
        name: "json_schemas",
        takes: "true or false",
        meaning: "whether a Gemini upstream takes JSON schemas as they are",
        apply: |options, value| {
            options.gemini.schemas = match value {
                "true" => gemini::SchemaStyle::Json,
                "false" => gemini::SchemaStyle::Lowered,
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "max_tokens",
        takes: "a whole number above 0",
        meaning: "the bound that a Messages upstream is given where the client gives none",
        apply: |options, value| {
            let bound = value.parse().ok().filter(|bound| *bound > 0)?;
            options.messages.max_tokens = bound;
            Some(())
        },
    },
    Setting {
        name: "model",
        takes: "a name",
        meaning: "the model to ask for instead of the one that the client names",
        apply: |options, value| {
            options.model = Some(value.to_owned()).filter(|name| !name.is_empty());
            Some(())
        },
    },
    switch!(
        "openai_fields",
        "whether the upstream takes the fields that only OpenAI documents",
        openai_fields
    ),
    switch!(
        "prefill",
        "whether a conversation may end with words of the model",
        prefill
    ),
    switch!(
        "prompt_cache",
        "whether a Messages upstream is shown where cached prefixes end",
        messages.cache
    ),
    switch!(
        "replay_reasoning",
        "whether reasoning goes back to the upstream that it came from",
        replay_reasoning
    ),
    switch!(
        "sampling",
        "whether the model takes temperature and top_p",
        sampling
    ),
    switch!(
        "strict_tools",
        "whether the upstream takes `strict` in a function",
        strict_tools
    ),
    Setting {
        name: "structured",
        takes: "forced_tool, native or refused",
        meaning: "how a Messages upstream is held to a JSON schema",
        apply: |options, value| {
            options.messages.structured = match value {
                "forced_tool" => messages::Structured::ForcedTool,
                "native" => messages::Structured::Native,
                "refused" => messages::Structured::Refused,
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "system_merge",
        takes: "fold, hoist, inline or as_user",
        meaning: "where system and developer messages go",
        apply: |options, value| {
            options.system = match value {
                "fold" => SystemMerge::Fold,
                "hoist" => SystemMerge::Hoist,
                "inline" => SystemMerge::Inline,
                "as_user" => SystemMerge::AsUser,
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "thinking",
        takes: "budget, effort or never",
        meaning: "how a Messages or Gemini upstream is told how much to think",
        apply: |options, value| {
            use {gemini::ThinkingStyle as Gemini, messages::ThinkingStyle as Messages};
            (options.messages.thinking, options.gemini.thinking) = match value {
                "budget" => (Messages::Budget, Gemini::Budget),
                "effort" => (Messages::Adaptive, Gemini::Level),
                "never" => (Messages::Never, Gemini::Never),
                _ => return None,
            };
            Some(())
        },
    },
    Setting {
        name: "token_bound",
        takes: "max_tokens or max_completion_tokens",
        meaning: "the field in which a Chat upstream takes the bound on the answer's length",
        apply: |options, value| {
            options.token_bound = match value {
                "max_tokens" => TokenBound::MaxTokens,
                "max_completion_tokens" => TokenBound::MaxCompletionTokens,
                _ => return None,
            };
            Some(())
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_changes_its_decision_and_refuses_other_values() {
        for setting in &SETTINGS {
            let values = match setting.name {
                "efforts" | "model" => vec!["low,high"],
                "max_tokens" => vec!["1000"],
                _ if setting.takes == "true or false" => vec!["true", "false"],
                _ => setting
                    .takes
                    .split([',', ' '])
                    .filter(|word| !matches!(*word, "" | "or"))
                    .collect(),
            };
            let changed = values.iter().any(|value| {
                let mut options = Options::default();
                options.set(setting.name, value).unwrap();
                options != Options::default()
            });
            assert!(changed, "{} changes nothing", setting.name);
            if !matches!(setting.name, "efforts" | "model") {
                let fault = Options::default().set(setting.name, "maybe").unwrap_err();
                assert!(fault.to_string().contains(setting.takes), "{fault}");
            }
        }
    }

    #[test]
    fn names_are_in_order_and_an_unknown_one_is_told_them() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
        let fault = Options::default().set("sytem", "fold").unwrap_err();
        assert!(fault.to_string().contains("system_merge"), "{fault}");
    }
}
