//! A source of values and a place in it, from which an error draws its origin and its snippet.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::origin::Origin;
use crate::snippet;

/// Something that gives values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    Environment { name: String },
    File { path: PathBuf, text: String },
    Flag { name: &'static str },
    Override { key: String },
}

/// A place in a source; the span counts bytes and only means something in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Place {
    /// Returns the place that is the whole of `source`.
    pub(crate) fn whole(source: Source) -> Self {
        Self::within(&Arc::new(source), 0..0)
    }

    pub(crate) fn within(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// Returns what a reader needs to find this place.
    pub(crate) fn origin(&self) -> Origin {
        match &*self.source {
            Source::Default => Origin::Default,
            Source::Environment { name } => Origin::Environment { name: name.clone() },
            Source::Flag { name } => Origin::Flag { name },
            Source::Override { key } => Origin::Override { key: key.clone() },
            Source::File { path, text } => {
                let (line, column) = position(text, self.span.start);
                Origin::File {
                    path: path.clone(),
                    line,
                    column,
                }
            }
        }
    }

    /// Returns the line with carets under the place, where there is a line to show.
    pub(crate) fn snippet(&self) -> Option<String> {
        match &*self.source {
            Source::File { text, .. } => {
                let (number, column) = position(text, self.span.start);
                let line = text.lines().nth(number - 1).unwrap_or_default();
                let width = text
                    .get(self.span.clone())
                    .map_or(1, |s| s.lines().next().unwrap_or_default().chars().count());
                Some(snippet::render(line, number, column, width))
            }
            _ => None,
        }
    }

    /// Returns the byte at which the place begins, to put errors in reading order.
    pub(crate) fn start(&self) -> usize {
        self.span.start
    }
}

/// A value with the place it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> Located<T> {
    pub(crate) fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

/// Returns line and column of a byte, both from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_columns_in_characters_from_one() {
        let text = "a = 1\nü = \"x\"\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, text.find('"').unwrap()), (2, 5));
        assert_eq!(position(text, text.len()), (3, 1));
    }
}
