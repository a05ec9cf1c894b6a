//! The lines of a file as bytes with their own ends, and as text to compare.

use std::borrow::Cow;
use std::fmt;

/// A file as lines. What is not touched keeps every byte, whatever the encoding.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// Whether it begins with the mark that some editors put before UTF-8.
    mark: bool,
    pub(super) lines: Vec<TextLine<'a>>,
    /// Whether every line, the last one too, has an end.
    whole: bool,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct TextLine<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    end: &'static str,
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mark = bytes.starts_with(MARK);
        let rest = if mark {
            bytes.get(MARK.len()..).unwrap_or_default()
        } else {
            bytes
        };
        let lines: Vec<_> = rest
            .split_inclusive(|byte| *byte == b'\n')
            .map(line)
            .collect();
        Self {
            mark,
            whole: lines.last().is_none_or(|line| !line.end.is_empty()),
            lines,
        }
    }

    /// Returns the lines as text. What is no UTF-8 is replaced, as the model was shown it.
    pub(super) fn to_compare(&self) -> Vec<Cow<'_, str>> {
        let lines = self.lines.iter();
        lines
            .map(|line| String::from_utf8_lossy(&line.bytes))
            .collect()
    }

    pub(super) fn is_utf8(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.all(|line| std::str::from_utf8(&line.bytes).is_ok())
    }

    /// Makes a line to stand before line `next`, with the kind of end that its neighbours have.
    pub(super) fn new_line(&self, text: String, next: usize) -> TextLine<'a> {
        let before = next.checked_sub(1).and_then(|index| self.lines.get(index));
        let neighbours = before.into_iter().chain(self.lines.get(next));
        let mut candidates = neighbours.chain(&self.lines).map(|line| line.end);
        let end = candidates.find(|end| !end.is_empty()).unwrap_or("\n");
        let mut bytes = text.into_bytes();
        if end == "\r\n" && bytes.ends_with(b"\r") {
            bytes.pop();
        }
        TextLine {
            bytes: Cow::Owned(bytes),
            end,
        }
    }

    /// Returns the bytes of a file that has `lines` instead; its last line has an end if it had
    /// one before.
    pub(super) fn with(&self, lines: &[TextLine<'_>]) -> Vec<u8> {
        let usual = self.lines.iter().map(|line| line.end);
        let usual = usual
            .into_iter()
            .find(|end| !end.is_empty())
            .unwrap_or("\n");
        let mut bytes = if self.mark { MARK.to_vec() } else { Vec::new() };
        for (index, line) in lines.iter().enumerate() {
            bytes.extend_from_slice(&line.bytes);
            let is_last = index + 1 == lines.len();
            bytes.extend_from_slice(match line.end {
                _ if is_last && !self.whole => b"",
                "" => usual.as_bytes(),
                end => end.as_bytes(),
            });
        }
        bytes
    }
}

fn line(bytes: &[u8]) -> TextLine<'_> {
    let (bytes, end) = match bytes {
        [line @ .., b'\r', b'\n'] => (line, "\r\n"),
        [line @ .., b'\n'] => (line, "\n"),
        line => (line, ""),
    };
    TextLine {
        bytes: Cow::Borrowed(bytes),
        end,
    }
}

/// A line as it is quoted in a message: short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut(String);

impl Cut {
    pub(super) fn new(line: &str) -> Self {
        let line = line.trim_end();
        match line.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => Self(format!("{}…", line.get(..end).unwrap_or_default())),
            None => Self(line.to_owned()),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const MARK: &[u8] = "\u{feff}".as_bytes();
/// Enough to recognise a line by.
const LONGEST_QUOTE: usize = 160;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A file that is taken apart and put together again is the same file.
        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60)) {
            let text = Text::new(&bytes);
            prop_assert_eq!(text.with(&text.lines), bytes);
        }
    }
}
