//! The measures that every Unix has.
#![expect(
    unsafe_code,
    reason = "changing the environment is unsafe once threads run"
)]

use std::ffi::OsString;
use std::{env, io};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::report::{Measure, Outcome, Step};

pub(crate) fn step(measure: Measure, result: io::Result<()>) -> Step {
    let outcome = match result {
        Ok(()) => Outcome::Held,
        Err(error) => Outcome::Failed(error.to_string()),
    };
    Step { measure, outcome }
}

/// Sets the core size limit to zero, soft and hard, and reads it back.
pub(crate) fn no_core_dumps() -> Step {
    let zero = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let result = setrlimit(Resource::Core, zero)
        .map_err(io::Error::from)
        .and_then(|()| {
            let limit = getrlimit(Resource::Core);
            if limit.current == Some(0) && limit.maximum == Some(0) {
                Ok(())
            } else {
                Err(io::Error::other("the limit did not become zero"))
            }
        });
    step(Measure::NoCoreDumps, result)
}

/// Removes every variable whose name begins with `prefix`.
pub(crate) fn remove_variables(prefix: &str) -> Step {
    let names: Vec<OsString> = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
        .collect();
    for name in names {
        // SAFETY: `harden` runs before any other thread exists, as its contract says.
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that may change the environment"
        )]
        unsafe {
            env::remove_var(name);
        }
    }
    step(Measure::CleanLoaderEnvironment, Ok(()))
}
