//! The program as its users meet it: processes, exit codes, output.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[cfg(target_os = "linux")]
mod background;
mod bare;
mod config;
mod conversation;
mod demo;
mod dialects;
mod doctor;
mod exec;
#[cfg(target_os = "linux")]
mod getting_started;
#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod mcp;
mod mcp_as_server;
mod mcp_command;
#[cfg(unix)]
mod mcp_login;
#[cfg(target_os = "linux")]
mod own_key;
#[cfg(target_os = "linux")]
mod patch;
mod prompts;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(unix)]
mod scene;
mod search;
mod sessions;
#[cfg(unix)]
mod two_users;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A home and a workspace that belong to one test.
struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        let dir = TempDir::with_prefix("llmx-test-").unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns `llmx` with `args`, in the workspace, with no variables of ours.
    fn llmx(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llmx"));
        command
            .args(args)
            .current_dir(self.path().join("work"))
            .env("LLMX_HOME", self.path().join("home"))
            .stdin(Stdio::null());
        for variable in OUR_VARIABLES {
            command.env_remove(variable);
        }
        command
    }
}

/// What the person who runs the tests may have set.
const OUR_VARIABLES: [&str; 6] = [
    "LLMX_API_KEY",
    "LLMX_BASE_URL",
    "LLMX_MODEL",
    "LLMX_MODEL_PROVIDER",
    "LLMX_PROFILE",
    "OPENAI_API_KEY",
];

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
