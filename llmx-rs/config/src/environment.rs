//! Which variables of llmx's environment a command of the agent may see.

use std::ffi::{OsStr, OsString};

use serde::Serialize;

use crate::secret::Secret;

/// `shell_environment_policy`: a filter, on top of which every configured key is taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellEnvironmentPolicy {
    /// What to start from.
    pub inherit: Inherit,
    /// Whether variables with KEY, SECRET or TOKEN in their names are kept.
    pub ignore_default_excludes: bool,
    /// Patterns of names to take out; `*` and `?` as in file names, in any case.
    pub exclude: Vec<String>,
    /// Variables to add.
    pub set: Vec<(String, Secret)>,
    /// Where not empty, patterns of the only names to keep.
    pub include_only: Vec<String>,
}

/// What a command's environment starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inherit {
    /// Everything.
    #[default]
    All,
    /// What a shell needs to find its programs and files.
    Core,
    /// Nothing.
    None,
}

impl ShellEnvironmentPolicy {
    /// Returns what is left of `variables`: inherit, default excludes, exclude, set, include only.
    pub fn apply(
        &self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let set = |name: &OsStr| self.set.iter().any(|(own, _)| OsStr::new(own) == name);
        let mut left: Vec<_> = variables
            .into_iter()
            .filter(|(name, _)| self.inherits(&name.to_string_lossy()) && !set(name))
            .collect();
        let own = self.set.iter();
        left.extend(own.map(|(name, value)| (name.into(), value.expose().into())));
        if !self.include_only.is_empty() {
            left.retain(|(name, _)| any(&self.include_only, &name.to_string_lossy()));
        }
        left
    }

    fn inherits(&self, name: &str) -> bool {
        let inherited = match self.inherit {
            Inherit::All => true,
            Inherit::Core => CORE.iter().any(|core| core.eq_ignore_ascii_case(name)),
            Inherit::None => false,
        };
        let secret = || SECRETS.iter().any(|pattern| matches(pattern, name));
        inherited && (self.ignore_default_excludes || !secret()) && !any(&self.exclude, name)
    }
}

fn any(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// Returns whether `name` is one that `pattern` stands for.
///
/// Only the last `*` is ever tried again, so the time is bounded by the product of the lengths.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

const SECRETS: [&str; 3] = ["*KEY*", "*SECRET*", "*TOKEN*"];

const CORE: [&str; 9] = [
    "HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(policy: &ShellEnvironmentPolicy) -> Vec<String> {
        let variables = ["HOME", "PATH", "MY_TOKEN", "AWS_REGION", "EDITOR"];
        let left = policy.apply(variables.map(|name| (name.into(), "v".into())));
        let name = |(name, _): &(OsString, _)| name.to_string_lossy().into_owned();
        left.iter().map(name).collect()
    }

    #[test]
    fn variables_that_look_secret_are_taken_out_unless_told() {
        let mut policy = ShellEnvironmentPolicy::default();
        assert_eq!(names(&policy), ["HOME", "PATH", "AWS_REGION", "EDITOR"]);
        policy.ignore_default_excludes = true;
        assert_eq!(names(&policy).len(), 5);
    }

    #[test]
    fn the_filters_apply_in_their_order() {
        let policy = ShellEnvironmentPolicy {
            inherit: Inherit::Core,
            exclude: vec!["ho?e".to_owned()],
            set: vec![
                ("API_TOKEN".to_owned(), Secret::new("x".to_owned())),
                ("OTHER".to_owned(), Secret::new("x".to_owned())),
            ],
            include_only: vec!["P*".to_owned(), "api_*".to_owned()],
            ..ShellEnvironmentPolicy::default()
        };
        assert_eq!(names(&policy), ["PATH", "API_TOKEN"]);
        let none = ShellEnvironmentPolicy {
            inherit: Inherit::None,
            ..ShellEnvironmentPolicy::default()
        };
        assert!(names(&none).is_empty());
    }

    #[test]
    fn a_variable_that_is_set_replaces_the_inherited_one() {
        let policy = ShellEnvironmentPolicy {
            set: vec![("PATH".to_owned(), Secret::new("/own".to_owned()))],
            ..ShellEnvironmentPolicy::default()
        };
        let left = policy.apply([("PATH".into(), "/bin".into())]);
        assert_eq!(left, [("PATH".into(), "/own".into())]);
    }

    proptest! {
        #[test]
        fn a_star_stands_for_anything(name in "[A-Z_*?]{0,12}", rest in "[A-Z_]{0,12}") {
            let whole = format!("{name}{rest}");
            let (begins, ends) = (format!("{name}*"), format!("*{rest}"));
            prop_assert!(matches(&begins, &whole));
            prop_assert!(matches(&ends, &whole));
            prop_assert!(matches("*", &name));
        }
    }
}
