//! Removes secrets from the environment that commands of the model will see.

use std::ffi::{OsStr, OsString};

/// Returns `variables` without those that are called like one of `names` or that hold one of
/// `secrets`.
pub fn scrub(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    names: &[&str],
    secrets: &[&str],
) -> Vec<(OsString, OsString)> {
    variables
        .into_iter()
        .filter(|(name, value)| {
            let named = names.iter().any(|secret| name.eq_ignore_ascii_case(secret));
            !named && !secrets.iter().any(|secret| holds(value, secret))
        })
        .collect()
}

/// Returns whether `value` is `secret`, or contains one that is too long to be there by chance.
fn holds(value: &OsStr, secret: &str) -> bool {
    let (value, secret) = (value.as_encoded_bytes(), secret.as_bytes());
    if secret.is_empty() {
        return false;
    }
    value == secret
        || secret.len() >= MIN_CONTAINED
            && value.windows(secret.len()).any(|window| window == secret)
}

/// A shorter text (`true`, `1234`) may well be part of an unrelated value.
const MIN_CONTAINED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_containing_values_go_and_the_rest_stays() {
        let variables = [
            ("PATH", "/bin"),
            ("LLMX_API_KEY", "other"),
            ("COPY", "sk-canary-1"),
            ("HEADER", "Bearer sk-canary-1"),
            ("PIN_LIKE", "x1234y"),
            ("PIN", "1234"),
            ("EMPTY", ""),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let left = scrub(variables, &["LLMX_API_KEY"], &["sk-canary-1", "1234", ""]);
        let left: Vec<_> = left
            .iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(left, ["PATH", "PIN_LIKE", "EMPTY"]);
    }
}
