//! `llmx models`: what the provider offers.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;
use llmx_config::{Config, ConfigErrors, Flags};
use llmx_core::models::{self, Model, ModelFacts, facts};
use llmx_core::turn::{Known, Prices};
use llmx_protocol::FactSource;
use serde_json::json;
use tokio::runtime::Builder;

use crate::args::ModelsArgs;
use crate::failure::Failure;

/// Prints the models of the provider.
pub(crate) fn run(args: &ModelsArgs) -> Result<ExitCode, Failure> {
    let config = load(args)?;
    if config.provider.is_unstarted_demo() {
        let sentence =
            "the provider `demo` has no list: its one model is scripted, and called `demo`";
        return Err(Failure::not_started(&sentence));
    }
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let found = runtime.block_on(models::list(&config.provider));
    let mut models = found
        .with_context(|| format!("the models of `{}` cannot be listed", config.provider.id))?;
    models.sort_by(|a, b| a.id.cmp(&b.id));
    let lines: String = if args.json {
        models.iter().map(|it| json_line(it, &config)).collect()
    } else {
        models.iter().map(|it| line(it, &config)).collect()
    };
    // A reader that has seen enough closes the pipe.
    let _closed = io::stdout().write_all(lines.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// A list can be asked for before a model is chosen; the one that is chosen may be known better.
fn load(args: &ModelsArgs) -> Result<Config, ConfigErrors> {
    let any = Flags {
        model: Some("any".to_owned()),
        ..Flags::default()
    };
    llmx_config::load(&args.overrides, Flags::default())
        .or_else(|_no_model| llmx_config::load(&args.overrides, any))
}

fn line(model: &Model, config: &Config) -> String {
    let mut words = told(&facts(config, model, SystemTime::now()));
    if model.images == Some(true) {
        words.push("reads pictures".to_owned());
    }
    format!("{:40} {}", model.id, words.join("; "))
        .trim_end()
        .to_owned()
        + "\n"
}

/// Returns what is known of a model, in words.
pub(crate) fn told(known: &ModelFacts) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(window) = known.window {
        words.push(format!("{} tokens{}", window.value, from(window.source)));
    }
    if let Some(Known { value, source }) = known.prices {
        let (input, output) = (value.input, value.output);
        let from = from(source);
        words.push(format!("${input} in, ${output} out for a million{from}"));
    }
    words
}

/// Says where a fact comes from, if not from the provider whose list this is.
fn from(source: FactSource) -> &'static str {
    match source {
        FactSource::Provider => "",
        FactSource::Config => " (your configuration)",
        FactSource::Table => " (llmx's own table)",
        FactSource::Refusal => " (learned from a refusal)",
    }
}

fn json_line(model: &Model, config: &Config) -> String {
    let ModelFacts { window, prices } = facts(config, model, SystemTime::now());
    let price = |of: fn(&Prices) -> f64| prices.map(|known| of(&known.value));
    let line = json!({
        "id": model.id,
        "context_window": window.map(|known| known.value),
        "context_window_source": window.map(|known| known.source),
        "max_output_tokens": model.max_output_tokens,
        "images": model.images,
        "input_price": price(|it| it.input),
        "cached_input_price": price(|it| it.cached_input),
        "cache_write_price": price(|it| it.cache_write),
        "output_price": price(|it| it.output),
        "prices_source": prices.map(|known| known.source),
    });
    format!("{line}\n")
}
