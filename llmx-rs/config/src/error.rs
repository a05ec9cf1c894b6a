//! A fault of the configuration: where it is, the line that shows it, and its [`Problem`].

use std::fmt;

use crate::origin::Origin;
use crate::problem::Problem;
use crate::source::Place;

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the faulty value came from.
    pub origin: Origin,
    /// What is wrong and how to cure it.
    pub problem: Box<Problem>,
    snippet: Option<String>,
}

impl ConfigError {
    pub(crate) fn new(problem: Problem, place: &Place) -> Self {
        Self {
            origin: place.origin(),
            problem: Box::new(problem),
            snippet: place.snippet(),
        }
    }

    /// A fault that no single value caused.
    pub(crate) fn of_nothing(problem: Problem) -> Self {
        Self {
            origin: Origin::Default,
            problem: Box::new(problem),
            snippet: None,
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => write!(f, "{}", self.problem)?,
            origin => write!(f, "{origin}: {}", self.problem)?,
        }
        self.snippet
            .as_ref()
            .map_or(Ok(()), |snippet| write!(f, "\n{snippet}"))
    }
}

/// Every fault found in one reading, at least one, so that all can be cured at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Wraps faults, at least one.
    pub(crate) fn new(errors: Vec<ConfigError>) -> Self {
        Self(errors)
    }

    /// Returns the faults, those of one source in reading order.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
