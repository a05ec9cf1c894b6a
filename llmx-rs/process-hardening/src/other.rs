//! Windows and other systems: nothing is done, and the report says so.

use crate::report::{Measure, Outcome, Step};

pub(crate) fn apply() -> Vec<Step> {
    Measure::ALL.into_iter().map(unsupported).collect()
}

pub(crate) fn hide_memory() -> Step {
    unsupported(Measure::NotDumpable)
}

fn unsupported(measure: Measure) -> Step {
    Step {
        measure,
        outcome: Outcome::Unsupported(why(measure)),
    }
}

const fn why(measure: Measure) -> &'static str {
    match measure {
        Measure::NoCoreDumps => "error reporting may write memory images; turn it off by policy",
        Measure::NotDumpable | Measure::NoTracer => {
            "any process of the same user may read this one; run it as another user"
        }
        Measure::CleanLoaderEnvironment => "the loader reads no such variables",
        Measure::NoNewPrivileges => "there are no set-user-ID programs",
    }
}
