//! Takes values of the right kind out of a source's tree and notes every fault on the way.

use crate::error::ConfigError;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::scope::Scope;
use crate::source::{Located, Place};
use crate::suggest;
use crate::tree::{Entry, Node, Value};

/// Takes values of the right kind out of nodes and notes the others.
pub(crate) struct Reader {
    pub(crate) scope: Scope,
    errors: Vec<(usize, ConfigError)>,
}

impl Reader {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            errors: Vec::new(),
        }
    }

    /// Takes text that is not empty.
    pub(crate) fn text(&mut self, key: &str, node: &Node) -> Setting<String> {
        let text = self.any_text(key, node)?;
        if text.value.trim().is_empty() {
            self.fault(
                Problem::Empty {
                    key: key.to_owned(),
                },
                &node.place,
            );
            return None;
        }
        Some(text)
    }

    /// Takes text, which may be empty.
    pub(crate) fn any_text(&mut self, key: &str, node: &Node) -> Setting<String> {
        match &node.value {
            Value::Text(text) | Value::Unquoted { text, .. } => {
                Some(Located::new(text.clone(), node.place.clone()))
            }
            other => {
                self.wrong_kind(key, "text in quotes", other, &node.place);
                None
            }
        }
    }

    /// Takes text, a whole number or a truth value, as text.
    pub(crate) fn scalar(&mut self, key: &str, node: &Node) -> Setting<String> {
        let text = match &node.value {
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            _ => return self.any_text(key, node),
        };
        Some(Located::new(text, node.place.clone()))
    }

    /// Takes a truth value.
    pub(crate) fn truth(&mut self, key: &str, node: &Node) -> Setting<bool> {
        match node.value.parsed() {
            Value::Boolean(value) => Some(Located::new(*value, node.place.clone())),
            other => {
                self.wrong_kind(key, "true or false", other, &node.place);
                None
            }
        }
    }

    /// Takes an amount of money, which may have a fraction and is not negative.
    pub(crate) fn amount(&mut self, key: &str, node: &Node) -> Setting<f64> {
        let amount = match node.value.parsed() {
            Value::Float(value) => *value,
            #[expect(clippy::cast_precision_loss, reason = "no price is that large")]
            Value::Integer(value) => *value as f64,
            other => {
                self.wrong_kind(key, "a number", other, &node.place);
                return None;
            }
        };
        if amount.is_finite() && amount >= 0.0 {
            return Some(Located::new(amount, node.place.clone()));
        }
        let key = key.to_owned();
        self.fault(Problem::NotAnAmount { key }, &node.place);
        None
    }

    /// Takes a list of texts, none of them empty.
    pub(crate) fn list(&mut self, key: &str, node: &Node) -> Setting<Vec<String>> {
        let Value::List(nodes) = &node.value else {
            self.wrong_kind(key, LIST, &node.value, &node.place);
            return None;
        };
        let mut texts = Vec::new();
        for node in nodes {
            texts.push(self.text(key, node)?.value);
        }
        Some(Located::new(texts, node.place.clone()))
    }

    /// Takes a program and its arguments, which may be empty texts.
    pub(crate) fn command(&mut self, key: &str, node: &Node) -> Setting<Vec<String>> {
        let Value::List(nodes) = &node.value else {
            self.wrong_kind(key, COMMAND, &node.value, &node.place);
            return None;
        };
        let mut texts = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let text = match index {
                0 => self.text(key, node)?,
                _ => self.any_text(key, node)?,
            };
            texts.push(text.value);
        }
        if texts.is_empty() {
            let key = key.to_owned();
            self.fault(Problem::Empty { key }, &node.place);
            return None;
        }
        Some(Located::new(texts, node.place.clone()))
    }

    /// Takes one of a fixed set of words, as text.
    pub(crate) fn one_of(
        &mut self,
        key: &str,
        node: &Node,
        known: &'static [&'static str],
    ) -> Setting<String> {
        let text = self.text(key, node)?;
        if known.contains(&text.value.as_str()) {
            return Some(text);
        }
        self.unknown_word(key, text, known);
        None
    }

    /// Takes one of a fixed set of words, as its meaning.
    pub(crate) fn word<T: Copy, const N: usize>(
        &mut self,
        key: &str,
        node: &Node,
        words: &'static Words<T, N>,
    ) -> Setting<T> {
        let text = self.text(key, node)?;
        let found = words.names.iter().position(|name| *name == text.value);
        let Some(meaning) = found.and_then(|at| words.meanings.get(at)) else {
            self.unknown_word(key, text, &words.names);
            return None;
        };
        Some(Located::new(*meaning, node.place.clone()))
    }

    /// Takes a whole number of a range.
    pub(crate) fn number<T: TryFrom<i64>>(
        &mut self,
        key: &str,
        node: &Node,
        range: std::ops::RangeInclusive<i64>,
    ) -> Setting<T> {
        let value = node.value.parsed();
        let Value::Integer(number) = *value else {
            self.wrong_kind(key, "a whole number", value, &node.place);
            return None;
        };
        let in_range = Some(number).filter(|number| range.contains(number));
        let Some(value) = in_range.and_then(|number| T::try_from(number).ok()) else {
            let problem = Problem::OutOfRange {
                key: key.to_owned(),
                least: *range.start(),
                most: *range.end(),
            };
            self.fault(problem, &node.place);
            return None;
        };
        Some(Located::new(value, node.place.clone()))
    }

    /// Fills `slot` with what another spelling of its setting says; both at once are a fault.
    pub(crate) fn once<T>(
        &mut self,
        slot: &mut Setting<T>,
        value: Setting<T>,
        key: &str,
        other: &str,
    ) {
        let Some(value) = value else { return };
        if slot.is_some() {
            let problem = Problem::TwoSpellings {
                key: key.to_owned(),
                other: other.to_owned(),
            };
            self.fault(problem, &value.place);
            return;
        }
        *slot = Some(value);
    }

    /// Takes the entries of a table; a wrong kind counts as an empty table.
    pub(crate) fn table<'n>(&mut self, key: &str, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Table(entries) => entries,
            other => {
                self.wrong_kind(
                    key,
                    "a table such as `{ name = \"value\" }`",
                    other,
                    &node.place,
                );
                &[]
            }
        }
    }

    pub(crate) fn unknown_key(
        &mut self,
        path: &str,
        entry: &Entry,
        known: &'static [&'static str],
    ) {
        let problem = Problem::UnknownKey {
            key: join(path, &entry.key),
            near: suggest::nearest(&entry.key, known.iter().copied()),
            known,
        };
        self.fault(problem, &entry.place);
    }

    pub(crate) fn fault(&mut self, problem: Problem, place: &Place) {
        self.errors
            .push((place.start(), ConfigError::new(problem, place)));
    }

    fn unknown_word(&mut self, key: &str, text: Located<String>, known: &'static [&'static str]) {
        let problem = Problem::UnknownWord {
            key: key.to_owned(),
            near: suggest::nearest(&text.value, known.iter().copied()),
            word: text.value,
            known,
        };
        self.fault(problem, &text.place);
    }

    pub(crate) fn wrong_kind(
        &mut self,
        key: &str,
        expected: &'static str,
        found: &Value,
        place: &Place,
    ) {
        let problem = Problem::WrongKind {
            key: key.to_owned(),
            expected,
            found: found.kind(),
        };
        self.fault(problem, place);
    }

    /// Returns the faults in reading order.
    pub(crate) fn finish(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|(start, _)| *start);
        self.errors.into_iter().map(|(_, error)| error).collect()
    }
}

/// The words a setting takes, and what each means.
pub(crate) struct Words<T: 'static, const N: usize> {
    pub(crate) names: [&'static str; N],
    pub(crate) meanings: [T; N],
}

/// Writes a name as it stands in a dotted key.
pub(crate) fn quoted(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

/// Returns the dotted key of `name` in the table at `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    match path {
        "" => quoted(name),
        path => format!("{path}.{}", quoted(name)),
    }
}

const LIST: &str = "a list such as `[\"one\", \"two\"]`";
const COMMAND: &str = "a program and its arguments such as `[\"program\", \"argument\"]`";
