//! An agent's program, run to its end in a home and a folder of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::script;
use crate::{fault, proc};

/// Which agent, by its program.
#[derive(Debug, Clone)]
pub(crate) enum Agent {
    Llmx(PathBuf),
    Codex(PathBuf),
}

/// A home with its settings, and the folder it works in.
pub(super) struct Place {
    dir: TempDir,
}

impl Agent {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Llmx(_) => super::LLMX,
            Self::Codex(_) => super::CODEX,
        }
    }

    pub(super) fn version(&self, place: &Place) -> Command {
        let mut command = self.command(place);
        command.arg("--version");
        command
    }

    /// One turn without questions and without a sandbox.
    pub(super) fn turn(&self, place: &Place, session: Option<&str>) -> Command {
        let mut command = self.command(place);
        command.args(["exec", "--json", "--skip-git-repo-check"]);
        match self {
            Self::Llmx(_) => command.args(["--sandbox", "danger-full-access"]),
            Self::Codex(_) => command.arg("--dangerously-bypass-approvals-and-sandbox"),
        };
        if let Some(session) = session {
            command.args(["resume", session]);
        }
        command.arg("go");
        command
    }

    fn command(&self, place: &Place) -> Command {
        let (Self::Llmx(program) | Self::Codex(program)) = self;
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", place.dir.path())
            .env("LLMX_HOME", place.home())
            .env("CODEX_HOME", place.home())
            .env("BENCH_KEY", "sk-bench-0000")
            .current_dir(place.dir.path().join("work"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Place {
    /// Prepares a place whose provider asks for so many calls.
    pub(super) fn new(port: u16, calls: u32) -> io::Result<Self> {
        let place = Self {
            dir: tempfile::tempdir()?,
        };
        fs::create_dir(place.dir.path().join("work"))?;
        fs::create_dir(place.home())?;
        let path = script::base_path(calls);
        // Both programs read this.
        let settings = format!(
            "model = \"mock\"\nmodel_provider = \"bench\"\n\n[model_providers.bench]\n\
             name = \"bench\"\nbase_url = \"http://127.0.0.1:{port}{path}\"\n\
             env_key = \"BENCH_KEY\"\nwire_api = \"responses\"\n"
        );
        fs::write(place.home().join("config.toml"), settings)?;
        Ok(place)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }
}

/// What a call of the cases runs, without an agent.
pub(super) fn shell() -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-c", "true"]).stdin(Stdio::null());
    shell
}

/// Runs a program to its end and returns how long that took; `expected` is what it must print.
pub(super) fn time(command: &mut Command, expected: &str) -> io::Result<Duration> {
    let start = Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    check(
        output.status.success(),
        &output.stdout,
        &output.stderr,
        expected,
    )?;
    Ok(took)
}

/// Runs a program to its end and returns the KiB of memory that it had resident at most.
pub(super) fn peak_rss_kib(command: &mut Command) -> io::Result<u64> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(proc::status(child.id()).map_or(0, |status| status.peak_rss_kib));
        pause(&mut child)?;
    }
    Ok(peak)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bench is one thread that waits for a process; the runtime's timer is too coarse"
)]
fn pause(child: &mut Child) -> io::Result<()> {
    if child.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}

fn check(ended_well: bool, stdout: &[u8], stderr: &[u8], expected: &str) -> io::Result<()> {
    let said = String::from_utf8_lossy(stdout);
    if ended_well && said.contains(expected) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(stderr);
    let last = errors
        .lines()
        .chain(said.lines())
        .last()
        .unwrap_or_default();
    Err(fault(format!("an agent did not do its work: {last}")))
}

/// Writes a session of llmx with so many items and returns its id.
pub(super) fn write_session(home: &Path, items: u32) -> io::Result<&'static str> {
    use serde_json::json;
    let line = |kind: &str, payload: serde_json::Value| {
        let line =
            json!({"timestamp": "2026-01-01T00:00:00.000Z", "type": kind, "payload": payload});
        format!("{line}\n")
    };
    let mut text = line(
        "session_meta",
        json!({"id": SESSION, "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/",
            "source": "exec", "model_provider": "bench"}),
    );
    for number in 0..items / 2 {
        let (id, arguments) = (
            format!("c{number}"),
            json!({"cmd": format!("echo {number}")}),
        );
        let call = json!({"type": "function_call", "call_id": id, "name": "exec_command",
            "arguments": arguments.to_string()});
        let output =
            json!({"type": "function_call_output", "call_id": id, "output": "x".repeat(200)});
        text.push_str(&line("response_item", call));
        text.push_str(&line("response_item", output));
    }
    let folder = home.join("sessions/2026/01/01");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join(format!("rollout-2026-01-01T00-00-00-{SESSION}.jsonl")),
        text,
    )?;
    Ok(SESSION)
}

const SESSION: &str = "019b7700-0000-7000-8000-000000000001";
