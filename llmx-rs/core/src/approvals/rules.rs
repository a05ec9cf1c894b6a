//! What the user has decided about commands once and for all: `rules.toml` in the home of llmx.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::script;

/// The rules of one file, in its order.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The words that a command begins with; a list in the place of a word stands for any of it.
    pub prefix: Vec<Words>,
    /// What becomes of such a command.
    pub decision: RuleDecision,
    /// Why, for the model and for people.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A word, or any of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// This one.
    One(String),
    /// Any of these.
    Any(Vec<String>),
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleDecision {
    /// It runs without a question, outside of the sandbox too if the model asks for that.
    Allow,
    /// A person is asked.
    Ask,
    /// It never runs.
    Deny,
}

/// Rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesFault {
    /// The file cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {cause}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        cause: Box<toml::de::Error>,
    },
    /// A rule would stand for every command.
    #[error("{}: a rule has an empty prefix, which would stand for every command", .0.display())]
    Empty(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

impl Rules {
    /// Reads `path`; a missing file has no rules.
    pub fn read(path: &Path) -> Result<Self, RulesFault> {
        let path = path.to_owned();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(RulesFault::Io { path, cause }),
        };
        let file: File = toml::from_str(&text).map_err(|cause| RulesFault::Syntax {
            path: path.clone(),
            cause: Box::new(cause),
        })?;
        if file.rule.iter().any(|rule| rule.prefix.is_empty()) {
            return Err(RulesFault::Empty(path));
        }
        Ok(Self { rules: file.rule })
    }

    /// Returns the rule that decides about `command`, which may be a script for a shell: the strictest
    /// one for any part of it. `Allow` takes a rule for every part.
    pub fn decide(&self, command: &[String]) -> Option<&Rule> {
        let parts = script::commands(command)?;
        let mut strictest: Option<&Rule> = None;
        let mut all_are_ruled = true;
        for part in &parts {
            let rules = self.rules.iter().filter(|rule| rule.fits(part));
            let Some(rule) = rules.max_by_key(|rule| rule.decision) else {
                all_are_ruled = false;
                continue;
            };
            if strictest.is_none_or(|strict| rule.decision > strict.decision) {
                strictest = Some(rule);
            }
        }
        strictest.filter(|rule| all_are_ruled || rule.decision != RuleDecision::Allow)
    }
}

impl Rule {
    fn fits(&self, command: &[String]) -> bool {
        let mut words = command.iter().enumerate();
        self.prefix.iter().all(|wanted| {
            words.next().is_some_and(|(at, word)| {
                // A rule for `git` also stands for `/usr/bin/git`.
                let word = if at == 0 {
                    script::program_name(word)
                } else {
                    word
                };
                match wanted {
                    Words::One(one) => one == word,
                    Words::Any(any) => any.iter().any(|one| one == word),
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [[rule]]
        prefix = ["git", ["push", "fetch"]]
        decision = "ask"
        [[rule]]
        prefix = ["cargo"]
        decision = "allow"
        [[rule]]
        prefix = ["cargo", "publish"]
        decision = "deny"
        reason = "releases are made by CI"
    "#;

    fn rules(text: &str) -> Result<Rules, RulesFault> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rules.toml");
        fs::write(&path, text).unwrap();
        Rules::read(&path)
    }

    #[test]
    fn the_strictest_rule_for_any_part_decides() {
        let rules = rules(RULES).unwrap();
        for (line, expected) in [
            ("cargo test", Some(RuleDecision::Allow)),
            ("cargo test && cargo build", Some(RuleDecision::Allow)),
            // One part that no rule allows takes the permission of the others away.
            ("cargo test && make", None),
            ("cargo publish", Some(RuleDecision::Deny)),
            ("cargo test; git push", Some(RuleDecision::Ask)),
            ("make; /usr/bin/git fetch", Some(RuleDecision::Ask)),
            ("git pull", None),
            ("cargo test > x", None),
        ] {
            let command = ["bash", "-lc", line].map(str::to_owned);
            let decided = rules.decide(&command).map(|rule| rule.decision);
            assert_eq!(decided, expected, "{line}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_named_with_its_line() {
        let typo = rules("[[rule]]\nprefix = ['x']\ndecison = 'allow'")
            .unwrap_err()
            .to_string();
        assert!(
            typo.contains("rules.toml") && typo.contains("line 3"),
            "{typo}"
        );
        let empty = rules("[[rule]]\nprefix = []\ndecision = 'allow'")
            .unwrap_err()
            .to_string();
        assert!(empty.contains("every command"), "{empty}");
        assert!(Rules::read(Path::new("/nowhere/rules.toml")).is_ok());
    }
}
