//! The `llmx` program: parse, run, report.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod exec;
mod failure;
mod sessions;
mod transcript;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(args::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
