//! The `llmx` program: parse, run, report.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod config;
mod demo;
mod doctor;
mod exec;
mod execpolicy;
mod failure;
mod mcp;
mod mcp_server;
mod models;
mod prompts;
mod review;
mod sandbox;
mod sessions;
mod transcript;

fn main() -> std::process::ExitCode {
    commands::main()
}
