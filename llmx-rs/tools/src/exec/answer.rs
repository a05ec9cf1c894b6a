//! Puts what came of a command into words for the model.

use std::time::Duration;

use crate::confine::Confinement;
use crate::tool::Permit;

use super::output::Output;
use super::process::End;

/// What there is to say about a command that has ended or goes on.
pub(crate) struct Report<'a> {
    /// How it ended, or that it goes on.
    pub(crate) state: String,
    pub(crate) end: Option<End>,
    pub(crate) age: Duration,
    pub(crate) output: &'a Output,
    pub(crate) terminal: bool,
    pub(crate) permit: Permit,
    /// How many bytes of output to tell.
    pub(crate) budget: usize,
}

impl Report<'_> {
    /// Returns what the model is told.
    pub(crate) fn words(&self, confinement: &Confinement) -> String {
        let output = self.output.plain(self.budget, self.terminal);
        let denied = self
            .end
            .is_some_and(|end| llmx_sandbox::was_denied(end.status, &output));
        let hint = if denied && confinement.holds(self.permit) {
            DENIED
        } else {
            ""
        };
        format!(
            "{}\nduration: {:.1} s\n{hint}output:\n{output}",
            self.state,
            self.age.as_secs_f64(),
        )
    }
}

const DENIED: &str = "note: this looks like the sandbox, which lets commands reach no further\n";
