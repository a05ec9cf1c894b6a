//! `llmx prompts`: the prompts of the user's own, for people and programs.

use std::process::ExitCode;

use anyhow::Context;
use llmx_core::prompts::{self, PromptFile};
use serde_json::json;

use crate::config::{print, tell};
use crate::failure::Failure;

/// Lists the prompt files.
pub(crate) fn run(json: bool) -> Result<ExitCode, Failure> {
    let home = llmx_config::home()?;
    let (files, faults) = prompts::list(&home).context("the prompts cannot be listed")?;
    let text: String = match json {
        true => files.iter().map(json_line).collect(),
        false if files.is_empty() => {
            let example = home.join("prompts").join("NAME.md");
            format!("no prompts; write one as {}\n", example.display())
        }
        false => files.iter().map(line).collect(),
    };
    print(&text);
    for fault in faults {
        tell(&format!("warning: {fault}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(file: &PromptFile) -> String {
    let hint = file.argument_hint.as_deref().unwrap_or_default();
    let call = format!("/{} {hint}", file.name());
    let about = file.description.as_deref().unwrap_or_default();
    format!("{:32} {about}", call.trim_end())
        .trim_end()
        .to_owned()
        + "\n"
}

fn json_line(file: &PromptFile) -> String {
    let line = json!({
        "name": file.name(),
        "description": file.description,
        "argument_hint": file.argument_hint,
        "path": file.path,
    });
    format!("{line}\n")
}
