//! The command line; no logic.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures llmx's proxy against a direct run, nginx, a bare hyper proxy and any peer.
#[derive(Debug, Parser)]
#[command(name = "llmx-bench", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the cases and print a table for each.
    Run(RunArgs),
    /// Serve the mock upstream.
    Mock(MockArgs),
    /// Serve the bare hyper reverse proxy.
    HyperProxy(HyperProxyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The `llmx-responses-api-proxy` binary to measure.
    #[arg(long, value_name = "PATH")]
    pub(crate) llmx: Option<PathBuf>,

    /// The `llmx` binary, for the cases of the agent.
    #[arg(long, value_name = "PATH")]
    pub(crate) agent: Option<PathBuf>,

    /// The `codex` binary, to be measured beside it.
    #[arg(long, value_name = "PATH")]
    pub(crate) codex: Option<PathBuf>,

    /// One more proxy that is already running; `#PID` lets its CPU time and memory be read.
    #[arg(long = "peer", value_name = "NAME=URL[#PID]")]
    pub(crate) peers: Vec<String>,

    /// A fixed port for the mock, for peers that must be told their upstream before the run.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) mock_port: u16,

    /// Leave these sides out (hyper, nginx).
    #[arg(long, value_name = "SIDE")]
    pub(crate) without: Vec<String>,

    /// Only cases whose name contains this. `bridged-soak`, written out, runs that case alone.
    #[arg(long, value_name = "CASE")]
    pub(crate) only: Vec<String>,

    /// Rounds of every case; each round runs all sides.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,

    /// One short round per case, to see that everything works.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Also write all figures of all rounds as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MockArgs {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// Write `{"port":…,"pid":…}` here once listening.
    #[arg(long, value_name = "FILE")]
    pub(crate) server_info: Option<PathBuf>,

    /// Speak TLS with this certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The certificate's key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HyperProxyArgs {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// Write `{"port":…,"pid":…}` here once listening.
    #[arg(long, value_name = "FILE")]
    pub(crate) server_info: Option<PathBuf>,

    /// Where to forward to; only scheme, host and port are used.
    #[arg(long, value_name = "URL")]
    pub(crate) upstream_url: String,

    /// Connect over TLS and trust this authority (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_authority: Option<PathBuf>,
}
