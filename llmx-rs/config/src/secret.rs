//! A string that never shows itself in a debug print and is wiped when dropped.

use std::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// An API key or another value that must not reach logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Returns the value itself; call it only where the value leaves for its destination.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Shows that there is a value, for lists of settings.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(DOTS)
    }
}

const DOTS: &str = "••••••••";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_holds_the_value() {
        let secret = Secret::new("sk-canary".to_owned());
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
