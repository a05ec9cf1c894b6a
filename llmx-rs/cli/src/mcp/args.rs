//! The command line of `llmx mcp`. Types only.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Show the servers that are configured.
    List {
        /// Print a JSON list; values of variables and headers are dots.
        #[arg(long)]
        json: bool,
    },
    /// Show one server.
    Get {
        /// Its name.
        name: String,
        /// Print a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Add a server to your config.toml, or change one.
    #[command(after_help = ADD_AFTER_HELP)]
    Add {
        /// What it shall be called: letters, digits, - and _.
        name: String,
        /// The address of a server that speaks streamable HTTP.
        #[arg(long, conflicts_with_all = ["env", "command"])]
        url: Option<String>,
        /// The variable that holds its bearer token.
        #[arg(long, value_name = "VARIABLE", requires = "url")]
        bearer_token_env_var: Option<String>,
        /// A variable that the program is given; repeatable.
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        env: Vec<(String, String)>,
        /// The program and its arguments.
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Take a server out of your config.toml.
    Remove {
        /// Its name.
        name: String,
    },
    /// Log in to a server at an address, in a browser (OAuth).
    Login {
        /// Its name.
        name: String,
        /// Only print the address to open; do not open it.
        #[arg(long)]
        no_browser: bool,
        /// Something to ask for; repeatable. Without it what the server asks for.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// The name under which llmx is registered there, where registering is not automatic.
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
        /// How many seconds the browser is waited for.
        #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        timeout: u64,
    },
    /// Forget the login to a server.
    Logout {
        /// Its name.
        name: String,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must look like NAME=VALUE".to_owned()),
    }
}

const ADD_AFTER_HELP: &str = "\
Examples:
  llmx mcp add docs -- npx -y some-docs-server
  llmx mcp add tickets --url https://host/mcp --bearer-token-env-var TICKETS_TOKEN";
