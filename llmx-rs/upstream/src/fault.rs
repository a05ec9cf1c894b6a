//! Why a request got no answer, told so that an operator knows which machine to look at.

use std::error::Error;
use std::io;
use std::time::Duration;

/// A client that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupFault {
    /// The system's certificates could not be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The proxy named by the environment could not be used.
    #[error(
        "the proxy `{0}` from the environment cannot be used: only http proxies with CONNECT are possible"
    )]
    Proxy(String),
}

/// A request that got no answer from the upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFault {
    /// No connection could be made.
    #[error("the upstream {host} cannot be reached: {cause}")]
    Unreachable {
        /// The upstream.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// The connection was not made in time.
    #[error("the upstream {host} did not accept a connection within {} s", .after.as_secs_f64())]
    ConnectTimeout {
        /// The upstream.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// The head of the response did not come in time.
    #[error("the upstream {host} did not answer within {} s", .after.as_secs_f64())]
    AnswerTimeout {
        /// The upstream.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// The connection broke before the head of the response.
    #[error("the upstream {host} broke the connection before it answered: {cause}")]
    Broken {
        /// The upstream.
        host: String,
        /// What the connection said.
        cause: String,
    },
}

impl TransportFault {
    /// Returns whether time ran out, as opposed to something having failed.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout { .. } | Self::AnswerTimeout { .. }
        )
    }

    /// A connection that could not be made within `limit`.
    pub(crate) fn from_connector(
        error: &(dyn Error + 'static),
        host: &str,
        limit: Duration,
    ) -> Self {
        let host = host.to_owned();
        if is_timeout(error) {
            let after = limit;
            return Self::ConnectTimeout { host, after };
        }
        let cause = causes(error);
        Self::Unreachable { host, cause }
    }

    /// A connection that ended too early.
    pub(crate) fn broken(error: &hyper::Error, host: &str) -> Self {
        let (host, cause) = (host.to_owned(), causes(error));
        Self::Broken { host, cause }
    }
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| {
        source
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}

/// Joins `error` and the causes below it.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        if !told.contains(&text) {
            told.push(text);
        }
    }
    if told.is_empty() {
        return error.to_string();
    }
    told.join(": ")
}
