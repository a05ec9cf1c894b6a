//! The `llmx` program: parse, run, report.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod config;
mod config_args;
mod demo;
mod doctor;
mod exec;
mod execpolicy;
mod failure;
mod generate;
mod import;
mod login;
mod models;
mod review;
mod sandbox;
mod sessions;
mod transcript;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // What the agent runs starts as this program, which then becomes it.
    if let Some(code) = llmx_sandbox::run_as_helper().or_else(llmx_tools::run_as_patcher) {
        return code;
    }
    match commands::run(args::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
