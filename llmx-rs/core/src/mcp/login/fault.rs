//! Why a login did not come about, and whose fault that is.

use std::time::Duration;

use llmx_config::LoginFault;

/// A login that did not come about. No token, code or secret is ever in its words.
#[derive(Debug, thiserror::Error)]
pub enum McpLoginFault {
    /// The server or the authorization server cannot be reached.
    #[error("{place} cannot be reached: {reason}")]
    Unreachable {
        /// Which of them.
        place: String,
        /// Why.
        reason: String,
    },
    /// An address that no token may travel to.
    #[error("{place} is no address for a login: {reason}")]
    Address {
        /// The address.
        place: String,
        /// Why not.
        reason: &'static str,
    },
    /// The request cannot be made.
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
    /// An answer that is not what the standards say.
    #[error("{place} does not keep to the standards of logging in: {reason}")]
    Strange {
        /// Who answered.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The server says of no place to log in.
    #[error(
        "the server names no place to log in; if it takes a token, name the variable that holds one in `bearer_token_env_var`"
    )]
    NoLogin,
    /// Unknown clients are not let in.
    #[error(
        "{0} takes no registrations; have llmx registered there as a native application that is called back at http://127.0.0.1, and give its name with `--client-id`"
    )]
    NoRegistration(String),
    /// It was refused.
    #[error("the login was refused: {0}")]
    Refused(String),
    /// The tokens that were stored are not good any more.
    #[error("the login has ended: {0}")]
    Ended(String),
    /// Nobody has come back from the browser.
    #[error("nobody has logged in within {} s", .0.as_secs())]
    TooLate(Duration),
    /// There is no way to be called back.
    #[error("no port of this machine can be listened at: {0}")]
    Listen(std::io::Error),
    /// The tokens cannot be stored.
    #[error(transparent)]
    Store(#[from] LoginFault),
    /// Another process holds them.
    #[error("another llmx is changing the stored logins and does not come to an end; end it first")]
    Busy,
}

/// For those who only say why nothing came of a request.
impl From<McpLoginFault> for String {
    fn from(fault: McpLoginFault) -> Self {
        fault.to_string()
    }
}
