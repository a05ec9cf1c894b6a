//! `llmx config`: shows what is in force, and changes the user's file.

pub(crate) mod args;
mod import;
pub(crate) mod login;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use llmx_config::{Flags, Origins, schema, set, survey, with_inputs, write};
use serde_json::{Value, json};

use self::args::{ConfigCommand, Settings};
use crate::failure::Failure;

/// Runs one of the commands.
pub(crate) fn run(command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show {
            origin,
            json,
            settings,
        } => show(origin, json, settings),
        ConfigCommand::Set { key, value } => change(&key, &value),
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&schema()).context("the schema")?;
            print(&format!("{text}\n"));
            Ok(ExitCode::SUCCESS)
        }
        ConfigCommand::Import {
            file,
            force,
            dry_run,
        } => import::run(file, force, dry_run),
    }
}

fn show(origin: bool, json: bool, settings: Settings) -> Result<ExitCode, Failure> {
    let flags = Flags {
        profile: settings.profile,
        cd: settings.cd,
        ..Flags::default()
    };
    let (result, origins) = with_inputs(&settings.overrides, flags, survey)?;
    let notices = match &result {
        Ok(config) => config.notices.clone(),
        Err(_) => Vec::new(),
    };
    if json {
        let faults = result.as_ref().err().map(llmx_config::ConfigErrors::iter);
        let faults: Vec<_> = faults
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let whole = json!({
            "settings": as_json(&origins),
            "notices": notices,
            "faults": faults,
        });
        let text = serde_json::to_string_pretty(&whole).context("the settings")?;
        print(&format!("{text}\n"));
        // Whoever reads JSON has the faults; the exit code says that there are some.
        return Ok(ExitCode::from(if result.is_ok() { 0 } else { 2 }));
    }
    print(&as_text(&origins, origin));
    for notice in notices {
        tell(&format!("note: {notice}"));
    }
    result?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(origins: &Origins) -> Value {
    origins
        .iter()
        .map(|(key, origin, value)| {
            let row = json!({"value": value, "origin": origin.to_string()});
            (key.to_owned(), row)
        })
        .collect()
}

/// Writes each value as a line of TOML, its origin behind it as a comment.
fn as_text(origins: &Origins, with_origin: bool) -> String {
    let lines: Vec<_> = origins
        .iter()
        .map(|(key, origin, value)| (format!("{key} = {value}"), origin))
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max();
    let width = width.unwrap_or(0).min(WIDEST);
    let text = |(line, origin): &(String, _)| match with_origin {
        true => format!("{line:width$}  # {origin}\n"),
        false => format!("{line}\n"),
    };
    lines.iter().map(text).collect()
}

fn change(key: &str, value: &str) -> Result<ExitCode, Failure> {
    let file = with_inputs(&[], Flags::default(), |inputs| set(inputs, key, value))??;
    write(&file).map_err(llmx_config::ConfigErrors::from)?;
    tell(&format!("wrote {}", file.path.display()));
    Ok(ExitCode::SUCCESS)
}

/// Prints to standard output; a reader that has seen enough closes the pipe.
pub(crate) fn print(text: &str) {
    let _closed = io::stdout().write_all(text.as_bytes());
}

/// Says something about what was done, beside the result.
pub(crate) fn tell(sentence: &str) {
    let _closed = writeln!(io::stderr(), "{sentence}");
}

/// Origins of longer lines stand right behind them.
const WIDEST: usize = 64;
