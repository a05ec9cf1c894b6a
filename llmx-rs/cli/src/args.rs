//! The command line of `llmx`. Types only: what a command does is in the module of its name.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use crate::config::args::{ConfigCommand, DoctorArgs, LoginArgs, LogoutArgs};
use crate::mcp::args::McpCommand;

/// Use any model with a coding agent, and let no agent see the key.
#[derive(Debug, Parser)]
#[command(name = "llmx", version, propagate_version = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one prompt without a terminal and print the final answer.
    #[command(visible_alias = "e")]
    Exec(ExecArgs),
    /// Hold an API key and forward POST /v1/responses with it, for users who may not read it.
    ResponsesApiProxy(llmx_responses_api_proxy::Args),
    /// List the models that the provider offers, and what it tells of them.
    Models(ModelsArgs),
    /// The rules about commands: what would become of one.
    #[command(subcommand)]
    Execpolicy(ExecpolicyCommand),
    /// The recorded conversations: list, show, export, delete.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// List the prompts of your own that `llmx exec '/NAME ARGUMENTS'` takes.
    Prompts {
        /// Print one JSON object per prompt.
        #[arg(long)]
        json: bool,
    },
    /// Run a command in the sandbox that holds the agent's commands, and pass its exit code on.
    Sandbox(SandboxArgs),
    /// The configuration: show it, change it, take over that of Codex.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The MCP servers whose tools the agent has: list, show, add, remove, log in.
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Be an MCP server over standard input and output: tools `llmx` and `llmx-reply`.
    McpServer(McpServerArgs),
    /// Store the API key of a provider, for you alone: in $LLMX_HOME or a keyring.
    Login(LoginArgs),
    /// Forget a stored API key.
    Logout(LogoutArgs),
    /// Look at everything that the agent needs, and say what to do where it is missing.
    Doctor(DoctorArgs),
    /// Print a script with which a shell completes commands and options of llmx.
    Completions {
        /// The shell to complete in.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands into a directory.
    Man {
        /// The directory to write into; it must exist.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Watch llmx work: a scripted model, the real proxy and the real agent; no key, no network.
    Demo,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXEC_AFTER_HELP, subcommand_negates_reqs = true)]
pub(crate) struct ExecArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ExecAction>,

    /// What the agent shall do; without it, or with `-`, the prompt is read from standard input.
    pub(crate) prompt: Option<String>,

    #[command(flatten)]
    pub(crate) options: ExecOptions,
}

