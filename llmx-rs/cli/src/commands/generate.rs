//! `llmx completions` and `llmx man`: what packagers and shells want, made of the command line.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::config::{print, tell};
use crate::failure::Failure;

/// Prints the script of a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    print(&String::from_utf8(script).context("the script")?);
    Ok(ExitCode::SUCCESS)
}

/// Prints the page of `llmx`, or writes one page for each command.
pub(crate) fn man(directory: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        render(&mut page).context("the page")?;
        print(&String::from_utf8(page).context("the page")?);
        return Ok(ExitCode::SUCCESS);
    };
    let shown = directory.display();
    if !directory.is_dir() {
        let sentence = format!("--dir: {shown} is not a directory; create it or name another");
        return Err(Failure::not_started(&sentence));
    }
    clap_mangen::generate_to(Cli::command(), &directory)
        .with_context(|| format!("the pages cannot be written into {shown}"))?;
    tell(&format!("wrote the pages into {shown}"));
    Ok(ExitCode::SUCCESS)
}

fn render(page: &mut Vec<u8>) -> io::Result<()> {
    // `llmx help` has no page of its own that could be named here.
    clap_mangen::Man::new(Cli::command().disable_help_subcommand(true)).render(page)
}

const NAME: &str = "llmx";
