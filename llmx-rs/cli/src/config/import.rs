//! `llmx config import`: takes over the configuration of Codex.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::Context;
use llmx_config::{ConfigErrors, Flags, Imported, SourceText, import, with_inputs, write};

use super::{print, tell};
use crate::failure::Failure;

/// Reads the file, says what became of each setting, and writes the new file.
pub(crate) fn run(file: Option<PathBuf>, force: bool, dry_run: bool) -> Result<ExitCode, Failure> {
    let theirs = match file {
        Some(file) => file,
        None => of_codex()?,
    };
    let shown = theirs.display();
    let text = fs::read_to_string(&theirs)
        .map_err(|error| Failure::not_started(&format!("{shown} cannot be read ({error})")))?;
    let ours = llmx_config::home()?.join("config.toml");
    if ours.exists() && !force && !dry_run {
        return Err(Failure::not_started(&format!(
            "{} exists already; --force puts the imported file in its place and keeps it as {}",
            ours.display(),
            before(&ours).display()
        )));
    }
    let imported = with_inputs(&[], Flags::default(), |inputs| {
        import(inputs, &theirs, &text)
    })??;
    report(&imported);
    if dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if ours.exists() {
        let kept = before(&ours);
        fs::copy(&ours, &kept).with_context(|| format!("{} cannot be written", kept.display()))?;
        tell(&format!("kept the old file as {}", kept.display()));
    }
    let file = SourceText {
        path: ours,
        text: imported.text,
        exposed: false,
    };
    write(&file).map_err(ConfigErrors::from)?;
    tell(&format!("wrote {}", file.path.display()));
    Ok(ExitCode::SUCCESS)
}

fn report(imported: &Imported) {
    let lines: Vec<_> = imported
        .fates
        .iter()
        .map(|fate| format!("{fate}\n"))
        .collect();
    print(&lines.concat());
    for remark in &imported.remarks {
        tell(&format!("look at: {remark}"));
    }
}

fn of_codex() -> Result<PathBuf, Failure> {
    let home = match env::var_os("CODEX_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .ok_or_else(|| Failure::not_started(&"no home directory is known; name the file"))?
            .join(".codex"),
    };
    Ok(home.join("config.toml"))
}

fn before(path: &Path) -> PathBuf {
    path.with_file_name("config.toml.before-import")
}
