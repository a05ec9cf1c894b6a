//! `llmx exec`: resolves the configuration and hands it to the agent.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use llmx_config::{Config, Flags};
use llmx_demo::{Options, ScriptedModel};
use serde_json::json;
use tokio::runtime::Builder;

use crate::args::ExecArgs;
use crate::failure::Failure;

/// Runs one prompt.
pub(crate) fn run(args: ExecArgs) -> Result<ExitCode, Failure> {
    let flags = Flags {
        model: args.model,
        sandbox_mode: args.sandbox,
        cd: args.cd,
    };
    let mut config = llmx_config::load(&args.overrides, flags).inspect_err(|errors| {
        if args.json {
            tell_program(&errors.to_string());
        }
    })?;
    if config.provider.key.is_some() {
        // The agent's commands run as the same user: without this they could read the key from
        // /proc. Where it does not hold, the proxy is the way to keep the key away from them.
        let _best_effort = llmx_process_hardening::hide_memory();
    }
    let exec = llmx_exec::ExecArgs {
        prompt: args.prompt,
        json: args.json,
        output_last_message: args.output_last_message,
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let ending = runtime.block_on(async {
        let _model = start_demo(&mut config)?;
        anyhow::Ok(llmx_exec::run(config, exec).await)
    })?;
    Ok(ending.into())
}

/// Starts the scripted model where the configuration asks for it, and points the provider at it.
fn start_demo(config: &mut Config) -> anyhow::Result<Option<ScriptedModel>> {
    if !config.provider.is_unstarted_demo() {
        return Ok(None);
    }
    let model =
        ScriptedModel::start(Options::default()).context("the demo model does not start")?;
    config.provider.base_url = model.base_url().to_owned();
    Ok(Some(model))
}

/// A program that reads events learns there, too, why there are none.
fn tell_program(message: &str) {
    let event = json!({ "type": "error", "message": message });
    // Nobody may read it; standard error has the same sentence.
    let _unread = writeln!(io::stdout(), "{event}");
}
