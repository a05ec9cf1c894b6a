//! Asks the user's programs at certain points of the work: what they are told, and what they may
//! decide. docs/hooks.md is what it keeps to.
//!
//! A hook is a guard, so none is passed over in silence: one that gives no clear answer is a notice,
//! and a call that it was to judge is not run.

mod answer;
mod call;
mod point;
mod program;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use llmx_config::{Config, Hook, HookCommand, HookEvent};
use llmx_protocol::ThreadId;
use serde_json::{Map, Value, json};

use self::answer::Answer;
pub(crate) use self::call::{AboutCall, after_call, before_call};
pub(crate) use self::point::advise;
use crate::turn::Checkpoints;

/// The hooks of a session.
#[derive(Debug)]
pub(crate) struct Hooks {
    hooks: Vec<Hook>,
    /// What every hook is told.
    about: Map<String, Value>,
    cwd: PathBuf,
    /// The whole environment of the programs, without secrets.
    environment: Vec<(OsString, OsString)>,
    /// How the session began.
    source: &'static str,
    /// Whether the hooks of the session's beginning have run.
    begun: AtomicBool,
}

/// What the hooks of one point say together.
#[derive(Debug, Default)]
struct Counsel {
    /// What a person should hear.
    notices: Vec<String>,
    /// What the model should hear.
    context: Vec<String>,
    ruling: Ruling,
}

/// What they want to be done.
#[derive(Debug, Default, PartialEq, Eq)]
enum Ruling {
    #[default]
    Nothing,
    /// A person shall decide.
    Ask(String),
    /// It shall not be.
    Block(String),
    /// What they want is not known.
    Unknown(String),
}

impl Hooks {
    pub(crate) fn new(
        config: &Config,
        thread_id: &ThreadId,
        transcript: Option<&Path>,
        source: &'static str,
        environment: Vec<(OsString, OsString)>,
    ) -> Self {
        let about = [
            ("session_id", json!(thread_id)),
            (
                "transcript_path",
                json!(transcript.map(Path::to_string_lossy)),
            ),
            ("cwd", json!(config.cwd.to_string_lossy())),
            ("model", json!(config.model)),
            ("sandbox_mode", json!(config.sandbox_mode)),
            ("approval_policy", json!(config.approval_policy)),
        ];
        Self {
            hooks: config.hooks.clone(),
            about: about
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
            cwd: config.cwd.clone(),
            environment,
            source,
            begun: AtomicBool::new(false),
        }
    }

    /// Returns where the machine has to ask.
    pub(crate) fn checkpoints(&self) -> Checkpoints {
        let any = |event| self.hooks.iter().any(|hook| hook.event == event);
        Checkpoints {
            prompt: any(HookEvent::UserPromptSubmit) || any(HookEvent::SessionStart),
            stop: any(HookEvent::Stop),
            compact: any(HookEvent::PreCompact),
        }
    }

    /// Says which hooks will never run, since no tool has a name that they match.
    pub(crate) fn idle(&self, tools: &[&str]) -> Vec<String> {
        let known: Vec<_> = tools.iter().copied().chain(call::ALIASES).collect();
        let is_of_tools =
            |hook: &&Hook| matches!(hook.event, HookEvent::PreToolUse | HookEvent::PostToolUse);
        let hooks = self.hooks.iter().filter(is_of_tools);
        hooks
            .filter_map(|hook| {
                let pattern = hook.matcher.pattern()?;
                // The tools of MCP servers may come later.
                let is_idle = !pattern.contains("mcp") && !hook.matcher.matches(&known);
                is_idle.then(|| {
                    format!(
                        "the {} hook for `{pattern}` matches no tool; the tools are {}",
                        hook.event.name(),
                        tools.join(", ")
                    )
                })
            })
            .collect()
    }

    /// Tells the hooks that the session has ended, and returns what a person should hear of it.
    pub(crate) async fn end(&self) -> Vec<String> {
        self.ask(HookEvent::SessionEnd, &[], Map::new())
            .await
            .notices
    }

    /// Runs the hooks of `event` that match one of `names`, one after the other, until one blocks.
    async fn ask(&self, event: HookEvent, names: &[&str], more: Map<String, Value>) -> Counsel {
        let mut counsel = Counsel::default();
        let hooks = self.hooks.iter().filter(|hook| hook.event == event);
        for hook in hooks.filter(|hook| hook.matcher.matches(names)) {
            let mut told = self.about.clone();
            told.insert("hook_event_name".to_owned(), json!(event.name()));
            told.extend(more.clone());
            let told = Value::Object(told).to_string();
            let ended = program::run(
                &hook.command,
                &self.cwd,
                &self.environment,
                &told,
                hook.timeout,
            );
            let answer = match ended.await {
                Ok(ended) => answer::read(event, &ended),
                Err(fault) => Err(fault.to_string()),
            };
            match answer {
                Ok(answer) => counsel.add(answer),
                Err(why) => {
                    let why = format!("the {} hook `{}` {why}", event.name(), brief(&hook.command));
                    counsel.notices.push(match event {
                        HookEvent::PreToolUse => format!("{why}; so the call is not run"),
                        _ => why.clone(),
                    });
                    if event == HookEvent::PreToolUse {
                        counsel.ruling = Ruling::Unknown(why);
                    }
                }
            }
            if matches!(counsel.ruling, Ruling::Block(_) | Ruling::Unknown(_)) {
                break;
            }
        }
        counsel
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }
}

impl Counsel {
    fn add(&mut self, answer: Answer) {
        self.notices.extend(answer.notice);
        self.context.extend(answer.context);
        // The hooks before this one have blocked nothing, else this one had not run.
        if answer.ruling != Ruling::Nothing {
            self.ruling = answer.ruling;
        }
    }
}

/// Returns a command as a person finds it in the configuration again.
fn brief(command: &HookCommand) -> String {
    let line = match command {
        HookCommand::Program(words) => words.first().cloned().unwrap_or_default(),
        HookCommand::Shell(line) => line.clone(),
    };
    let first = line.lines().next().unwrap_or_default();
    match first.char_indices().nth(BRIEF) {
        Some((end, _)) => format!("{}…", first.get(..end).unwrap_or_default()),
        None => first.to_owned(),
    }
}

const BRIEF: usize = 60;
