//! The real agent as its own process: `llmx exec` in a home and a workspace of its own.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// A running agent; dropping it kills it.
pub(super) struct Agent {
    child: Child,
    progress: Lines<BufReader<ChildStderr>>,
}

/// Where an agent lives and works.
pub(super) struct Place<'a> {
    pub(super) home: &'a Path,
    pub(super) workspace: &'a Path,
}

impl Agent {
    /// Starts the agent with `args` after `llmx`.
    pub(super) fn start(
        program: &Path,
        args: &[String],
        place: &Place<'_>,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(place.workspace)
            .env("LLMX_HOME", place.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A key of yours would make "the agent has no key" untrue.
        for variable in ["LLMX_API_KEY", "LLMX_BASE_URL", "OPENAI_API_KEY"] {
            command.env_remove(variable);
        }
        let mut child = command.spawn().context("the agent does not start")?;
        let stderr = child
            .stderr
            .take()
            .context("the agent has no standard error")?;
        let progress = BufReader::new(stderr).lines();
        Ok(Self { child, progress })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns the next line of progress, `None` after the last. Safe to cancel.
    pub(super) async fn next_line(&mut self) -> anyhow::Result<Option<String>> {
        Ok(self.progress.next_line().await?)
    }

    /// Waits for the end and returns the final answer with the exit status.
    pub(super) async fn finish(mut self) -> anyhow::Result<(String, ExitStatus)> {
        let mut answer = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut answer).await?;
        }
        Ok((answer.trim().to_owned(), self.child.wait().await?))
    }
}
