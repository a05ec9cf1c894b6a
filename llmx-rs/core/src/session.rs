//! Prepares a conversation: everything that can fail before the first word fails here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use llmx_config::{Config, HistoryPersistence, Secret};
use llmx_protocol::{Op, ThreadEvent, ThreadId};
use llmx_tools::{Confinement, Owner, SandboxSettings, ToolSpec, Toolbox};
use llmx_wire::responses::Item;
use serde_json::json;
use tokio::sync::mpsc;

use crate::approvals::{Approvals, Rules, RulesFault};
use crate::connection::{AskFault, Connection};
use crate::driver::{Driver, Pace, Recorder};
use crate::history::History;
use crate::hooks::Hooks;
use crate::mcp;
use crate::model_facts::Keeper;
use crate::notify::Notifier;
use crate::output_schema::OutputSchema;
use crate::prompt::{self, Prompt};
use crate::resume::continuation;
use crate::rollout::{self, ReadFault, RecordFault, Recorded, Rollout, payload, timestamp};
use crate::secrets::Secrets;
use crate::turn::{Bounds, Machine, RetryLimits, Thoughts};
use crate::world::World;

/// A conversation that is ready to run.
pub struct Session {
    thread_id: ThreadId,
    driver: Driver,
}

/// Where a conversation comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The frontend, as session files name it: `exec`, `cli`, …
    pub source: &'static str,
    /// The environment of the process; commands see it without the secrets.
    pub environment: Vec<(OsString, OsString)>,
    /// What each turn may take.
    pub bounds: Bounds,
    /// Whether nothing of the session is written down.
    pub ephemeral: bool,
    /// Whether the frontend wants to see answers while they grow.
    pub previews: bool,
    /// What the last answer of each turn must match.
    pub output_schema: Option<Arc<OutputSchema>>,
}

/// A conversation that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The provider cannot be sent to.
    #[error("the provider `{provider}` cannot be used: {cause}")]
    Provider {
        /// The provider's id.
        provider: String,
        /// Why.
        cause: AskFault,
    },
    /// The session file cannot be written.
    #[error(transparent)]
    Record(#[from] RecordFault),
    /// The user's rules cannot be used.
    #[error(transparent)]
    Rules(#[from] RulesFault),
    /// The session file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
}

/// How a conversation begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Beginning {
    /// With nothing said.
    #[default]
    New,
    /// With what this session file holds, and in it.
    Resume(PathBuf),
    /// With what this session file holds, in a file of its own.
    Fork(PathBuf),
}

impl Beginning {
    /// Returns what hooks are told.
    fn name(&self) -> &'static str {
        match self {
            Self::New => "startup",
            Self::Resume(_) => "resume",
            Self::Fork(_) => "fork",
        }
    }
}

impl Session {
    /// Prepares a conversation and opens its session file.
    pub fn open(
        config: &Config,
        origin: Origin,
        beginning: &Beginning,
        world: Arc<dyn World>,
    ) -> Result<Self, StartFault> {
        let connection = Connection::new(config).map_err(|cause| StartFault::Provider {
            provider: config.provider.id.clone(),
            cause,
        })?;
        let Opened {
            thread_id,
            mut rollout,
            recorded,
        } = open_rollout(config, &origin, beginning, &*world)?;
        let seen = environment(
            config,
            connection.key().as_ref(),
            origin.environment.clone(),
        );
        let confinement = confinement(config, origin.environment.clone(), seen.clone());
        let mut notices = config.notices.clone();
        let now = world.now();
        let (opening, before) = match recorded {
            None => {
                let opening = prompt::opening(config, &confinement, now);
                notices.extend(opening.notices);
                (opening.items, Vec::new())
            }
            Some(recorded) => {
                let before = resume(recorded, config, &mut rollout, now, &mut notices)?;
                (prompt::news(config, now, &before), before)
            }
        };
        let mut machine = machine(config, &origin, opening, before);
        let facts = Keeper::new(config, origin.bounds.cost_usd.is_some());
        machine.know(facts.facts());
        let notifier = config.notify.clone();
        let notifier = notifier.map(|it| Notifier::new(it, &config.cwd, seen.clone(), &thread_id));
        let transcript = (!origin.ephemeral).then(|| rollout.path());
        let begun = beginning.name();
        let hooks = Hooks::new(config, &thread_id, transcript, begun, seen);
        machine.consult_at(hooks.checkpoints());
        let secrets =
            Secrets::of_provider(config, connection.key().as_ref()).with_logins(&config.home);
        let servers = mcp::settings(config, &origin.environment, &secrets);
        let history = remembers(config, &origin).then(|| History::new(&config.home, &thread_id));
        let toolbox = Toolbox::new(confinement);
        let toolbox = toolbox.with_servers(servers);
        let specs = toolbox.specs();
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        notices.extend(hooks.idle(&names));
        let schema = origin.output_schema;
        let driver = Driver {
            machine,
            prompt: prompt_for(config, schema.as_deref(), &thread_id, specs),
            connection: Arc::new(connection),
            env_key: config.provider.env_key.clone(),
            toolbox,
            approvals: Approvals::new(
                config.approval_policy,
                config.sandbox_policy(),
                config.cwd.clone(),
                Rules::read(&config.home.join("rules.toml"))?,
            ),
            output_schema: schema,
            hooks: Arc::new(hooks),
            asked: None,
            permit: None,
            recorder: Recorder {
                rollout,
                turn_context: turn_context(config),
                failed: false,
            },
            notices,
            notifier,
            history,
            facts,
            pace: Pace::default(),
            is_new_turn: true,
            world,
        };
        Ok(Self { thread_id, driver })
    }

