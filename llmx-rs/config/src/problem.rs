//! What can be wrong with a configuration and how to cure it, each in one sentence.

use std::path::PathBuf;

use crate::keyring::KeyringFault;
use crate::private::PrivateFault;

/// What is wrong with a value. No variant holds a value that might be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A file is not TOML.
    #[error(
        "this is not valid TOML ({message}); write `key = \"text\"` or `key = 1` on a line of its own"
    )]
    Syntax {
        /// What the parser said.
        message: String,
    },
    /// A `-c` argument has no `=`.
    #[error("`-c` takes `key=value`, for example `-c model=NAME`")]
    OverrideWithoutValue,
    /// The key of a `-c` argument cannot be read.
    #[error(
        "the key of `-c` cannot be read: {reason}; write names with dots between them, such as `model_providers.\"my proxy\".base_url`"
    )]
    OverrideKey {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The value of a `-c` argument begins like TOML and is not.
    #[error(
        "the value begins like TOML but cannot be read ({message}); check its quotes and brackets"
    )]
    OverrideValue {
        /// What the parser said.
        message: String,
    },
    /// A key that llmx does not have.
    #[error("llmx has no setting `{key}`; {}", suggestion(near.as_deref(), "the settings here are", known))]
    UnknownKey {
        /// The dotted key.
        key: String,
        /// The key that was probably meant.
        near: Option<&'static str>,
        /// The keys that exist at this place.
        known: &'static [&'static str],
    },
    /// A value of the wrong kind.
    #[error("`{key}` takes {expected}, not {found}")]
    WrongKind {
        /// The dotted key.
        key: String,
        /// What the setting takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// Text that must not be empty.
    #[error("`{key}` is empty; give it a value or leave it out")]
    Empty {
        /// The dotted key.
        key: String,
    },
    /// A word outside a fixed set.
    #[error("`{key}` does not know \"{word}\"; {}", suggestion(near.as_deref(), "it takes", known))]
    UnknownWord {
        /// The dotted key.
        key: String,
        /// The word as given.
        word: String,
        /// The word that was probably meant.
        near: Option<&'static str>,
        /// The words that it takes.
        known: &'static [&'static str],
    },
    /// A number outside its range.
    #[error("`{key}` takes a whole number from {least} to {most}")]
    OutOfRange {
        /// The dotted key.
        key: String,
        /// The least value.
        least: i64,
        /// The greatest value.
        most: i64,
    },
    /// A setting that llmx has not, though others have.
    #[error("`{key}` has no effect in llmx: {reason}")]
    NoMeaning {
        /// The dotted key.
        key: String,
        /// What to do instead.
        reason: &'static str,
    },
    /// A setting that a project may not decide.
    #[error(
        "a project may not set `{key}`: {reason}; if you want it, write it into your own config.toml"
    )]
    NotInProject {
        /// The dotted key.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// A setting that a profile cannot hold.
    #[error("a profile cannot hold `{key}`; write it outside of the profiles")]
    NotInProfile {
        /// The dotted key.
        key: String,
    },
    /// One setting under two names.
    #[error("`{key}` and `{other}` are the same setting; leave one out")]
    TwoSpellings {
        /// The dotted key.
        key: String,
        /// Its other name.
        other: String,
    },
    /// A profile that is not there.
    #[error(
        "there is no profile `{name}`; {}",
        near.as_ref().map_or_else(
            || match known.as_slice() {
                [] => format!("write one as [profiles.{name}], or leave `profile` out"),
                known => format!("write one as [profiles.{name}], or use one of {}", known.join(", ")),
            },
            |near| format!("did you mean `{near}`?"),
        )
    )]
    UnknownProfile {
        /// The profile as given.
        name: String,
        /// The profile that was probably meant.
        near: Option<String>,
        /// The profiles that exist.
        known: Vec<String>,
    },
    /// A path that would depend on where llmx was started.
    #[error("`{key}` takes an absolute path, or one that begins with ~/")]
    NotAbsolute {
        /// The dotted key.
        key: String,
    },
    /// A path where the name of a file belongs.
    #[error("`{key}` takes names of files without directories, such as [\"NOTES.md\"]")]
    NotAFileName {
        /// The dotted key.
        key: String,
    },
    /// A negative or endless amount.
    #[error("`{key}` takes a number from 0 up, such as 2.5")]
    NotAnAmount {
        /// The dotted key.
        key: String,
    },
    /// A name that no environment variable can have.
    #[error("`{key}` cannot be the name of an environment variable; it takes names such as PATH")]
    VariableName {
        /// The dotted key.
        key: String,
    },
    /// A pattern that cannot be read.
    #[error(
        "`{key}` cannot be read as a pattern ({reason}); it takes a name such as exec_command, or a regular expression such as \"mcp__github__.*\""
    )]
    Pattern {
        /// The dotted key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A hook that runs nothing.
    #[error(
        "a hook of `{key}` has no `command`; give it text for a shell, or a program and its arguments"
    )]
    NoHookCommand {
        /// The dotted key of the event.
        key: String,
    },
    /// Prices that say too little.
    #[error("`model_prices` needs `input` and `output`, in US dollars per million tokens")]
    HalfAPrice,
    /// The name of an MCP server that its tools could not carry.
    #[error(
        "`{key}` is not a name for an MCP server; it takes up to 32 letters, digits, `_` and `-`"
    )]
    ServerName {
        /// The dotted key.
        key: String,
    },
    /// An MCP server that is neither a program nor an address, or both.
    #[error("`{key}` {reason}")]
    Server {
        /// The dotted key.
        key: String,
        /// What is wrong with it, and the cure.
        reason: &'static str,
    },
    /// A key in a file that others can read.
    #[error(
        "`{key}` stands in a file that other users can read; run `chmod 600` on the file, and better store the key with `llmx login --with-api-key`"
    )]
    ExposedKey {
        /// The dotted key.
        key: String,
    },
    /// A key on the command line, which other users can read.
    #[error(
        "`{key}` would show the key to every user of this machine; store it with `llmx login --with-api-key`, or put it into the variable that `env_key` names"
    )]
    KeyInArguments {
        /// The dotted key.
        key: String,
    },
    /// Two settings say where the key is.
    #[error(
        "`{key}` and `{other}` both say where the key of provider `{provider}` is; leave one out"
    )]
    TwoKeys {
        /// The dotted key.
        key: String,
        /// The other setting.
        other: &'static str,
        /// The provider.
        provider: String,
    },
    /// A file of secrets that cannot be used.
    #[error("{0}")]
    PrivateFile(#[from] PrivateFault),
    /// The keyring does not give the key.
    #[error(transparent)]
    Keyring(#[from] KeyringFault),
    /// A provider that is neither built in nor configured.
    #[error(
        "there is no model provider `{id}`; {}",
        near.as_ref().map_or_else(
            || format!("configure [model_providers.{id}], or use one of {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        )
    )]
    UnknownProvider {
        /// The provider as given.
        id: String,
        /// The provider that was probably meant.
        near: Option<String>,
        /// The providers that exist.
        known: Vec<String>,
    },
    /// A provider without an address.
    #[error(
        "model provider `{id}` has no address; set `model_providers.{id}.base_url`, for example to \"https://host/v1\""
    )]
    NoBaseUrl {
        /// The provider.
        id: String,
    },
    /// An address that cannot be used.
    #[error("`{key}` {reason}")]
    BaseUrl {
        /// The dotted key, or the variable.
        key: String,
        /// What is wrong with it, and the cure.
        reason: &'static str,
    },
    /// No model where there is no sensible default.
    #[error(
        "no model is set, and provider `{provider}` has no default; choose one with `-m NAME`, or with `model = \"NAME\"` in {}",
        file.display()
    )]
    NoModel {
        /// The provider.
        provider: String,
        /// The configuration file.
        file: PathBuf,
    },
    /// The variable of the API key is not set.
    #[error(
        "model provider `{provider}` needs an API key and ${variable} is not set; run `export {variable}=KEY`, store the key with `llmx login --with-api-key`, or put llmx responses-api-proxy in front and leave out `env_key`"
    )]
    NoKey {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
    },
    /// `env_key` does not look like the name of a variable, and may be the key itself.
    #[error(
        "`{key}` takes the name of an environment variable, such as OPENAI_API_KEY, and no variable of the given name is set; never write the key itself here"
    )]
    NotAVariable {
        /// The dotted key.
        key: String,
    },
    /// A variable holds what a header cannot carry.
    #[error(
        "the value of ${variable} cannot be sent as a header: it must be visible ASCII on one line; set it again without quotes, spaces or line breaks"
    )]
    UnusableVariable {
        /// The variable.
        variable: String,
    },
    /// A header name that HTTP does not allow.
    #[error(
        "`{key}` is not a header that can be set; names are letters, digits and `-`, and llmx itself sets Host, Connection and the lengths"
    )]
    HeaderName {
        /// The dotted key.
        key: String,
    },
    /// A header value that HTTP does not allow.
    #[error(
        "the value of `{key}` cannot be sent as a header; it must be visible ASCII on one line"
    )]
    HeaderValue {
        /// The dotted key.
        key: String,
    },
    /// Two settings want to send the API key.
    #[error(
        "`{key}` and `env_key` both set the Authorization header of provider `{provider}`; leave one out"
    )]
    TwoAuthorizations {
        /// The dotted key.
        key: String,
        /// The provider.
        provider: String,
    },
    /// A configuration file that cannot be read.
    #[error("{} cannot be read ({reason}); correct its permissions or remove it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A configuration file that cannot be written.
    #[error("{} cannot be written ({reason}); correct the permissions of its directory", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A value where a table is needed, or the reverse.
    #[error(
        "`{key}` is a table in one place and a value in the other; name a setting below it, or remove it from the file first"
    )]
    NotATable {
        /// The dotted key.
        key: String,
    },
    /// No home directory to look for the configuration in.
    #[error("no home directory is known; set $LLMX_HOME to the directory that holds config.toml")]
    NoHome,
    /// A directory that is not there.
    #[error("{} is not a directory ({reason}); create it or name another", path.display())]
    NoDirectory {
        /// The directory as given.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The directory llmx was started in is gone.
    #[error(
        "the current directory cannot be read ({reason}); change to another directory or use `--cd DIR`"
    )]
    NoCurrentDirectory {
        /// What the system said.
        reason: String,
    },
}

fn suggestion(near: Option<&str>, lead: &str, known: &[&str]) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{lead} {}", known.join(", ")),
    }
}
