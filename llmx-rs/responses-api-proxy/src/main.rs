//! The proxy as a program of its own, for machines that need nothing else of llmx.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use llmx_responses_api_proxy::{Args, run};

/// A local proxy that forwards `POST /v1/responses` with an API key read from standard input.
#[derive(Debug, Parser)]
#[command(name = "llmx-responses-api-proxy", version)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn main() -> ExitCode {
    match run(Cli::parse().args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may read it any more; the exit code says it, too.
            let _unread = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
