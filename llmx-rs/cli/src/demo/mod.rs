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
    let told = runtime.block_on(async {
        tokio::select! {
            told = tour::run() => told,
            // Leaving drops the tour, which kills its processes and removes its files.
            code = asked_to_stop() => Ok(ExitCode::from(code)),
        }
    });
    told.map_err(|error| {
        let hint = "the demonstration needs a loopback network, a temporary directory and `sh`";
        Failure::with_hint(&error, hint)
    })
}

/// Waits for a signal that asks to stop and returns the exit code that says so.
#[cfg(unix)]
async fn asked_to_stop() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> u8 {
    let _asked = tokio::signal::ctrl_c().await;
    INTERRUPTED
}

const INTERRUPTED: u8 = 130;

#[cfg(unix)]
const TERMINATED: u8 = 143;
