//! Reads the settings of one source out of its tree, and collects every fault on the way.

use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;

use crate::error::ConfigError;
use crate::problem::Problem;
use crate::raw::{RawConfig, Setting, WireApi};
use crate::read_provider;
use crate::source::{Located, Place};
use crate::suggest;
use crate::tree::{Entry, Node, Value};

/// Reads one source; what is faulty is left out of the settings and put into the errors.
pub(crate) fn read(entries: &[Entry]) -> (RawConfig, Vec<ConfigError>) {
    let mut reader = Reader::default();
    let mut raw = RawConfig::default();
    for entry in entries {
        let key = entry.key.as_str();
        match key {
            "approval_policy" => raw.approval_policy = reader.word(key, &entry.node, &APPROVALS),
            "model" => raw.model = reader.text(key, &entry.node),
            "model_provider" => raw.model_provider = reader.text(key, &entry.node),
            "model_providers" => {
                for provider in reader.table(key, &entry.node) {
                    let path = format!("{key}.{}", quoted(&provider.key));
                    let read = read_provider::read(&mut reader, &path, &provider.node);
                    raw.providers.insert(provider.key.clone(), read);
                }
            }
            "sandbox_mode" => raw.sandbox_mode = reader.word(key, &entry.node, &SANDBOXES),
            _ => reader.unknown_key("", entry, &KEYS),
        }
    }
    (raw, reader.finish())
}

/// Takes values of the right kind out of nodes and notes the others.
#[derive(Default)]
pub(crate) struct Reader {
    errors: Vec<(usize, ConfigError)>,
}

impl Reader {
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

    /// Takes one of a fixed set of words.
    pub(crate) fn word<T: Copy, const N: usize>(
        &mut self,
        key: &str,
        node: &Node,
        words: &'static Words<T, N>,
    ) -> Setting<T> {
        let text = self.text(key, node)?;
        let found = words.names.iter().position(|name| *name == text.value);
        let Some(meaning) = found.and_then(|at| words.meanings.get(at)) else {
            let problem = Problem::UnknownWord {
                key: key.to_owned(),
                near: suggest::nearest(&text.value, words.names),
                word: text.value,
                known: &words.names,
            };
            self.fault(problem, &node.place);
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
        let value = match &node.value {
            Value::Unquoted { parsed, .. } => parsed,
            value => value,
        };
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
        let separator = if path.is_empty() { "" } else { "." };
        let problem = Problem::UnknownKey {
            key: format!("{path}{separator}{}", quoted(&entry.key)),
            near: suggest::nearest(&entry.key, known.iter().copied()),
            known,
        };
        self.fault(problem, &entry.place);
    }

    pub(crate) fn fault(&mut self, problem: Problem, place: &Place) {
        self.errors
            .push((place.start(), ConfigError::new(problem, place)));
    }

    fn wrong_kind(&mut self, key: &str, expected: &'static str, found: &Value, place: &Place) {
        let problem = Problem::WrongKind {
            key: key.to_owned(),
            expected,
            found: found.kind(),
        };
        self.fault(problem, place);
    }

    /// Returns the faults in reading order.
    fn finish(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|(start, _)| *start);
        self.errors.into_iter().map(|(_, error)| error).collect()
    }
}

/// The words a setting takes, and what each means.
pub(crate) struct Words<T: 'static, const N: usize> {
    pub(crate) names: [&'static str; N],
    pub(crate) meanings: [T; N],
}

pub(crate) static WIRE_APIS: Words<WireApi, 5> = Words {
    names: ["responses", "chat", "messages", "gemini", "auto"],
    meanings: [
        WireApi::Dialect(Dialect::Responses),
        WireApi::Dialect(Dialect::Chat),
        WireApi::Dialect(Dialect::Messages),
        WireApi::Dialect(Dialect::Gemini),
        WireApi::Auto,
    ],
};

static APPROVALS: Words<ApprovalPolicy, 3> = Words {
    names: ["untrusted", "on-request", "never"],
    meanings: [
        ApprovalPolicy::Untrusted,
        ApprovalPolicy::OnRequest,
        ApprovalPolicy::Never,
    ],
};

/// The words that `sandbox_mode` and `--sandbox` take.
pub const SANDBOX_MODES: [&str; 3] = ["read-only", "workspace-write", "danger-full-access"];

static SANDBOXES: Words<SandboxMode, 3> = Words {
    names: SANDBOX_MODES,
    meanings: [
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ],
};

const KEYS: [&str; 5] = [
    "approval_policy",
    "model",
    "model_provider",
    "model_providers",
    "sandbox_mode",
];

/// Writes a name as it stands in a dotted key.
pub(crate) fn quoted(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}
