//! A workbench for one conversation: a home, a workspace, a scripted provider.

use std::sync::Arc;
use std::time::Duration;

use llmx_config::{Config, Flags, Inputs, resolve};
use llmx_core::turn::Bounds;
use llmx_core::{Beginning, Origin, Session, System};
use llmx_protocol::{ItemDetails, Op, ThreadEvent};
use llmx_test_support::{Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

pub(crate) const KEY: &str = "sk-canary-1";

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) config: Config,
    pub(crate) bounds: Bounds,
}

/// What came of a conversation.
pub(crate) struct Course {
    pub(crate) events: Vec<ThreadEvent>,
    /// The session file's text.
    pub(crate) rollout: String,
}

impl Bench {
    pub(crate) fn new(base_url: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory, base_url);
        Self {
            directory,
            config,
            bounds: Bounds::default(),
        }
    }

    pub(crate) fn session(&self) -> Session {
        let environment = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TEST_KEY", KEY),
            ("OTHER", KEY),
        ];
        let origin = Origin {
            source: "exec",
            environment: environment
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
            bounds: self.bounds,
            ..Origin::default()
        };
        Session::open(&self.config, origin, &Beginning::New, Arc::new(System)).unwrap()
    }

    /// Runs one turn; `watch` sees each event and may answer with an operation.
    pub(crate) async fn turn(&self, mut watch: impl FnMut(&ThreadEvent) -> Option<Op>) -> Course {
        let session = self.session();
        let rollout = session.rollout_path().to_owned();
        let (ops, ops_in) = mpsc::channel(4);
        let (events_out, mut events) = mpsc::channel(4);
        let prompt = "do it".to_owned();
        ops.send(Op::UserTurn {
            prompt: prompt.into(),
        })
        .await
        .unwrap();
        let watching = async {
            let mut seen = Vec::new();
            let mut ops = Some(ops);
            while let Some(event) = events.recv().await {
                if let (Some(ops), Some(op)) = (&ops, watch(&event)) {
                    ops.send(op).await.unwrap();
                }
                if event.ends_turn() {
                    ops = None;
                }
                seen.push(event);
            }
            seen
        };
        let both = async { tokio::join!(session.run(ops_in, events_out), watching) };
        let Ok(((), events)) = tokio::time::timeout(Duration::from_secs(30), both).await else {
            panic!("the conversation did not end")
        };
        let rollout = std::fs::read_to_string(rollout).unwrap();
        Course { events, rollout }
    }
}

impl Course {
    pub(crate) fn brief(&self) -> Vec<String> {
        self.events.iter().map(brief).collect()
    }

    /// The lines of the session file, as `type` and the payload's own type or role.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let lines = self.lines();
        let brief = |line: &Value| {
            let payload = &line["payload"];
            let detail = payload["role"].as_str().or(payload["type"].as_str());
            format!(
                "{} {}",
                line["type"].as_str().unwrap(),
                detail.unwrap_or("-")
            )
        };
        lines.iter().map(brief).collect()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.rollout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn config(directory: &TempDir, base_url: &str) -> Config {
    let file = format!(
        "model = 'm'\nmodel_provider = 'test'\nsandbox_mode = 'danger-full-access'\n\
         [model_providers.test]\nname = 'Test'\nbase_url = '{base_url}'\nenv_key = 'TEST_KEY'\n\
         request_max_retries = 2\nstream_max_retries = 2\n\
         stream_idle_timeout_ms = 5000\n"
    );
    let config = resolve(&Inputs {
        home: directory.path().join("home"),
        cwd: directory.path().to_owned(),
        file: Some(file),
        env: &|name| (name == "TEST_KEY").then(|| KEY.into()),
        overrides: &[],
        flags: Flags::default(),
        ..Inputs::default()
    });
    config.unwrap()
}

fn brief(event: &ThreadEvent) -> String {
    match event {
        ThreadEvent::ThreadStarted { .. } => "thread".to_owned(),
        ThreadEvent::TurnStarted {} => "turn".to_owned(),
        ThreadEvent::TurnCompleted { usage, .. } => format!("completed {}", usage.output_tokens),
        ThreadEvent::TurnFailed { error } => format!("failed {}", error.message),
        ThreadEvent::ApprovalRequested { request } => format!("ask {}", request.reason),
        ThreadEvent::AnswerDelta { delta, .. } => format!("delta {delta}"),
        ThreadEvent::AnswerDiscarded {} => "discarded".to_owned(),
        ThreadEvent::SandboxReported { sandbox } => format!("held by {:?}", sandbox.rung),
        ThreadEvent::Error { message } => format!("notice {message}"),
        ThreadEvent::ItemStarted { item } => format!("started {}", details(&item.details)),
        ThreadEvent::ItemUpdated { item } => format!("updated {}", details(&item.details)),
        ThreadEvent::ItemCompleted { item } => format!("done {}", details(&item.details)),
    }
}

fn details(details: &ItemDetails) -> String {
    match details {
        ItemDetails::AgentMessage { text } => format!("message {text}"),
        ItemDetails::Error { message } => format!("error {message}"),
        ItemDetails::CommandExecution {
            command,
            aggregated_output,
            exit_code,
            ..
        } => format!("{command} {exit_code:?} {}", aggregated_output.trim_end()),
        ItemDetails::ToolCall { tool, output, .. } => format!("{tool}: {output}"),
        other => format!("{other:?}"),
    }
}

/// A provider that answers the n-th request with the n-th list of output items.
pub(crate) fn provider(answers: Vec<Vec<Value>>) -> ScriptedUpstream {
    ScriptedUpstream::with_replies(answers.into_iter().map(|items| answer(&items)).collect())
}

pub(crate) fn base_url(upstream: &ScriptedUpstream) -> String {
    upstream.url("/v1")
}

pub(crate) fn answer(items: &[Value]) -> Reply {
    let usage = json!({"input_tokens": 10, "output_tokens": 3, "total_tokens": 13});
    let response = json!({"id": "r", "status": "completed", "output": items, "usage": usage});
    let mut reply = vec![Step::sse_head()];
    reply.extend(items.iter().map(item_done));
    reply.push(event(
        &json!({"type": "response.completed", "response": response}),
    ));
    reply.push(Step::last_chunk());
    reply
}

pub(crate) fn item_done(item: &Value) -> Step {
    event(&json!({"type": "response.output_item.done", "output_index": 0, "item": item}))
}

pub(crate) fn event(value: &Value) -> Step {
    Step::event(&value.to_string())
}

pub(crate) fn message(text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text});
    json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [part]})
}

pub(crate) fn call(call_id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments})
}

pub(crate) fn shell(call_id: &str, script: &str) -> Value {
    let arguments = json!({"command": ["bash", "-c", script]}).to_string();
    call(call_id, "shell", &arguments)
}
