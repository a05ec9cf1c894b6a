//! The command line of everything about the configuration. Types only.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every value that is in force; secrets are dots.
    Show {
        /// Print where each value came from, too.
        #[arg(long)]
        origin: bool,
        /// Print one JSON object, always with the origins.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a setting in your config.toml; comments stay.
    #[command(after_help = SET_AFTER_HELP)]
    Set {
        /// The dotted path of the setting.
        key: String,
        /// The value: TOML, or plain text where the setting takes text.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Print the JSON Schema of config.toml, for editors.
    Schema,
    /// Take over the configuration of Codex; says what became of each setting.
    Import {
        /// The file to read; without it that of Codex ($CODEX_HOME, else ~/.codex).
        file: Option<PathBuf>,
        /// Put the new file in place of the one there is, which is kept as config.toml.before-import.
        #[arg(long)]
        force: bool,
        /// Only say what would become of each setting.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What can be set for one call.
#[derive(Debug, Default, Args)]
pub(crate) struct Settings {
    /// Set a value of the configuration: a dotted path, then TOML or plain text; repeatable.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,

    /// The settings of [profiles.NAME] in config.toml.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The directory whose project counts.
    #[arg(short = 'C', long, value_name = "DIR")]
    pub(crate) cd: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_AFTER_HELP)]
pub(crate) struct DoctorArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct LoginArgs {
    #[command(subcommand)]
    pub(crate) action: Option<LoginAction>,

    /// Read the key from standard input: printenv KEY | llmx login --with-api-key
    #[arg(long, required = true)]
    pub(crate) with_api_key: bool,

    /// The provider that the key is for; without it the one that is configured.
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoginAction {
    /// Say where the key of the provider comes from; ends with 1 where there is none.
    Status {
        /// The provider to look at; without it the one that is configured.
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// The provider whose key is forgotten; without it the one that is configured.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    pub(crate) provider: Option<String>,

    /// Forget the keys of all providers.
    #[arg(long)]
    pub(crate) all: bool,
}

const DOCTOR_AFTER_HELP: &str = "\
The provider is asked for its list of models, which costs nothing. No key is shown.
Exit codes: 0 if nothing failed, 1 if something did, 2 if the command line cannot be used.";

const SET_AFTER_HELP: &str = "\
Examples:
  llmx config set model gpt-5.5
  llmx config set model_providers.mine.base_url https://host/v1
  llmx config set 'projects.\"/home/me/repo\".trust_level' trusted";
