//! The `llmx` program: parse, run, report.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod exec;
mod failure;
mod sandbox;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    if let Some(code) = llmx_sandbox::run_as_helper() {
        return code;
    }
    match commands::run(args::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
