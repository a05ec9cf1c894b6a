//! Reads the `key=value` of `-c`: a dotted path, then a TOML value or, failing that, plain text.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::problem::Problem;
use crate::source::{Place, Source};
use crate::tree::{self, Entry, Node, Value};

/// Reads one `-c` argument into the entry it stands for.
pub(crate) fn parse(argument: &str) -> Result<Entry, ConfigError> {
    let (path, rest) = split_path(argument).map_err(|problem| fault(problem, ""))?;
    let source = Arc::new(Source::Override {
        key: path.join("."),
    });
    let value = parse_value(rest.trim(), &source)?;
    nested(path, &value, &source).ok_or_else(|| fault(Problem::OverrideWithoutValue, ""))
}

/// Returns the entry of a whole source in which `value` is the only setting, at `path`.
pub(crate) fn nested(path: Vec<String>, value: &Node, source: &Arc<Source>) -> Option<Entry> {
    let place = Place::within(source, 0..0);
    let mut entry: Option<Entry> = None;
    for key in path.into_iter().rev() {
        let node = match entry {
            None => value.clone(),
            Some(inner) => Node {
                value: Value::Table(vec![inner]),
                place: place.clone(),
            },
        };
        entry = Some(Entry {
            key,
            place: place.clone(),
            node,
        });
    }
    entry
}

/// Reads a dotted path alone.
pub(crate) fn path(text: &str) -> Result<Vec<String>, ConfigError> {
    let assigned = format!("{text}=");
    let (path, rest) = split_path(&assigned).map_err(|problem| fault(problem, ""))?;
    if rest.is_empty() {
        return Ok(path);
    }
    let problem = unreadable("it ends where a value would begin");
    Err(fault(problem, ""))
}

/// Splits `a."b.c".d=rest` into the names of its path and the rest.
fn split_path(argument: &str) -> Result<(Vec<String>, &str), Problem> {
    let mut path = Vec::new();
    let mut rest = argument;
    loop {
        let (name, after) = take_name(rest.trim_start())?;
        path.push(name);
        if path.len() > DEEPEST {
            return Err(unreadable("it has more dots than any setting"));
        }
        let after = after.trim_start();
        if let Some(value) = after.strip_prefix('=') {
            return Ok((path, value));
        }
        rest = after.strip_prefix('.').ok_or_else(|| match after {
            "" => Problem::OverrideWithoutValue,
            _ => unreadable("only `.` or `=` may follow a name"),
        })?;
    }
}

/// Takes one bare or quoted name off the front.
fn take_name(text: &str) -> Result<(String, &str), Problem> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inside = text.get(1..).unwrap_or_default();
        let (name, after) = inside
            .split_once(quote)
            .ok_or_else(|| unreadable("a quote is not closed"))?;
        return Ok((name.to_owned(), after));
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(text.len());
    match text.split_at(end) {
        ("", "") => Err(Problem::OverrideWithoutValue),
        ("", _) => Err(unreadable(
            "a name is missing or has characters that need quotes",
        )),
        (name, after) => Ok((name.to_owned(), after)),
    }
}

fn parse_value(text: &str, source: &Arc<Source>) -> Result<Node, ConfigError> {
    let place = Place::within(source, 0..0);
    let quoted_or_nested = text.starts_with(['{', '[', '"', '\'']);
    match tree::parse_value(text, source) {
        Ok(node) if quoted_or_nested => Ok(node),
        Ok(node) => Ok(Node {
            value: Value::Unquoted {
                text: text.to_owned(),
                parsed: Box::new(node.value),
            },
            place,
        }),
        // What begins like TOML was meant as TOML: as plain text it would only fail later, worse.
        Err(message) if quoted_or_nested => {
            Err(ConfigError::new(Problem::OverrideValue { message }, &place))
        }
        Err(_) => Ok(Node {
            value: Value::Text(text.to_owned()),
            place,
        }),
    }
}

fn unreadable(reason: &'static str) -> Problem {
    Problem::OverrideKey { reason }
}

fn fault(problem: Problem, key: &str) -> ConfigError {
    ConfigError::new(
        problem,
        &Place::whole(Source::Override {
            key: key.to_owned(),
        }),
    )
}

/// No setting is deeper than four names; the limit keeps hostile paths off the stack.
const DEEPEST: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_split_at_dots_outside_quotes_and_end_at_the_first_equals_sign() {
        for (argument, path, rest) in [
            ("model=x=y", &["model"][..], "x=y"),
            ("a.b-c.d_e=1", &["a", "b-c", "d_e"], "1"),
            ("a.\"b.c=d\".e = 1", &["a", "b.c=d", "e"], " 1"),
            ("a.'b \"c\"'=1", &["a", "b \"c\""], "1"),
            (" a . b =", &["a", "b"], ""),
        ] {
            let (found, after) = split_path(argument).unwrap();
            assert_eq!(
                (
                    found
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .as_slice(),
                    after
                ),
                (path, rest)
            );
        }
    }

    #[test]
    fn a_path_that_cannot_be_read_says_why() {
        for (argument, problem) in [
            ("", Problem::OverrideWithoutValue),
            ("model", Problem::OverrideWithoutValue),
            (
                "=x",
                unreadable("a name is missing or has characters that need quotes"),
            ),
            (
                "a..b=x",
                unreadable("a name is missing or has characters that need quotes"),
            ),
            ("a.\"b=x", unreadable("a quote is not closed")),
            ("a b=x", unreadable("only `.` or `=` may follow a name")),
        ] {
            assert_eq!(split_path(argument).unwrap_err(), problem, "{argument}");
        }
    }

    #[test]
    fn a_value_is_toml_where_it_can_be_and_text_otherwise() {
        for (argument, value) in [
            ("k=gpt-5.5", Value::Text("gpt-5.5".to_owned())),
            ("k=\"quoted\"", Value::Text("quoted".to_owned())),
            ("k=", Value::Text(String::new())),
            (
                "k=7",
                Value::Unquoted {
                    text: "7".to_owned(),
                    parsed: Box::new(Value::Integer(7)),
                },
            ),
            (
                "k=true",
                Value::Unquoted {
                    text: "true".to_owned(),
                    parsed: Box::new(Value::Boolean(true)),
                },
            ),
        ] {
            assert_eq!(parse(argument).unwrap().node.value, value, "{argument}");
        }
    }

    #[test]
    fn a_value_that_begins_like_toml_must_be_toml() {
        for argument in ["k={ a = }", "k=[1", "k='open"] {
            let error = parse(argument).unwrap_err();
            assert!(
                matches!(*error.problem, Problem::OverrideValue { .. }),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(argument in ".{0,64}") {
            drop(parse(&argument));
        }

        #[test]
        fn parsing_never_panics_on_text_near_the_grammar(argument in "[a-c.='\"{}\\[\\],# 0-9\\\\\n-]{0,48}") {
            drop(parse(&argument));
        }

        /// Whatever a name holds, quoting it brings it back.
        #[test]
        fn a_quoted_name_comes_back_as_it_was(name in "[^']{1,16}") {
            prop_assert_eq!(parse(&format!("'{name}'=1")).unwrap().key, name);
        }
    }
}
