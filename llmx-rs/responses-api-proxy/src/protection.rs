//! What protects the key, and whether each protection holds.

use llmx_process_hardening::{Outcome, Report};

/// One protection and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protection {
    name: &'static str,
    state: Result<(), String>,
}

impl Protection {
    pub(crate) fn new(name: &'static str, state: Result<(), String>) -> Self {
        Self { name, state }
    }

    pub(crate) fn holds(&self) -> bool {
        self.state.is_ok()
    }
}

impl std::fmt::Display for Protection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.state {
            Ok(()) => write!(f, "{}: holds", self.name),
            Err(why) => write!(f, "{}: does not hold: {why}", self.name),
        }
    }
}

/// Takes over what hardening the process achieved.
pub(crate) fn of_process(report: &Report) -> Vec<Protection> {
    report
        .steps()
        .iter()
        .map(|step| {
            let state = match &step.outcome {
                Outcome::Held => Ok(()),
                Outcome::Failed(why) => Err(why.clone()),
                Outcome::Unsupported(why) => Err((*why).to_owned()),
            };
            Protection::new(step.measure.name(), state)
        })
        .collect()
}

/// Tells whether the key also stands in the environment, where other processes of the same user
/// and every child would find it.
pub(crate) fn of_environment(
    key: &str,
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Protection {
    let found: Vec<_> = variables
        .filter(|(_, value)| {
            memchr::memmem::find(value.as_encoded_bytes(), key.as_bytes()).is_some()
        })
        .map(|(name, _)| name.display().to_string())
        .collect();
    let state = if found.is_empty() {
        Ok(())
    } else {
        let names = found.join(", ");
        Err(format!(
            "{names} holds it; start the proxy with env -u {names}"
        ))
    };
    Protection::new("key not in the environment", state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_left_in_the_environment_is_found_by_name() {
        let variables = |value: &str| [("OPENAI_API_KEY".into(), value.into())].into_iter();
        assert!(of_environment("sk-1", variables("other")).holds());
        let found = of_environment("sk-1", variables("sk-1"));
        assert!(!found.holds());
        let text = found.to_string();
        assert!(text.contains("env -u OPENAI_API_KEY") && !text.contains("sk-1"));
    }
}
