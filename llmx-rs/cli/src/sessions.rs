//! `llmx sessions`: what was recorded, for people and programs.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use llmx_core::Recorded;
use llmx_core::sessions::{self, NoSession, Summary};
use llmx_exec::Screen;
use serde_json::json;

use crate::args::SessionsCommand;
use crate::failure::Failure;
use crate::transcript;

/// Runs one of the commands.
pub(crate) fn run(command: SessionsCommand) -> Result<ExitCode, Failure> {
    let home = llmx_config::home()?;
    let text = match command {
        SessionsCommand::List { all, json } => list(&home, all, json)?,
        SessionsCommand::Show { id } => transcript::plain(&load(&home, &id)?),
        SessionsCommand::Export { id, jsonl: true } => {
            let path = sessions::find(&home, &id)?;
            let file = fs::read(&path).map_err(|cause| NoSession::Io { path, cause })?;
            let _closed = io::stdout().write_all(&file);
            return Ok(ExitCode::SUCCESS);
        }
        SessionsCommand::Export { id, .. } => transcript::markdown(&load(&home, &id)?),
        SessionsCommand::Delete { id } => {
            let path = sessions::delete(&home, &id)?;
            format!("deleted {}\n", path.display())
        }
    };
    let mut stdout = io::stdout();
    // A reader that has seen enough closes the pipe.
    let _closed = match stdout.is_terminal() {
        true => Screen(stdout).write_all(text.as_bytes()),
        false => stdout.write_all(text.as_bytes()),
    };
    Ok(ExitCode::SUCCESS)
}

fn load(home: &Path, id: &str) -> Result<Recorded, NoSession> {
    sessions::load(home, id)
}

fn list(home: &Path, all: bool, json: bool) -> Result<String, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut sessions = sessions::list(home)?;
    sessions.retain(|session| all || session.began_in(&here));
    if json {
        return Ok(sessions.iter().map(json_line).collect());
    }
    if sessions.is_empty() {
        let hint = if all {
            ""
        } else {
            " in this directory; --all shows those of every directory"
        };
        return Ok(format!("no sessions{hint}\n"));
    }
    Ok(sessions.iter().map(|session| line(session, all)).collect())
}

fn line(session: &Summary, with_directory: bool) -> String {
    let when = transcript::time(session.modified);
    let prompt = session.prompt.lines().next().unwrap_or_default();
    let prompt: String = prompt.chars().take(PROMPT_WIDTH).collect();
    let directory = if with_directory {
        format!("  {}", session.cwd.display())
    } else {
        String::new()
    };
    format!("{}  {when}{directory}  {prompt}\n", session.id)
}

fn json_line(session: &Summary) -> String {
    let line = json!({
        "id": session.id,
        "path": session.path.to_string_lossy(),
        "modified": transcript::time(session.modified),
        "cwd": session.cwd.to_string_lossy(),
        "prompt": session.prompt,
    });
    format!("{line}\n")
}

const PROMPT_WIDTH: usize = 60;