    /// Returns the name by which the conversation can be resumed.
    pub fn thread_id(&self) -> &ThreadId {
        &self.thread_id
    }

    /// Returns the session file.
    pub fn rollout_path(&self) -> &Path {
        self.driver.rollout_path()
    }

    /// Runs the conversation until `ops` is closed and the last turn has ended, until a shutdown
    /// is asked for, or until nobody listens to `events` any more.
    pub async fn run(self, ops: mpsc::Receiver<Op>, events: mpsc::Sender<ThreadEvent>) {
        self.driver.run(self.thread_id, ops, events).await;
    }
}

fn prompt_for(
    config: &Config,
    schema: Option<&OutputSchema>,
    thread_id: &ThreadId,
    specs: Vec<ToolSpec>,
) -> Prompt {
    let mut prompt = Prompt::new(config, thread_id, specs);
    if let Some(schema) = schema {
        prompt.demand(schema);
    }
    prompt
}

/// Returns whether prompts go into the history of prompts.
fn remembers(config: &Config, origin: &Origin) -> bool {
    // A script's prompts are not what a person wants to find again.
    let is_wanted = config.history == HistoryPersistence::SaveAll && origin.source != "exec";
    is_wanted && !origin.ephemeral
}

/// Starts a conversation that begins with `opening` after what was said `before`.
fn machine(config: &Config, origin: &Origin, opening: Vec<Item>, before: Vec<Item>) -> Machine {
    let limits = RetryLimits {
        request: config.provider.request_max_retries,
        stream: config.provider.stream_max_retries,
    };
    let mut machine = Machine::new(opening, limits);
    machine.resume(before);
    machine.bound(origin.bounds);
    if let Some(tokens) = config.model_auto_compact_token_limit {
        machine.limit_context(tokens);
    }
    if let Some(instruction) = &config.compact_prompt {
        machine.summarize_by(instruction.clone());
    }
    if origin.previews {
        machine.preview();
    }
    if origin.output_schema.is_some() {
        machine.check_answers();
    }
    machine.show_thoughts(if config.hide_agent_reasoning {
        Thoughts::Hidden
    } else if config.show_raw_agent_reasoning {
        Thoughts::Raw
    } else {
        Thoughts::Summarized
    });
    machine
}

fn confinement(
    config: &Config,
    variables: Vec<(OsString, OsString)>,
    seen: Vec<(OsString, OsString)>,
) -> Confinement {
    let owner = Owner {
        home: std::env::home_dir(),
        llmx_home: Some(config.home.clone()),
        environment: variables.into_iter().collect(),
    };
    let mut settings = SandboxSettings::new(owner);
    settings.hidden.extend(config.secret_files.iter().cloned());
    Confinement::new(config.sandbox_policy(), config.cwd.clone(), settings, seen)
}

