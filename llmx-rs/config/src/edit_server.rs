//! Adds an MCP server to the text of a configuration file, or takes one out.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use crate::edit::check;
use crate::error::{ConfigError, ConfigErrors};
use crate::inputs::{Inputs, SourceText};
use crate::problem::Problem;
use crate::tree;

/// A server as a person adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewServer {
    /// A program.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables that it is given.
        env: Vec<(String, String)>,
    },
    /// An address.
    Address {
        /// The address.
        url: String,
        /// The variable that holds its bearer token.
        bearer_token_env_var: Option<String>,
    },
}

/// Returns the user's file with the server `id`, in place of the one of that name that there may be,
/// after checking that it brings no new fault.
///
/// # Errors
///
/// What is wrong with the file or with the server.
pub fn add_server(
    inputs: &Inputs<'_>,
    id: &str,
    server: &NewServer,
) -> Result<SourceText, ConfigErrors> {
    let mut document = document(inputs)?;
    let servers = document.entry(SERVERS).or_insert_with(|| {
        let mut servers = Table::new();
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let Some(servers) = servers.as_table_like_mut() else {
        let key = SERVERS.to_owned();
        return Err(ConfigError::of_nothing(Problem::NotATable { key }).into());
    };
    servers.insert(id, Item::Table(table(server)));
    edited(inputs, &document)
}

/// Returns the user's file without the server `id`; nothing if the file has no such server.
///
/// # Errors
///
/// What is wrong with the file.
pub fn remove_server(inputs: &Inputs<'_>, id: &str) -> Result<Option<SourceText>, ConfigErrors> {
    let mut document = document(inputs)?;
    let servers = document.get_mut(SERVERS).and_then(Item::as_table_like_mut);
    match servers.and_then(|servers| servers.remove(id)) {
        Some(_) => edited(inputs, &document).map(Some),
        None => Ok(None),
    }
}

fn document(inputs: &Inputs<'_>) -> Result<DocumentMut, ConfigErrors> {
    let text = inputs.file.as_deref().unwrap_or_default();
    // Its error has the line; the editor's own would have less.
    tree::parse_file(&inputs.file_path(), text)?;
    let document = text.parse().map_err(|error: toml_edit::TomlError| {
        let message = error.message().to_owned();
        ConfigError::of_nothing(Problem::Syntax { message })
    })?;
    Ok(document)
}

fn edited(inputs: &Inputs<'_>, document: &DocumentMut) -> Result<SourceText, ConfigErrors> {
    let text = document.to_string();
    check(inputs, &text)?;
    Ok(SourceText {
        path: inputs.file_path(),
        text,
        exposed: inputs.file_exposed,
    })
}

fn table(server: &NewServer) -> Table {
    let mut table = Table::new();
    let mut put = |name: &str, value: Value| {
        table.insert(name, Item::Value(value));
    };
    match server {
        NewServer::Program { command, env } => {
            let mut words = command.iter().map(String::as_str);
            put("command", words.next().unwrap_or_default().into());
            let args: Array = words.collect();
            if !args.is_empty() {
                put("args", args.into());
            }
            if !env.is_empty() {
                let env = env
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                put("env", env.collect::<InlineTable>().into());
            }
        }
        NewServer::Address {
            url,
            bearer_token_env_var,
        } => {
            put("url", url.as_str().into());
            if let Some(variable) = bearer_token_env_var {
                put("bearer_token_env_var", variable.as_str().into());
            }
        }
    }
    table
}

const SERVERS: &str = "mcp_servers";