/// Ways to go on with a recorded conversation.
#[derive(Debug, Subcommand)]
pub(crate) enum ExecAction {
    /// Go on with a session, in its own file.
    Resume(Earlier),
    /// Go on with a copy of a session; the session itself stays as it is.
    Fork(Earlier),
    /// Review changes of a git repository; nothing is changed.
    Review(ReviewArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReviewArgs {
    /// What to look at or for, in your words.
    pub(crate) focus: Option<String>,

    /// Review what is not committed (the default).
    #[arg(long, conflicts_with_all = ["base", "commit"])]
    pub(crate) uncommitted: bool,

    /// Review what has changed since the branch left BRANCH.
    #[arg(long, value_name = "BRANCH", conflicts_with = "commit")]
    pub(crate) base: Option<String>,

    /// Review one commit.
    #[arg(long, value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Earlier {
    /// The session's id, or the beginning of it, and the prompt; with --last only the prompt.
    #[arg(value_names = ["ID", "PROMPT"], num_args = 0..=2)]
    pub(crate) words: Vec<String>,

    /// The session that was last used and that began in this directory.
    #[arg(long)]
    pub(crate) last: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// Show the sessions that began in this directory, the last one first.
    List {
        /// Show those of every directory.
        #[arg(long)]
        all: bool,
        /// Print one JSON object per session.
        #[arg(long)]
        json: bool,
    },
    /// Print a conversation for reading.
    Show {
        /// The session's id, or the beginning of it.
        id: String,
    },
    /// Print a conversation as Markdown, or its file as it is.
    Export {
        /// The session's id, or the beginning of it.
        id: String,
        /// Print the lines of the session file.
        #[arg(long)]
        jsonl: bool,
    },
    /// Delete a session for good.
    Delete {
        /// The session's id, or the beginning of it.
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct McpServerArgs {
    /// Set a value of the configuration for every conversation; repeatable.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ModelsArgs {
    /// Set a value of the configuration, such as model_provider; repeatable.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,

    /// Print one JSON object per model.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExecpolicyCommand {
    /// Print what rules, policy and sandbox say about a command, as JSON.
    Check {
        /// The rules to use instead of $LLMX_HOME/rules.toml.
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// The approval policy to judge by.
        #[arg(short = 'a', long, value_name = "POLICY", default_value = "on-request", value_parser = PossibleValuesParser::new(["untrusted", "on-request", "never"]))]
        approval_policy: String,
        /// The sandbox to judge by.
        #[arg(short, long, value_name = "MODE", default_value = "read-only", value_parser = PossibleValuesParser::new(llmx_config::SANDBOX_MODES))]
        sandbox: String,
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExecOptions {
    /// Send a picture with the prompt; several with commas or by repeating it.
    #[arg(
        short,
        long = "image",
        value_name = "FILE",
        value_delimiter = ',',
        global = true
    )]
    pub(crate) images: Vec<PathBuf>,

    /// Set a value of the configuration: a dotted path, then TOML or plain text; repeatable.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE", global = true)]
    pub(crate) overrides: Vec<String>,

    /// The model, as the provider names it.
    #[arg(short, long, global = true)]
    pub(crate) model: Option<String>,

    /// The settings of [profiles.NAME] in config.toml.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// How far commands of the agent may reach.
    #[arg(short, long, global = true, value_name = "MODE", value_parser = PossibleValuesParser::new(llmx_config::SANDBOX_MODES))]
    pub(crate) sandbox: Option<String>,

    /// The directory the agent works in.
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(crate) cd: Option<PathBuf>,

    /// Another directory that commands may write, with -s workspace-write; repeatable.
    #[arg(long = "add-dir", value_name = "DIR", global = true)]
    pub(crate) add_dirs: Vec<PathBuf>,

    /// Print one JSON event per line instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Show answers while they grow, too: events `answer.delta` (with --json).
    #[arg(long, global = true, requires = "json")]
    pub(crate) json_deltas: bool,

    /// The most often the model may be asked in this turn; then it ends with exit code 4.
    #[arg(long, value_name = "N", global = true)]
    pub(crate) max_turns: Option<u32>,

    /// The most this turn may cost, in US dollars; then it ends with exit code 5.
    #[arg(long, value_name = "USD", global = true, value_parser = positive)]
    pub(crate) max_cost: Option<f64>,

    /// The longest this turn may take, in seconds; then it ends with exit code 6.
    #[arg(long, value_name = "SECONDS", global = true, value_parser = positive)]
    pub(crate) timeout: Option<f64>,

    /// Write no session file; the session cannot be resumed.
    #[arg(long, global = true)]
    pub(crate) ephemeral: bool,

    /// Accepted for scripts written for Codex: llmx works in any directory.
    #[arg(long, global = true, hide = true)]
    pub(crate) skip_git_repo_check: bool,

    /// Print the JSON schema of the events of --json, and do nothing else.
    #[arg(long, exclusive = true)]
    pub(crate) print_schema: bool,

    /// The JSON schema that the final answer must match; if it does not, exit code 7.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) output_schema: Option<PathBuf>,

    /// Also write the final answer to FILE.
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(crate) output_last_message: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = SANDBOX_AFTER_HELP)]
pub(crate) struct SandboxArgs {
    /// How far the command may reach.
    #[arg(short, long, value_name = "MODE", default_value = "read-only", value_parser = PossibleValuesParser::new(llmx_config::SANDBOX_MODES))]
    pub(crate) policy: String,

    /// Let the command write DIR as well; implies --policy workspace-write; repeatable.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) writable: Vec<PathBuf>,

    /// Let the command use the network.
    #[arg(short, long)]
    pub(crate) network: bool,

    /// The directory the command starts in, which is also its workspace.
    #[arg(short = 'C', long, value_name = "DIR")]
    pub(crate) cd: Option<PathBuf>,

    /// Print which way of holding commands this machine has, and why not a better one.
    #[arg(long, conflicts_with_all = ["policy", "writable", "network", "cd", "command"])]
    pub(crate) status: bool,

    /// Print the status as JSON.
    #[arg(long, requires = "status")]
    pub(crate) json: bool,

    /// The command and its arguments.
    #[arg(
        last = true,
        value_name = "COMMAND",
        required_unless_present = "status"
    )]
    pub(crate) command: Vec<OsString>,
}

const SANDBOX_AFTER_HELP: &str = "\
The command sees the environment as it is: no variable is taken out.

Exit codes: those of the command, and
  2    it was not started: usage, or no sandbox holds here
  125  the sandbox could not be set up
  126  the command cannot be executed     127  there is no such command";

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| "it takes a number above 0".to_owned())
}

const AFTER_HELP: &str = "\
Begin with:
  llmx demo                                  see the whole thing work, without a key
  LLMX_API_KEY=… llmx exec -m MODEL 'Hello'  ask a model of your LiteLLM";

const EXEC_AFTER_HELP: &str = "\
Commands of the agent run in a sandbox and can only read, unless -s says more.
The final answer is printed on standard output, everything else on standard error.

Exit codes:
  0  the turn was completed       129  the terminal is gone
  1  the turn failed              130  interrupted
  2  nothing was started: usage,  141  nobody reads standard output
     prompt, picture, schema,     143  terminated
     rules or configuration
  3  this machine failed, such as a file that cannot be written
  4  --max-turns is reached, 5 --max-cost, 6 --timeout
  7  the final answer does not match --output-schema";