/// Returns the environment for commands: without the key, and without whatever else holds it or
/// the value of a header that is sent to the provider.
fn environment(
    config: &Config,
    key: Option<&Secret>,
    variables: Vec<(OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let secrets = Secrets::of_everything(config, key, &variables).with_logins(&config.home);
    secrets.remove_from(config.shell_environment_policy.apply(variables))
}

struct Opened {
    thread_id: ThreadId,
    rollout: Rollout,
    /// What was said before.
    recorded: Option<Recorded>,
}

fn open_rollout(
    config: &Config,
    origin: &Origin,
    beginning: &Beginning,
    world: &dyn World,
) -> Result<Opened, StartFault> {
    let Origin {
        source, ephemeral, ..
    } = *origin;
    let recorded = match beginning {
        Beginning::New => None,
        Beginning::Fork(path) => Some(rollout::read(path)?),
        Beginning::Resume(path) => {
            // Only what is read under the lock is the last word.
            let rollout = Rollout::reopen(path)?;
            let recorded = rollout::read(path)?;
            return Ok(Opened {
                thread_id: recorded.id.clone(),
                rollout,
                recorded: Some(recorded),
            });
        }
    };
    let now = world.now();
    let thread_id = world.new_thread_id();
    let mut rollout = if ephemeral {
        Rollout::nowhere()
    } else {
        Rollout::create(&config.home, &thread_id, now)?
    };
    let meta = json!({
        "id": thread_id,
        "timestamp": timestamp(now),
        "cwd": config.cwd.to_string_lossy(),
        "originator": format!("llmx_{source}"),
        "cli_version": env!("CARGO_PKG_VERSION"),
        "instructions": null,
        "source": source,
        "model_provider": config.provider.id,
        "forked_from_id": recorded.as_ref().map(|recorded| &recorded.id),
    });
    rollout.write(now, "session_meta", &meta)?;
    if let Beginning::Fork(path) = beginning {
        rollout.copy(path)?;
    }
    Ok(Opened {
        thread_id,
        rollout,
        recorded,
    })
}

/// Returns the conversation to go on with; calls that were cut off are answered, on disk too.
fn resume(
    recorded: Recorded,
    config: &Config,
    rollout: &mut Rollout,
    now: SystemTime,
    notices: &mut Vec<String>,
) -> Result<Vec<Item>, StartFault> {
    if recorded.lost_head {
        notices.push(
            "the first line of the session file is damaged: the session goes on under the name of \
             its file; what frontend began it, and of what it is a fork, is lost"
                .to_owned(),
        );
    }
    if recorded.unread_lines > 0 {
        notices.push(format!(
            "{} line(s) of the session file cannot be read and are left out",
            recorded.unread_lines
        ));
    }
    let continuation = continuation(recorded.items, &config.provider.id, &config.model);
    for answer in &continuation.answers {
        let (kind, payload) = payload(answer);
        rollout.write(now, kind, &payload)?;
    }
    if continuation.left_out > 0 {
        notices.push(format!(
            "{} thought(s) of another model or provider, which `{}` at `{}` cannot read, are not sent to it",
            continuation.left_out, config.model, config.provider.id
        ));
    }
    Ok(continuation.items)
}

fn turn_context(config: &Config) -> serde_json::Value {
    json!({
        "cwd": config.cwd.to_string_lossy(),
        "model_provider": config.provider.id,
        "approval_policy": config.approval_policy,
        "sandbox_policy": config.sandbox_policy(),
        "model": config.model,
        "summary": "auto",
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use llmx_config::{Flags, Inputs, Provider, resolve};

    use super::*;

    pub(crate) fn config(cwd: &Path, base_url: &str) -> Config {
        let file = format!(
            "model = 'm'\nmodel_provider = 'test'\nsandbox_mode = 'danger-full-access'\n\
             [model_providers.test]\nbase_url = '{base_url}'\nenv_key = 'TEST_KEY'\n"
        );
        let config = resolve(&Inputs {
            home: cwd.join("home"),
            cwd: cwd.to_owned(),
            file: Some(file),
            env: &|name| (name == "TEST_KEY").then(|| "sk-canary-1".into()),
            overrides: &[],
            flags: Flags::default(),
            ..Inputs::default()
        });
        config.unwrap()
    }

    pub(crate) fn provider(base_url: &str) -> Provider {
        config(Path::new("/"), base_url).provider
    }

    #[test]
    fn commands_see_no_secret_under_any_name() {
        let mut config = config(Path::new("/"), "http://127.0.0.1:1");
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        config.provider.headers = vec![
            header("x-auth", "Bearer team-canary"),
            header("x-debug", "true"),
        ];
        let variables = [
            ("PATH", "/bin"),
            ("TEST_KEY", "x"),
            ("LLMX_API_KEY", "y"),
            ("COPY", "sk-canary-1"),
            ("TEAM", "team-canary"),
            ("DEBUG", "true"),
            ("OTHER_KEY", "other-canary"),
            ("OTHER_COPY", "x other-canary"),
        ];
        config.secret_variables.insert("OTHER_KEY".to_owned());
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let key = config.provider.key.clone();
        let left = environment(&config, key.as_ref(), variables.to_vec());
        let left: Vec<_> = left
            .iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(left, ["PATH", "DEBUG"]);
    }
}
