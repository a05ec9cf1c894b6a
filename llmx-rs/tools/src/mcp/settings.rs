//! What is needed to start a server or to reach it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::carrier::McpCarrier;

/// The servers of a session.
#[derive(Debug, Clone, Default)]
pub struct McpSettings {
    /// Each that is in use.
    pub servers: Vec<McpServer>,
    /// The directory that remembers what they offer; without it nothing is remembered.
    pub cache: Option<PathBuf>,
}

/// One server.
#[derive(Debug, Clone)]
pub struct McpServer {
    /// The user's name for it.
    pub id: String,
    /// How it is reached.
    pub reach: McpReach,
    /// How long a call waits for it to be ready.
    pub startup_timeout: Duration,
    /// How long one of its tools may take.
    pub tool_timeout: Duration,
    /// The only tools to offer, where named.
    pub enabled_tools: Option<Vec<String>>,
    /// Tools not to offer.
    pub disabled_tools: Vec<String>,
}

impl McpServer {
    /// Returns whether the user lets the model have the tool.
    pub(crate) fn lets(&self, tool: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == tool);
        self.enabled_tools.as_deref().is_none_or(named) && !named(&self.disabled_tools)
    }
}

/// How a server is reached.
#[derive(Clone)]
pub enum McpReach {
    /// A program that speaks on its standard input and output.
    Program {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its whole environment.
        environment: Vec<(OsString, OsString)>,
        /// Where it starts.
        cwd: PathBuf,
    },
    /// An address that speaks streamable HTTP.
    Address {
        /// The address.
        url: String,
        /// Headers of every request.
        headers: Vec<(String, String)>,
        /// What sends them.
        carrier: Arc<dyn McpCarrier>,
    },
    /// It cannot be reached, for this reason.
    Nowhere(String),
}

/// Shows no value that may be a secret.
impl fmt::Debug for McpReach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { command, args, .. } => out
                .debug_struct("Program")
                .field("command", command)
                .field("args", args)
                .finish_non_exhaustive(),
            Self::Address { url, .. } => out
                .debug_struct("Address")
                .field("url", url)
                .finish_non_exhaustive(),
            Self::Nowhere(why) => out.debug_tuple("Nowhere").field(why).finish(),
        }
    }
}

/// Returns what every program needs to run at all, out of `variables`: where it finds programs, its
/// files and the certificates it trusts. Everything else it gets only by name.
pub fn base_environment(variables: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let is_base = |name: &OsString| {
        name.to_str().is_some_and(|name| {
            name.starts_with("LC_") || BASE.iter().any(|base| name.eq_ignore_ascii_case(base))
        })
    };
    let base = variables.iter().filter(|(name, _)| is_base(name));
    base.cloned().collect()
}

const BASE: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    // Windows.
    "APPDATA",
    "COMSPEC",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
];

#[cfg(test)]
pub(crate) mod tests {
    use bytes::Bytes;
    use http::{Request, StatusCode};

    use super::super::carrier::McpCarrying;
    use super::*;

    /// Reaches nothing.
    pub(crate) struct NoCarrier;

    impl McpCarrier for NoCarrier {
        fn carry(&self, _: Request<Bytes>) -> McpCarrying<'_> {
            Box::pin(async { Err("there is no way".to_owned()) })
        }

        fn cure(&self, _: StatusCode) -> String {
            String::new()
        }
    }

    #[test]
    fn a_program_gets_what_it_needs_and_no_secret() {
        let variables = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("GITHUB_TOKEN", "x"),
            ("LLMX_API_KEY", "y"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let base = base_environment(&variables);
        let names: Vec<_> = base
            .iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(names, ["PATH", "LC_ALL"]);
    }

    #[test]
    fn what_is_shown_of_a_server_holds_no_value_of_its_environment_or_headers() {
        let program = McpReach::Program {
            command: "c".to_owned(),
            args: Vec::new(),
            environment: vec![("A".into(), "canary-1".into())],
            cwd: "/".into(),
        };
        let address = McpReach::Address {
            url: "http://h".to_owned(),
            headers: vec![("a".to_owned(), "canary-2".to_owned())],
            carrier: Arc::new(NoCarrier),
        };
        let shown = format!("{program:?} {address:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn filters_say_what_is_offered() {
        let mut server = server("s");
        assert!(server.lets("a"));
        server.disabled_tools = vec!["a".to_owned()];
        assert!(!server.lets("a") && server.lets("b"));
        server.enabled_tools = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert!(!server.lets("a") && server.lets("b") && !server.lets("c"));
    }

    fn server(id: &str) -> McpServer {
        McpServer {
            id: id.to_owned(),
            reach: McpReach::Nowhere(String::new()),
            startup_timeout: Duration::from_secs(1),
            tool_timeout: Duration::from_secs(1),
            enabled_tools: None,
            disabled_tools: Vec::new(),
        }
    }
}
