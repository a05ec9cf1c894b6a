//! The one door for errors: each leaves as an exit code, a sentence and, where there is one, a hint.

use std::io::{self, Write};
use std::process::ExitCode;

use llmx_config::{ConfigErrors, LoginFault};
use llmx_core::sessions::NoSession;
use llmx_responses_api_proxy::ProxyError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    sentences: Vec<String>,
    hint: Option<String>,
}

/// The command ran and failed.
const FAILED: u8 = 1;

/// Nothing was started: the command line or the configuration is wrong.
const USAGE: u8 = 2;

impl Failure {
    /// A failure of something that ran, with what to do about it.
    pub(crate) fn with_hint(error: &anyhow::Error, hint: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            sentences: vec![sentence(error)],
            hint: Some(hint.into()),
        }
    }

    /// Something was asked for that cannot be started here.
    pub(crate) fn not_started(reason: &impl ToString) -> Self {
        Self {
            code: USAGE,
            sentences: vec![reason.to_string()],
            hint: None,
        }
    }

    /// `llmx` alone, which will start the terminal interface once there is one.
    pub(crate) fn no_command(help: &str) -> Self {
        let sentence = "`llmx` alone will open the terminal interface, which does not exist yet; \
                        name a command";
        Self {
            code: USAGE,
            sentences: vec![sentence.to_owned()],
            hint: Some(format!("these are the commands\n\n{help}")),
        }
    }

    /// Prints the failure and returns its exit code.
    pub(crate) fn report(self) -> ExitCode {
        let mut stderr = io::stderr();
        // Nobody may read it any more; the exit code says it, too.
        for sentence in &self.sentences {
            let _unread = writeln!(stderr, "error: {sentence}");
        }
        if let Some(hint) = &self.hint {
            let _unread = writeln!(stderr, "hint: {hint}");
        }
        ExitCode::from(self.code)
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self {
            code: USAGE,
            sentences: errors.iter().map(ToString::to_string).collect(),
            hint: None,
        }
    }
}

impl From<LoginFault> for Failure {
    fn from(error: LoginFault) -> Self {
        Self::not_started(&error)
    }
}

impl From<ProxyError> for Failure {
    fn from(error: ProxyError) -> Self {
        Self::from(anyhow::Error::new(error))
    }
}

impl From<NoSession> for Failure {
    fn from(error: NoSession) -> Self {
        Self {
            code: USAGE,
            sentences: vec![error.to_string()],
            hint: None,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            code: FAILED,
            sentences: vec![sentence(&error)],
            hint: None,
        }
    }
}

/// Returns an error with its causes, each of them once: many errors name theirs already.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_causes_in_one_sentence() {
        let error = anyhow::anyhow!("the port is taken").context("the proxy did not start");
        let failure = Failure::from(error);
        assert_eq!(
            failure.sentences,
            ["the proxy did not start: the port is taken"]
        );
        assert_eq!(failure.code, FAILED);
    }

    #[test]
    fn a_cause_that_an_error_names_itself_is_not_said_again() {
        let missing = std::path::PathBuf::from("/nowhere/x");
        let error = ProxyError::ServerInfo {
            path: missing,
            source: io::Error::other("the disk is full"),
        };
        assert_eq!(
            Failure::from(error).sentences,
            ["--server-info: cannot write /nowhere/x: the disk is full"]
        );
    }
}
