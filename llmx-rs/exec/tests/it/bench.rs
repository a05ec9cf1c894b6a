//! A workbench for one run: a home, a provider, streams that remember what was written.

use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llmx_config::{Config, Flags, Inputs, resolve};
use llmx_exec::{Ending, ExecArgs, Io, Stdin, StdinKind, Stop, run_with};
use llmx_test_support::{Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

pub(crate) struct Bench {
    pub(crate) directory: Arc<TempDir>,
    pub(crate) config: Config,
    pub(crate) args: ExecArgs,
    pub(crate) stdin: &'static str,
    /// Requests to stop are sent here.
    pub(crate) stop: mpsc::Sender<Stop>,
    stops: mpsc::Receiver<Stop>,
    pub(crate) stdout: Paper,
    pub(crate) stderr: Paper,
}

/// A stream that remembers what was written to it.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Bench {
    pub(crate) fn new(base_url: &str) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let (stop, stops) = mpsc::channel(2);
        Self {
            config: config(&directory, base_url),
            directory,
            args: ExecArgs {
                prompt: Some("do it".to_owned()),
                ..ExecArgs::default()
            },
            stdin: "",
            stop,
            stops,
            stdout: Paper::default(),
            stderr: Paper::default(),
        }
    }

    pub(crate) fn json(mut self) -> Self {
        self.args.json = true;
        self
    }

    pub(crate) async fn run(self) -> (Ending, String, String) {
        let (stdout, stderr) = (self.stdout.clone(), self.stderr.clone());
        let ending = self.run_onto(Box::new(stdout.clone())).await;
        (ending, stdout.text(), stderr.text())
    }

    pub(crate) async fn run_onto(self, stdout: Box<dyn Write + Send>) -> Ending {
        let io = Io {
            stdin: Stdin {
                kind: StdinKind::File,
                reader: Box::new(Cursor::new(self.stdin)),
                patience: Duration::from_secs(5),
                longest_gap: Duration::from_secs(5),
            },
            stdout,
            stderr: Box::new(self.stderr.clone()),
            stops: self.stops,
            environment: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        };
        let run = run_with(self.config, self.args, io);
        match tokio::time::timeout(Duration::from_secs(30), run).await {
            Ok(ending) => ending,
            Err(_) => panic!("the run did not end"),
        }
    }
}

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn config(directory: &TempDir, base_url: &str) -> Config {
    let file = format!(
        "model = 'm'\nmodel_provider = 'test'\nsandbox_mode = 'danger-full-access'\n\
         [model_providers.test]\nname = 'Test'\nbase_url = '{base_url}'\nenv_key = 'TEST_KEY'\n\
         request_max_retries = 1\nstream_max_retries = 1\n\
         stream_idle_timeout_ms = 5000\n"
    );
    let config = resolve(&Inputs {
        home: directory.path().join("home"),
        cwd: directory.path().to_owned(),
        file: Some(file),
        env: &|name| (name == "TEST_KEY").then(|| "sk-canary-1".into()),
        overrides: &[],
        flags: Flags::default(),
        ..Inputs::default()
    });
    config.unwrap()
}

/// A provider that answers the n-th request with the n-th list of output items.
pub(crate) fn provider(answers: Vec<Vec<Value>>) -> ScriptedUpstream {
    ScriptedUpstream::with_replies(answers.into_iter().map(|items| answer(&items)).collect())
}

pub(crate) fn answer(items: &[Value]) -> Reply {
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 3});
    let response = json!({"id": "r", "status": "completed", "output": items, "usage": usage});
    let completed = json!({"type": "response.completed", "response": response});
    vec![
        Step::sse_head(),
        Step::event(&completed.to_string()),
        Step::last_chunk(),
    ]
}

pub(crate) fn message(text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text});
    json!({"type": "message", "role": "assistant", "content": [part]})
}

pub(crate) fn shell(call_id: &str, script: &str) -> Value {
    let arguments = json!({"command": ["bash", "-c", script]}).to_string();
    json!({"type": "function_call", "call_id": call_id, "name": "shell", "arguments": arguments})
}

/// The lines of a JSON output.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The `type` of each line of a JSON output.
pub(crate) fn kinds(text: &str) -> Vec<String> {
    let kind = |line: Value| line["type"].as_str().unwrap().to_owned();
    lines(text).into_iter().map(kind).collect()
}
