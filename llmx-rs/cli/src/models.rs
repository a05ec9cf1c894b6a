//! `llmx models`: what the provider offers.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use llmx_config::Flags;
use llmx_core::models::{self, Model};
use serde_json::json;
use tokio::runtime::Builder;

use crate::args::ModelsArgs;
use crate::failure::Failure;

/// Prints the models of the provider.
pub(crate) fn run(args: &ModelsArgs) -> Result<ExitCode, Failure> {
    // Which model is asked for makes no difference here.
    let flags = Flags {
        model: Some("any".to_owned()),
        ..Flags::default()
    };
    let config = llmx_config::load(&args.overrides, flags)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let found = runtime.block_on(models::list(&config.provider));
    let mut models = found
        .with_context(|| format!("the models of `{}` cannot be listed", config.provider.id))?;
    models.sort_by(|a, b| a.id.cmp(&b.id));
    let lines: String = if args.json {
        models.iter().map(json_line).collect()
    } else {
        models.iter().map(line).collect()
    };
    // A reader that has seen enough closes the pipe.
    let _closed = io::stdout().write_all(lines.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn line(model: &Model) -> String {
    let mut facts = Vec::new();
    if let Some(tokens) = model.context_window {
        facts.push(format!("{tokens} tokens"));
    }
    if let (Some(input), Some(output)) = (model.input_price, model.output_price) {
        facts.push(format!("${input} in, ${output} out for a million"));
    }
    if model.images == Some(true) {
        facts.push("reads pictures".to_owned());
    }
    format!("{:40} {}", model.id, facts.join("; "))
        .trim_end()
        .to_owned()
        + "\n"
}

fn json_line(model: &Model) -> String {
    let line = json!({
        "id": model.id,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "images": model.images,
        "input_price": model.input_price,
        "cached_input_price": model.cached_input_price,
        "output_price": model.output_price,
    });
    format!("{line}\n")
}
