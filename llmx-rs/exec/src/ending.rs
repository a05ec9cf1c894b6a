//! How a run ended, and the exit code that says so.

use std::process::ExitCode;

use crate::stop::Stop;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The turn was completed.
    Completed,
    /// The turn failed.
    TurnFailed,
    /// There was nothing to do, or what was asked for makes no sense.
    Usage,
    /// Something on this machine failed.
    Setup,
    /// The model was asked as often as it might be.
    MaxTurns,
    /// The turn cost more than it might.
    MaxCost,
    /// Its time was over.
    Timeout,
    /// Its final answer does not match the output schema.
    OutputSchema,
    /// A signal stopped it.
    Stopped(Stop),
    /// Nobody reads its output any more.
    OutputClosed,
}

impl Ending {
    /// Returns the exit code; the crate's documentation lists all of them.
    pub fn code(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::TurnFailed => 1,
            Self::Usage => 2,
            Self::Setup => 3,
            Self::MaxTurns => 4,
            Self::MaxCost => 5,
            Self::Timeout => 6,
            Self::OutputSchema => 7,
            Self::Stopped(Stop::HangUp) => 129,
            Self::Stopped(Stop::Interrupt) => 130,
            Self::OutputClosed => 141,
            Self::Stopped(Stop::Terminate) => 143,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending.code())
    }
}
