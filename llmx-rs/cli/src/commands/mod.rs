//! Picks the command that the command line names.

mod generate;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::args::{Cli, Command};
use crate::config::login;
use crate::failure::Failure;
use crate::{
    config, demo, doctor, exec, execpolicy, mcp, mcp_server, models, prompts, sandbox, sessions,
};

/// Runs the program, or becomes what the agent runs: its commands start as this program.
pub(crate) fn main() -> ExitCode {
    let helper = llmx_sandbox::run_as_helper()
        .or_else(llmx_tools::run_as_patcher)
        .or_else(llmx_tools::group::run_as_warden);
    if let Some(code) = helper {
        return code;
    }
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Runs the command.
fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Some(Command::Exec(args)) => exec::run(args),
        Some(Command::ResponsesApiProxy(args)) => {
            llmx_responses_api_proxy::run(args)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Models(args)) => models::run(&args),
        Some(Command::Execpolicy(command)) => execpolicy::run(command),
        Some(Command::Sessions(command)) => sessions::run(command),
        Some(Command::Prompts { json }) => prompts::run(json),
        Some(Command::Sandbox(args)) => sandbox::run(args),
        Some(Command::Config(command)) => config::run(command),
        Some(Command::Mcp(command)) => mcp::run(command),
        Some(Command::McpServer(args)) => mcp_server::run(args),
        Some(Command::Login(args)) => login::run(args),
        Some(Command::Logout(args)) => login::forget(&args),
        Some(Command::Completions { shell }) => generate::completions(shell),
        Some(Command::Man { dir }) => generate::man(dir),
        Some(Command::Doctor(args)) => doctor::run(args),
        Some(Command::Demo) => demo::run(),
        None => Err(Failure::no_command(
            &Cli::command().render_help().to_string(),
        )),
    }
}
