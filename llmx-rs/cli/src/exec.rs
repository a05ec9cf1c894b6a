//! `llmx exec`: resolves the configuration and hands it to the agent.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use llmx_config::{Config, Flags};
use llmx_core::Beginning;
use llmx_core::sessions::{self, NoSession};
use llmx_core::turn::Bounds;
use llmx_demo::{Options, ScriptedModel};
use llmx_protocol::ThreadEvent;
use serde_json::json;
use tokio::runtime::Builder;

use crate::args::{Earlier, ExecAction, ExecArgs};
use crate::failure::Failure;
use crate::review;

/// Runs one prompt.
pub(crate) fn run(args: ExecArgs) -> Result<ExitCode, Failure> {
    let ExecArgs {
        action,
        prompt,
        options,
    } = args;
    if options.print_schema {
        // A reader that has seen enough closes the pipe.
        let _closed = writeln!(io::stdout(), "{:#}", ThreadEvent::schema());
        return Ok(ExitCode::SUCCESS);
    }
    let is_review = matches!(action, Some(ExecAction::Review(_)));
    let flags = Flags {
        model: options.model,
        profile: options.profile,
        sandbox_mode: if is_review {
            Some("read-only".to_owned())
        } else {
            options.sandbox
        },
        cd: options.cd,
    };
    let mut config = llmx_config::load(&options.overrides, flags).inspect_err(|errors| {
        if options.json {
            tell_program(&errors.to_string());
        }
    })?;
    if config.provider.key.is_some() || config.provider.credential().can_refresh() {
        // The agent's commands run as the same user: without this they could read the key from
        // /proc. Where it does not hold, the proxy is the way to keep the key away from them.
        let _best_effort = llmx_process_hardening::hide_memory();
    }
    let more = writable(&options.add_dirs).map_err(|reason| refused(&reason, options.json))?;
    config.sandbox_workspace_write.writable_roots.extend(more);
    let (beginning, prompt) = match action {
        None => (Beginning::New, prompt),
        Some(ExecAction::Review(args)) => {
            let checked = review::check(&args, &config.cwd);
            checked.map_err(|reason| refused(&reason, options.json))?;
            (Beginning::New, Some(review::prompt(&args)))
        }
        Some(ExecAction::Resume(earlier)) => {
            find(earlier, Beginning::Resume, &config, options.json)?
        }
        Some(ExecAction::Fork(earlier)) => find(earlier, Beginning::Fork, &config, options.json)?,
    };
    let exec = llmx_exec::ExecArgs {
        prompt,
        beginning,
        images: options.images,
        json: options.json,
        json_deltas: options.json_deltas,
        ephemeral: options.ephemeral,
        bounds: Bounds {
            requests: options.max_turns,
            cost_usd: options.max_cost,
        },
        timeout: options.timeout.map(Duration::from_secs_f64),
        output_schema: options.output_schema,
        output_last_message: options.output_last_message,
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

/// Returns the directories of `--add-dir` as they are called for good.
fn writable(directories: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let found = directories.iter().map(|directory| {
        directory.canonicalize().map_err(|error| {
            let shown = directory.display();
            format!("--add-dir: {shown} cannot be used: {error}")
        })
    });
    found.collect()
}

/// Says why nothing is begun, to programs that read events too.
fn refused(reason: &str, json: bool) -> Failure {
    if json {
        tell_program(reason);
    }
    Failure::not_started(&reason)
}

/// Finds the session that is meant, and the prompt to go on with.
fn find(
    earlier: Earlier,
    begin: fn(PathBuf) -> Beginning,
    config: &Config,
    json: bool,
) -> Result<(Beginning, Option<String>), NoSession> {
    let mut words = earlier.words.into_iter();
    let id = if earlier.last { None } else { words.next() };
    let path = match id {
        Some(id) => sessions::find(&config.home, &id),
        None => sessions::last(&config.home, &config.cwd),
    };
    let path = path.inspect_err(|error| {
        if json {
            tell_program(&error.to_string());
        }
    })?;
    Ok((begin(path), words.next()))
}

/// Starts the scripted model where the configuration asks for it, and points the provider at it.
pub(crate) fn start_demo(config: &mut Config) -> anyhow::Result<Option<ScriptedModel>> {
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
