//! The project's own load generator: a mock upstream, a client, a hyper proxy as floor, and the
//! cases that set `llmx-responses-api-proxy` beside them.
//!
//! Nothing internal is used, so that a defect of llmx cannot hide in its own measurement. CPU time
//! and memory are read from `/proc`, hence Linux only; elsewhere the crate is empty.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

mod agent;
mod args;
mod bars;
mod bridged;
mod cases;
mod child;
mod client;
mod histogram;
mod http1;
mod hyper_proxy;
mod load;
mod measure;
mod mock;
mod nginx;
mod os;
mod plan;
mod proc;
mod report;
mod run;
mod side;
mod soak;
mod sse;
mod tls;
mod work;

/// Parses the command line, runs the command and returns the program's exit code.
#[expect(clippy::print_stderr, reason = "the program's own last word")]
pub fn main() -> ExitCode {
    let result = match args::Args::parse().command {
        args::Command::Run(run) => run::run(&run),
        args::Command::Mock(mock) => mock::run(&mock),
        args::Command::HyperProxy(proxy) => hyper_proxy::run(&proxy),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("llmx-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A failure with a sentence of its own; all that can fail here is I/O or a measured program.
fn fault(message: impl Into<String>) -> io::Error {
    io::Error::other(message.into())
}

/// Prefixes an error with what was being done.
fn context(what: &str) -> impl Fn(io::Error) -> io::Error + '_ {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}
