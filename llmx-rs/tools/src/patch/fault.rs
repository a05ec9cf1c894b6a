//! Why a patch does not fit the files, in words from which the model can do better.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use super::text::Cut;

/// Why a chunk has no place in its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unplaced {
    /// The file has no such lines.
    #[error("Failed to find these lines:\n{wanted}{}{}", near(nearest.as_ref()), done(*already))]
    NotFound {
        /// What was looked for.
        wanted: Quote,
        /// What comes nearest.
        nearest: Option<Quote>,
        /// The line where the file has what the chunk would have made.
        already: Option<usize>,
    },
    /// The file has them more than once.
    #[error(
        "These lines are in {count} places, and nothing says which is meant:\n{wanted}The places are:\n{candidates}Show more of the lines around the one that is meant, or name what it is in with `@@ `."
    )]
    Ambiguous {
        /// What was looked for.
        wanted: Quote,
        /// In how many places it was found.
        count: usize,
        /// Where.
        candidates: Quote,
    },
    /// The file has no line as a header names it.
    #[error("Failed to find the line of the header `@@ {header}`.{}", near(nearest.as_ref()))]
    NoHeader {
        /// What was looked for.
        header: String,
        /// What comes nearest.
        nearest: Option<Quote>,
    },
    /// What the model saw as a replacement character would become one.
    #[error(
        "The file is not UTF-8, and a line to add has `\u{fffd}` where the file has other bytes, which would be lost. Change such lines with a command."
    )]
    WouldLoseBytes,
}

/// Lines as they are quoted in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote(String);

impl Quote {
    pub(super) fn text(lines: &[&str]) -> Self {
        let mut quote = String::new();
        for line in lines.iter().take(MOST_LINES) {
            push(&mut quote, format_args!("{}", Cut::new(line)));
        }
        if let Some(more) = lines.len().checked_sub(MOST_LINES + 1) {
            push(&mut quote, format_args!("[{} more lines]", more + 1));
        }
        Self(quote)
    }

    /// Quotes the places where `length` lines begin, with their numbers and a line above.
    pub(super) fn places(lines: &[Cow<'_, str>], places: &[usize], length: usize) -> Self {
        let mut quote = String::new();
        for place in places.iter().take(MOST_PLACES) {
            let start = place.saturating_sub(1);
            numbered(&mut quote, lines, start, place + length.min(2) + 1);
            quote.push('\n');
        }
        if let Some(more) = places.len().checked_sub(MOST_PLACES + 1) {
            push(&mut quote, format_args!("[{} more places]", more + 1));
        }
        Self(quote)
    }

    pub(super) fn around(lines: &[Cow<'_, str>], start: usize, length: usize) -> Self {
        let mut quote = String::new();
        let end = start + length.clamp(1, MOST_LINES) + 1;
        numbered(&mut quote, lines, start.saturating_sub(1), end);
        Self(quote)
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn numbered(quote: &mut String, lines: &[Cow<'_, str>], start: usize, end: usize) {
    let here = lines.iter().enumerate().skip(start);
    for (index, line) in here.take(end.saturating_sub(start)) {
        push(quote, format_args!("{}: {}", index + 1, Cut::new(line)));
    }
}

fn push(quote: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _infallible = writeln!(quote, "{line}");
}

fn near(nearest: Option<&Quote>) -> String {
    match nearest {
        Some(quote) => format!("\nThe nearest lines of the file are:\n{quote}"),
        None => "\nNothing in the file looks like it. Read the file again.\n".to_owned(),
    }
}

fn done(already: Option<usize>) -> String {
    match already {
        Some(line) => format!(
            "The file has the new lines already, at line {line}: it seems that this change was made before.\n"
        ),
        None => String::new(),
    }
}

const MOST_LINES: usize = 12;
const MOST_PLACES: usize = 6;
