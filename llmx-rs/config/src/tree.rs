//! Values as they were written, each with its place; the common form of files and overrides.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::ConfigError;
use crate::problem::Problem;
use crate::source::{Place, Source};

/// One value of a source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What llmx tells apart about a TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Boolean(bool),
    Float(f64),
    Integer(i64),
    List(Vec<Node>),
    Table(Vec<Entry>),
    Text(String),
    /// A value of a kind that no setting takes, with the name of that kind.
    Other(&'static str),
    /// A scalar of `-c` that was written without quotes, so a setting that takes text may have it.
    Unquoted {
        text: String,
        parsed: Box<Value>,
    },
}

/// One `key = value` of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Value {
    /// Returns the value as TOML has it, where it came from `-c` without quotes.
    pub(crate) fn parsed(&self) -> &Self {
        match self {
            Self::Unquoted { parsed, .. } => parsed,
            value => value,
        }
    }

    /// Returns the name of the value's kind, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Float(_) => "a number with a fraction",
            Self::Integer(_) => "an integer",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Text(_) => "text",
            Self::Other(kind) => kind,
            Self::Unquoted { parsed, .. } => parsed.kind(),
        }
    }
}

/// Reads the text of a configuration file.
pub(crate) fn parse_file(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let source = Arc::new(Source::File {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    match DeTable::parse(text) {
        Ok(table) => Ok(entries(table.get_ref(), &source)),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let problem = Problem::Syntax {
                message: error.message().to_owned(),
            };
            Err(ConfigError::new(problem, &Place::within(&source, span)))
        }
    }
}

/// Reads one TOML value, such as the right-hand side of `-c`; the error is the parser's sentence.
pub(crate) fn parse_value(text: &str, source: &Arc<Source>) -> Result<Node, String> {
    match DeValue::parse(text) {
        Ok(value) => Ok(node(&value, source)),
        Err(error) => Err(error.message().to_owned()),
    }
}

fn entries(table: &DeTable<'_>, source: &Arc<Source>) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        place: place(source, key.span()),
        node: node(value, source),
    };
    table.iter().map(entry).collect()
}

fn node(value: &Spanned<DeValue<'_>>, source: &Arc<Source>) -> Node {
    Node {
        value: match value.get_ref() {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Other("an integer beyond 64 bits"), Value::Integer),
            DeValue::Table(table) => Value::Table(entries(table, source)),
            DeValue::Array(array) => {
                Value::List(array.iter().map(|value| node(value, source)).collect())
            }
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Float(float) => float
                .as_str()
                .parse()
                .map_or(Value::Other("a number that is too large"), Value::Float),
        },
        place: place(source, value.span()),
    }
}

fn place(source: &Arc<Source>, span: Range<usize>) -> Place {
    Place::within(source, span)
}
