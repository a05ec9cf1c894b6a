//! A claim of the demonstration and what looking for its opposite has found.

use std::fmt;

/// One claim that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) claim: String,
    pub(super) verdict: Verdict,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The claim is false.
    Broken,
    /// The claim is true.
    Holds,
    /// This machine does not let us look, for the reason given.
    Unknown(String),
}

impl Check {
    /// A claim that is true exactly if `holds`.
    pub(super) fn new(claim: impl Into<String>, holds: bool) -> Self {
        let verdict = if holds {
            Verdict::Holds
        } else {
            Verdict::Broken
        };
        let claim = claim.into();
        Self { claim, verdict }
    }

    /// A claim that could not be checked.
    pub(super) fn unknown(claim: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self {
            claim: claim.into(),
            verdict: Verdict::Unknown(reason.to_string()),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Broken => write!(f, "✗ NOT TRUE: {}", self.claim),
            Verdict::Holds => write!(f, "✓ {}", self.claim),
            Verdict::Unknown(reason) => write!(f, "– not checked: {} ({reason})", self.claim),
        }
    }
}
