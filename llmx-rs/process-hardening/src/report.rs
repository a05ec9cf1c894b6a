//! What hardening was tried and what came of it, so that an operator can see and demand it.

use std::fmt;

/// A way in which a process can be made harder to inspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// A crash writes no memory image to disk.
    NoCoreDumps,
    /// Other processes of the same user may not read this one's memory.
    NotDumpable,
    /// No debugger is attached, and none of the same user may attach.
    NoTracer,
    /// Loader variables (`LD_*`, `DYLD_*`) are gone from the environment.
    CleanLoaderEnvironment,
    /// Neither this process nor a child can gain rights through set-user-ID programs.
    NoNewPrivileges,
}

impl Measure {
    /// Every measure, in the order they are applied.
    pub const ALL: [Self; 5] = [
        Self::NoCoreDumps,
        Self::NotDumpable,
        Self::NoTracer,
        Self::CleanLoaderEnvironment,
        Self::NoNewPrivileges,
    ];

    /// Returns the name used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCoreDumps => "no core dumps",
            Self::NotDumpable => "memory not readable by other processes",
            Self::NoTracer => "no debugger",
            Self::CleanLoaderEnvironment => "no loader variables",
            Self::NoNewPrivileges => "no new privileges",
        }
    }
}

/// What came of one measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The measure is in force.
    Held,
    /// The system refused; the text says why.
    Failed(String),
    /// This platform has no such measure; the text says what that means.
    Unsupported(&'static str),
}

/// One measure with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tried.
    pub measure: Measure,
    /// What came of it.
    pub outcome: Outcome,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.measure.name();
        match &self.outcome {
            Outcome::Held => write!(f, "{name}: held"),
            Outcome::Failed(why) => write!(f, "{name}: failed: {why}"),
            Outcome::Unsupported(why) => write!(f, "{name}: not available here: {why}"),
        }
    }
}

/// The outcome of every measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    steps: Vec<Step>,
}

impl Report {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// Returns every step in the order it was applied.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns whether every measure is in force.
    pub fn all_held(&self) -> bool {
        self.weak().next().is_none()
    }

    /// Returns the steps that are not in force.
    pub fn weak(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| step.outcome != Outcome::Held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome) -> Report {
        Report::new(vec![Step {
            measure: Measure::NoTracer,
            outcome,
        }])
    }

    #[test]
    fn a_report_is_strong_only_when_every_step_held() {
        assert!(report(Outcome::Held).all_held());
        assert!(!report(Outcome::Failed("no".into())).all_held());
        assert!(!report(Outcome::Unsupported("no")).all_held());
    }

    #[test]
    fn a_failed_step_says_what_and_why() {
        let report = report(Outcome::Failed("process 7 traces it".into()));
        let shown: Vec<_> = report.weak().map(ToString::to_string).collect();
        assert_eq!(shown, ["no debugger: failed: process 7 traces it"]);
    }
}
