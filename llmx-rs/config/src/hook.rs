//! Programs of the user that are asked or told at certain points of the agent's work.

use std::path::PathBuf;
use std::time::Duration;

use regex_lite::Regex;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::inputs::Inputs;
use crate::layer::Layer;
use crate::origin::Origins;
use crate::source::Located;

/// One program, and when it runs.
#[derive(Debug, Clone)]
pub struct Hook {
    /// When it runs.
    pub event: HookEvent,
    /// For what it runs.
    pub matcher: Matcher,
    /// What runs.
    pub command: HookCommand,
    /// How long it may take.
    pub timeout: Duration,
}

/// A point of the agent's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEvent {
    /// A tool was used.
    PostToolUse,
    /// A conversation is about to be summarized.
    PreCompact,
    /// A tool is about to be used.
    PreToolUse,
    /// A session has ended.
    SessionEnd,
    /// A session is about to take up its first prompt.
    SessionStart,
    /// The agent is about to stop.
    Stop,
    /// A prompt is about to be taken up.
    UserPromptSubmit,
}

impl HookEvent {
    /// Returns its name in the configuration, which programs are told, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::PostToolUse => "PostToolUse",
            Self::PreCompact => "PreCompact",
            Self::PreToolUse => "PreToolUse",
            Self::SessionEnd => "SessionEnd",
            Self::SessionStart => "SessionStart",
            Self::Stop => "Stop",
            Self::UserPromptSubmit => "UserPromptSubmit",
        }
    }
}

/// What a hook runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCommand {
    /// A program and its arguments.
    Program(Vec<String>),
    /// A line for the system's shell.
    Shell(String),
}

/// Which tools, or which occasions of another event, a hook runs for.
#[derive(Debug, Clone, Default)]
pub struct Matcher(Option<(String, Regex)>);

impl Matcher {
    /// Reads a pattern, which matches whole names; nothing and `*` match every name.
    pub(crate) fn read(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() || pattern == "*" {
            return Ok(Self(None));
        }
        match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) => Ok(Self(Some((pattern.to_owned(), regex)))),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns whether it matches one of the names of something.
    pub fn matches(&self, names: &[&str]) -> bool {
        let Some((_, regex)) = &self.0 else {
            return true;
        };
        names.iter().any(|name| regex.is_match(name))
    }

    /// Returns the pattern as it was written, if there is one.
    pub fn pattern(&self) -> Option<&str> {
        self.0.as_ref().map(|(pattern, _)| pattern.as_str())
    }
}

impl Serialize for Hook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let command: Value = match &self.command {
            HookCommand::Program(words) => json!(words),
            HookCommand::Shell(line) => json!(line),
        };
        json!({
            "matcher": self.matcher.pattern().unwrap_or("*"),
            "command": command,
            "timeout_sec": self.timeout.as_secs_f64(),
        })
        .serialize(serializer)
    }
}

/// The hooks of a source. Those of several sources all run, the weaker source's first: a hook may
/// be a guard, and what comes later must not take it away unnoticed.
#[derive(Debug, Default)]
pub(crate) struct Hooks(pub(crate) Vec<Located<Hook>>);

impl Layer for Hooks {
    fn over(self, mut lower: Self) -> Self {
        lower.0.extend(self.0);
        lower
    }
}

/// Notes where each hook came from, and returns them with the user's home in place of `~`.
pub(crate) fn resolve(hooks: Hooks, inputs: &Inputs<'_>, origins: &mut Origins) -> Vec<Hook> {
    let mut resolved: Vec<Hook> = Vec::new();
    for mut hook in hooks.0 {
        let event = hook.value.event;
        if let HookCommand::Program(words) = &mut hook.value.command
            && let Some(program) = words.first_mut()
            && program.starts_with("~/")
        {
            let path: PathBuf = inputs.expand(program);
            *program = path.display().to_string();
        }
        let number = resolved.iter().filter(|it| it.event == event).count() + 1;
        let key = format!("hooks.{}.{number}", event.name());
        resolved.push(origins.keep(&key, hook));
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names() {
        for (pattern, name, expected) in [
            ("", "anything", true),
            ("*", "anything", true),
            ("shell", "shell", true),
            ("shell", "shells", false),
            ("read_file|grep", "grep", true),
            ("read_file|grep", "egrep", false),
            ("mcp__git.*", "mcp__github__push", true),
        ] {
            let matcher = Matcher::read(pattern).unwrap();
            assert_eq!(matcher.matches(&[name]), expected, "{pattern} {name}");
        }
        assert!(Matcher::read("(").is_err());
    }
}
