//! Whether the provider answers, takes the key and has the model.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use llmx_config::{Config, Provider};
use llmx_core::models::{self, Model, ModelsFault, facts};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::check::Check;
use super::configuration::Findings;
use crate::failure::Failure;
use crate::models::told;

/// Asks the provider for its models.
pub(super) fn check(findings: &Findings) -> Result<Check, Failure> {
    let Some(config) = &findings.config else {
        return Ok(Check::warning(
            ID,
            "not asked: without configuration and key there is no way to",
            "correct what is above first",
        ));
    };
    let provider = &config.provider;
    if provider.is_unstarted_demo() {
        let summary = "the scripted model of llmx itself, which starts when it is asked";
        return Ok(Check::ok(ID, summary));
    }
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let asked = runtime.block_on(async { timeout(PATIENCE, models::list(provider)).await });
    Ok(match asked {
        Ok(Ok(models)) => answered(config, &models, findings.model()),
        Ok(Err(fault)) => refused(provider, &fault),
        Err(_) => Check::fail(
            ID,
            format!(
                "{} did not answer within {} s",
                provider.base_url,
                PATIENCE.as_secs()
            ),
            UNREACHABLE,
        ),
    })
}

fn answered(config: &Config, models: &[Model], model: Option<&str>) -> Check {
    let provider = &config.provider;
    let count = match models.len() {
        1 => "1 model".to_owned(),
        count => format!("{count} models"),
    };
    let summary = format!("{} lists {count}; {}", provider.base_url, speaks(provider));
    match model {
        Some(model) if !models.iter().any(|listed| listed.id == model) => Check::warning(
            ID,
            format!("{summary}, but {model} is not among them"),
            "`llmx models` shows their names; set `model` to one of them, or ignore this if the provider knows more names than it lists",
        ),
        _ => Check::ok(ID, summary).with_details(known(config, models, model)),
    }
}

/// Says what is known of the model, since that decides when a conversation is summarized.
fn known(config: &Config, models: &[Model], model: Option<&str>) -> Vec<String> {
    let found = model.and_then(|model| models.iter().find(|listed| listed.id == model));
    let Some(found) = found else {
        return Vec::new();
    };
    let known = facts(config, found, SystemTime::now());
    let mut words = told(&known);
    if known.window.is_none() {
        words.push(
            "how many tokens it takes is not known; `model_context_window` tells llmx".to_owned(),
        );
    }
    vec![format!("{}: {}", found.id, words.join("; "))]
}

fn refused(provider: &Provider, fault: &ModelsFault) -> Check {
    let id = &provider.id;
    let said = without_key(provider, &fault.to_string());
    let at = &provider.base_url;
    match fault.status() {
        Some(401 | 403) => {
            let source = provider.credential();
            let cure = format!(
                "the provider is sent the {source}; store another with `llmx login --with-api-key --provider {id}`"
            );
            let cure = match provider.key.is_some() || source.can_refresh() {
                true => cure,
                false => format!(
                    "no key is sent; name the variable that holds it in `model_providers.{id}.env_key`, or run `llmx login --with-api-key --provider {id}`"
                ),
            };
            Check::fail(
                ID,
                format!("{at} is reachable and refuses the key: {said}"),
                cure,
            )
        }
        Some(404 | 405) => Check::warning(
            ID,
            format!("{at} is reachable and has no list of models: {said}"),
            format!(
                "some providers have none; if prompts fail too, correct the path in `model_providers.{id}.base_url`"
            ),
        ),
        Some(429) => Check::warning(
            ID,
            format!("{at} is reachable and wants fewer requests: {said}"),
            "wait, or ask the provider for a higher limit",
        ),
        Some(_) => Check::fail(
            ID,
            format!("{at} is reachable and fails: {said}"),
            "this is the provider's; try again later, or look at its log",
        ),
        None if fault.is_unreachable() => Check::fail(ID, said, UNREACHABLE),
        None if fault.is_of_body() => Check::warning(
            ID,
            format!("{at} is reachable and answers something else than a list of models: {said}"),
            format!("if prompts fail too, correct `model_providers.{id}.base_url`"),
        ),
        None => Check::fail(
            ID,
            said,
            format!("correct the settings of [model_providers.{id}]"),
        ),
    }
}

/// Says which dialects are spoken with the provider.
fn speaks(provider: &Provider) -> String {
    match provider.dialects.as_slice() {
        [one] => format!("speaks {one}"),
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            format!(
                "the first prompt finds out which it speaks of {}",
                names.join(", ")
            )
        }
    }
}

/// Takes the key out of what a provider said, since some repeat what they were sent.
fn without_key(provider: &Provider, said: &str) -> String {
    match provider.credential().at_hand() {
        Some(key) if !key.expose().is_empty() => said.replace(key.expose(), "•••"),
        _ => said.to_owned(),
    }
}

const ID: &str = "provider";
const PATIENCE: Duration = Duration::from_secs(8);
const UNREACHABLE: &str = "start the provider, or correct `base_url` (or $LLMX_BASE_URL); behind a firewall set HTTPS_PROXY";
