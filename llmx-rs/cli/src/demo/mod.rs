//! `llmx demo`: the whole product at work on one machine, with no key and no network.
//!
//! Three parties, as in real use: a provider that refuses requests without its key (here a
//! scripted model), the proxy that holds the key, and the agent that does the work. Proxy and
//! agent are real processes of this same program. Every claim printed is checked on the spot.

mod agent;
mod check;
mod inspect;
mod narrator;
mod proxy;
mod tour;

use std::process::ExitCode;

use anyhow::Context;

use crate::failure::Failure;

/// Runs the demonstration; it fails if any claim does not hold.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    runtime.block_on(tour::run()).map_err(|error| {
        Failure::with_hint(
            &error,
            "the demonstration needs a loopback network, a temporary directory and `sh`",
        )
    })
}
