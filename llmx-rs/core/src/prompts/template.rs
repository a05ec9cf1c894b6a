//! One prompt file: what stands at its head, and its text with the arguments in their places.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// One prompt file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFile {
    /// The file.
    pub path: PathBuf,
    /// What it is for.
    pub description: Option<String>,
    /// Which arguments it takes, for people.
    pub argument_hint: Option<String>,
    body: String,
}

impl PromptFile {
    /// Reads the text of a file; a head that has no end is part of the text.
    pub(super) fn parse(path: PathBuf, text: &str) -> Self {
        let text = text
            .strip_prefix('\u{feff}')
            .unwrap_or(text)
            .replace("\r\n", "\n");
        let head = text.strip_prefix("---\n").and_then(|rest| {
            rest.split_once("\n---\n")
                .or(rest.strip_suffix("\n---").map(|head| (head, "")))
        });
        let (head, body) = head.unwrap_or(("", &text));
        let field = |wanted: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            let (_, value) = fields.find(|(name, _)| name.trim().replace('_', "-") == wanted)?;
            let value = unquoted(value.trim());
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            path,
            description: field("description"),
            argument_hint: field("argument-hint"),
            body: body.trim().to_owned(),
        }
    }

    /// Returns the name that calls it.
    pub fn name(&self) -> &str {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str());
        stem.unwrap_or_default()
    }

    /// Returns the text with `arguments` in their places. Nothing that was given is lost: the last
    /// of `$1` to `$9` takes all that follow it, and a text without a place has them at its end.
    pub(super) fn fill(&self, arguments: &str) -> String {
        let pieces = pieces(&self.body);
        let mut words = words(arguments);
        let mut named = BTreeMap::new();
        words.retain(|word| match word.split_once('=') {
            Some((name, value)) if pieces.contains(&Piece::Named(name)) => {
                named.insert(name.to_owned(), value.to_owned());
                false
            }
            _ => true,
        });
        let last = pieces.iter().filter_map(|piece| match piece {
            Piece::Numbered(number) => Some(*number),
            _ => None,
        });
        let last = last.max();
        let mut text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::All => arguments.to_owned(),
                Piece::Numbered(number) => {
                    let from = words.get(number.saturating_sub(1)..).unwrap_or_default();
                    let taken = if Some(*number) == last { from.len() } else { 1 };
                    from.get(..taken).unwrap_or_default().join(" ")
                }
                Piece::Named(name) => match named.get(*name) {
                    Some(value) => value.clone(),
                    // It may be a variable of the shell that the text speaks of.
                    None => format!("${name}"),
                },
            })
            .collect();
        let has_place = last.is_some() || pieces.contains(&Piece::All);
        if !has_place && !words.is_empty() {
            text.push_str("\n\n");
            text.push_str(&words.join(" "));
        }
        text
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// `$ARGUMENTS`: everything, as it was typed.
    All,
    /// `$1` to `$9`.
    Numbered(usize),
    /// `$NAME`, from NAME=value.
    Named(&'a str),
}

fn pieces(body: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('$') {
        pieces.push(Piece::Text(before));
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (name, behind_name) = after.split_at(end);
        let first = after.chars().next();
        rest = match first {
            Some('$') => {
                pieces.push(Piece::Text("$"));
                after.strip_prefix('$').unwrap_or_default()
            }
            Some(digit @ '1'..='9') => {
                let number = digit.to_digit(10).unwrap_or_default();
                pieces.push(Piece::Numbered(number as usize));
                after.strip_prefix(digit).unwrap_or_default()
            }
            Some('A'..='Z') => {
                pieces.push(match name {
                    "ARGUMENTS" => Piece::All,
                    name => Piece::Named(name),
                });
                behind_name
            }
            _ => {
                pieces.push(Piece::Text("$"));
                after
            }
        };
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Splits what was typed at white space, but for what stands between quotes. A quote within a word
/// or without its end is a character like any other.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = match first {
            '"' | '\'' => rest
                .strip_prefix(first)
                .and_then(|inner| inner.split_once(first))
                .filter(|(_, after)| after.is_empty() || after.starts_with(char::is_whitespace)),
            _ => None,
        };
        let (word, after) = quoted.unwrap_or_else(|| {
            let end = end_of_word(rest);
            rest.split_at(end)
        });
        words.push(named(word));
        rest = after.trim_start();
    }
    words
}

/// Returns where a word ends; the value of NAME="a value" is part of it.
fn end_of_word(text: &str) -> usize {
    let plain = text.find(char::is_whitespace).unwrap_or(text.len());
    let value = text.find('=').filter(|at| *at < plain).map(|at| at + 1);
    let quoted = value.and_then(|at| {
        let value = text.get(at..)?;
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let length = value.strip_prefix(quote)?.find(quote)?;
        Some(at + length + 2)
    });
    quoted.unwrap_or(plain)
}

/// Takes the quotes off the value of NAME="a value".
fn named(word: &str) -> String {
    match word.split_once('=') {
        Some((name, value)) => format!("{name}={}", unquoted(value)),
        None => word.to_owned(),
    }
}

fn unquoted(text: &str) -> &str {
    let without = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    without('"').or(without('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fill(text: &str, arguments: &str) -> String {
        PromptFile::parse("/p/x.md".into(), text).fill(arguments)
    }

    #[test]
    fn arguments_come_into_their_places() {
        for (text, arguments, expected) in [
            ("Do it.", "", "Do it."),
            ("Do it.", "now please", "Do it.\n\nnow please"),
            ("a $1 b $2", "x 'y z' w", "a x b y z w"),
            ("a $1 b $2", "x", "a x b "),
            ("a $2", "x y z", "a y z"),
            ("[$ARGUMENTS]", "x  'y'", "[x  'y']"),
            ("$FILE in $HOME", "FILE=\"a b\"", "a b in $HOME"),
            ("$FILE: $1", "x FILE=a y", "a: x y"),
            ("costs $$5, $ 5 and $x", "", "costs $5, $ 5 and $x"),
            ("it's $1", "it's", "it's it's"),
            ("é$1é", "ü=1", "éü=1é"),
        ] {
            assert_eq!(fill(text, arguments), expected, "{text} with {arguments}");
        }
    }

    #[test]
    fn the_head_is_no_part_of_the_text() {
        let parse = |text| PromptFile::parse("/p/x.md".into(), text);
        let file = parse(
            "---\r\ndescription: 'Says: hi'\r\nargument-hint: \"[NAME]\"\r\nother: 1\r\n---\r\n\r\nHi $1",
        );
        assert_eq!(file.description.as_deref(), Some("Says: hi"));
        assert_eq!(file.argument_hint.as_deref(), Some("[NAME]"));
        assert_eq!((file.name(), file.body.as_str()), ("x", "Hi $1"));
        let open = parse("---\ndescription: x\nHi");
        assert_eq!(open.description, None);
        assert!(open.body.starts_with("---"));
    }

    proptest! {
        /// Whatever the file and the arguments say, nothing panics and every word given is in the text.
        #[test]
        fn nothing_given_is_lost(
            text in "[a-z $]{0,12}(\\$[1-3]|\\$ARGUMENTS)?[a-z $]{0,8}",
            given in prop::collection::vec("[a-zé]{1,4}", 0..6),
        ) {
            // With $2 or $3 alone, the words before it have no place, as the text says.
            prop_assume!(!text.contains("$2") && !text.contains("$3"));
            let filled = fill(&text, &given.join(" "));
            for word in given {
                prop_assert!(filled.contains(&word), "{} lacks {}", filled, word);
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}", given in "\\PC{0,40}") {
            fill(&text, &given);
        }
    }
}
