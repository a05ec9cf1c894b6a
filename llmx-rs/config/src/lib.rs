//! Resolves defaults, files, environment and flags into one validated [`Config`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod atomic;
mod base_url;
mod builtin;
mod catalogue;
mod credential;
mod edit;
mod edit_server;
mod environment;
mod error;
mod foreign;
mod import;
mod inputs;
mod key_command;
mod layer;
mod load;
mod login;
mod mcp;
mod mcp_login;
mod origin;
mod overrides;
mod private;
mod problem;
mod provider;
mod raw;
mod read;
mod read_older;
mod read_provider;
mod read_server;
mod read_tables;
mod reader;
mod resolve;
mod resolved;
mod schema;
mod scope;
mod secret;
mod secrets;
mod snippet;
mod source;
mod stack;
mod suggest;
mod tree;
mod words;

pub use catalogue::{Kind, SETTINGS, Setting};
pub use credential::{CredentialFault, CredentialSource};
pub use edit::{set, write};
pub use edit_server::{NewServer, add_server, remove_server};
pub use environment::{Inherit, ShellEnvironmentPolicy};
pub use error::{ConfigError, ConfigErrors};
pub use import::{Fate, Imported, import};
pub use inputs::{Flags, Inputs, Project, SourceText};
pub use key_command::CommandFault;
pub use load::{home, load, with_inputs};
pub use login::{LoginFault, Logins};
pub use mcp::{McpServer, McpTransport};
pub use mcp_login::{McpLogin, McpLogins, McpLoginsEdit};
pub use origin::{Origin, Origins};
pub use private::PrivateFault;
pub use problem::Problem;
pub use resolve::{resolve, survey};
pub use resolved::{Config, HistoryPersistence, ModelPrices, Provider, WorkspaceWrite};
pub use schema::schema;
pub use secret::Secret;
pub use words::SANDBOX_MODES;
