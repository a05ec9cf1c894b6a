//! Reads a patch: what to change in which files, without looking at any.

use super::text::Cut;

/// A patch that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    pub(super) changes: Vec<Change>,
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Add {
        path: String,
        lines: Vec<String>,
    },
    Delete {
        path: String,
    },
    Update {
        path: String,
        to: Option<String>,
        chunks: Vec<Chunk>,
    },
}

/// One place in a file, and what becomes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Where it stands in the patch, counted from one.
    pub(super) number: usize,
    /// Lines above the place, outermost first, such as those of a class and its method.
    pub(super) headers: Vec<String>,
    pub(super) lines: Vec<Line>,
    /// Whether the place is the end of the file.
    pub(super) at_end: bool,
    /// How many lines at the end have no mark at all: they may be empty lines of the file, or only
    /// set the chunk apart from what follows.
    pub(super) bare_tail: usize,
}

/// One line of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Keep(String),
    Remove(String),
    Add(String),
}

impl Chunk {
    /// Returns the lines that the file has at this place.
    pub(super) fn old(&self) -> Vec<&str> {
        let old = self.lines.iter().filter_map(|line| match line {
            Line::Keep(text) | Line::Remove(text) => Some(text.as_str()),
            Line::Add(_) => None,
        });
        old.collect()
    }

    /// Returns the lines that the file will have at this place.
    pub(super) fn replacement(&self) -> Vec<&str> {
        let new = self.lines.iter().filter_map(|line| match line {
            Line::Keep(text) | Line::Add(text) => Some(text.as_str()),
            Line::Remove(_) => None,
        });
        new.collect()
    }

    fn changes_something(&self) -> bool {
        let kept = |line: &Line| matches!(line, Line::Keep(_));
        !self.lines.iter().all(kept)
    }
}

/// Why a text is no patch. The model reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// It begins with something else.
    #[error("The first line of the patch must be '*** Begin Patch', and it is '{0}'.")]
    NoBegin(Cut),
    /// It may have been cut off.
    #[error(
        "The last line of the patch must be '*** End Patch', and it is '{0}'. A patch without its end may have been cut off, so nothing of it was applied: send it again, or in smaller parts."
    )]
    NoEnd(Cut),
    /// Something follows its end.
    #[error("Line {0} of the patch is '*** End Patch', and nothing may follow it.")]
    AfterEnd(usize),
    /// It has no changes.
    #[error("The patch changes no file.")]
    Empty,
    /// A change must begin here.
    #[error(
        "Line {number} of the patch, '{line}', is not a valid hunk header. Expected is one of '*** Add File: PATH', '*** Delete File: PATH', '*** Update File: PATH'."
    )]
    NoHeader {
        /// Where.
        number: usize,
        /// What is there.
        line: Cut,
    },
    /// A header names no file.
    #[error("Line {0} of the patch names no file.")]
    NoPath(usize),
    /// A line of a new file has no mark.
    #[error(
        "Line {number} of the patch, '{line}', is in a file to add, where every line must begin with '+'."
    )]
    UnmarkedNew {
        /// Where.
        number: usize,
        /// What is there.
        line: Cut,
    },
    /// A line of a chunk has no mark.
    #[error(
        "Line {number} of the patch, '{line}', is in a file to update, where every line must begin with ' ' (kept), '-' (removed), '+' (added) or '@@' (a new place)."
    )]
    Unmarked {
        /// Where.
        number: usize,
        /// What is there.
        line: Cut,
    },
    /// An update without chunks.
    #[error("Line {number} of the patch: Update file hunk for path '{path}' is empty.")]
    EmptyUpdate {
        /// Where.
        number: usize,
        /// The file.
        path: String,
    },
    /// A header of a chunk, and no chunk.
    #[error(
        "Line {0} of the patch says where to change something, and no line follows that says what."
    )]
    EmptyChunk(usize),
    /// An update that only shows lines.
    #[error(
        "Line {number} of the patch: the update of '{path}' changes nothing, because none of its lines begins with '-' or '+'."
    )]
    NoChange {
        /// Where.
        number: usize,
        /// The file.
        path: String,
    },
}

/// Reads a patch.
pub fn parse(text: &str) -> Result<Patch, ParseFault> {
    let mut lines: Vec<&str> = text.trim().split('\n').collect();
    if lines.first().is_some_and(|line| line.ends_with('\r')) {
        // The patch was written with such line ends; they are not part of what it says.
        for line in &mut lines {
            *line = line.strip_suffix('\r').unwrap_or(line);
        }
    }
    let first = lines.first().copied().unwrap_or_default();
    if first.trim() != BEGIN {
        return Err(ParseFault::NoBegin(Cut::new(first)));
    }
    let last = lines.last().copied().unwrap_or_default();
    if last.trim() != END {
        return Err(match lines.iter().position(|line| *line == END) {
            Some(index) => ParseFault::AfterEnd(index + 1),
            None => ParseFault::NoEnd(Cut::new(last)),
        });
    }
    lines.pop();
    let mut reader = Reader { lines, next: 1 };
    let mut changes = Vec::new();
    while let Some(change) = reader.change()? {
        changes.push(change);
    }
    if changes.is_empty() {
        return Err(ParseFault::Empty);
    }
    Ok(Patch { changes })
}

/// The lines of a patch, and how far it was read.
struct Reader<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    fn change(&mut self) -> Result<Option<Change>, ParseFault> {
        while self.peek().is_some_and(|line| line.trim().is_empty()) {
            self.next += 1;
        }
        let Some(line) = self.peek() else {
            return Ok(None);
        };
        self.next += 1;
        let number = self.next;
        let named = |name: &str| line.trim().strip_prefix(name).map(str::trim);
        let path = |path: &str| match path {
            "" => Err(ParseFault::NoPath(number)),
            path => Ok(path.to_owned()),
        };
        if let Some(name) = named(ADD).or_else(|| named(CREATE)) {
            let (path, lines) = (path(name)?, self.new_file()?);
            return Ok(Some(Change::Add { path, lines }));
        }
        if let Some(name) = named(DELETE) {
            return Ok(Some(Change::Delete { path: path(name)? }));
        }
        if let Some(name) = named(UPDATE) {
            return Ok(Some(self.update(path(name)?, number)?));
        }
        Err(ParseFault::NoHeader {
            number,
            line: Cut::new(line),
        })
    }

    fn new_file(&mut self) -> Result<Vec<String>, ParseFault> {
        let (mut lines, mut length) = (Vec::new(), 0);
        while let Some(line) = self.peek() {
            if let Some(text) = line.strip_prefix('+') {
                lines.push(text.to_owned());
                length = lines.len();
            } else if line.trim().is_empty() {
                // An empty line whose mark was forgotten, unless nothing of the file follows.
                lines.push(String::new());
            } else if line.trim_start().starts_with("***") {
                break;
            } else {
                return Err(ParseFault::UnmarkedNew {
                    number: self.next + 1,
                    line: Cut::new(line),
                });
            }
            self.next += 1;
        }
        lines.truncate(length);
        Ok(lines)
    }

    fn update(&mut self, path: String, number: usize) -> Result<Change, ParseFault> {
        let mut to = None;
        if let Some(name) = self.peek().and_then(|line| line.trim().strip_prefix(MOVE)) {
            self.next += 1;
            match name.trim() {
                "" => return Err(ParseFault::NoPath(self.next)),
                name => to = Some(name.to_owned()),
            }
        }
        let mut chunks: Vec<Chunk> = Vec::new();
        while let Some(line) = self.peek() {
            if line.starts_with("***") && line.trim() != END_OF_FILE {
                break;
            }
            if line.trim().is_empty() && self.rest_is_over() {
                break;
            }
            chunks.push(self.chunk()?);
        }
        if to.is_none() {
            if chunks.is_empty() {
                return Err(ParseFault::EmptyUpdate { number, path });
            }
            if !chunks.iter().any(Chunk::changes_something) {
                return Err(ParseFault::NoChange { number, path });
            }
        }
        Ok(Change::Update { path, to, chunks })
    }

    /// Returns whether only empty lines are left of this change.
    fn rest_is_over(&self) -> bool {
        let rest = self.lines.iter().skip(self.next);
        let mut rest = rest.skip_while(|line| line.trim().is_empty());
        rest.next().is_none_or(|line| line.starts_with("***"))
    }

    fn chunk(&mut self) -> Result<Chunk, ParseFault> {
        let mut chunk = Chunk {
            number: self.next + 1,
            ..Chunk::default()
        };
        while let Some(header) = self.peek().and_then(|line| line.strip_prefix("@@")) {
            self.next += 1;
            let header = header_text(header);
            if !header.is_empty() {
                chunk.headers.push(header.to_owned());
            }
        }
        while let Some(line) = self.peek() {
            if line.trim() == END_OF_FILE && line.starts_with("***") {
                self.next += 1;
                chunk.at_end = true;
                break;
            }
            if line.starts_with("***") || line.starts_with("@@") {
                break;
            }
            let Some(read) = self.line(line)? else {
                self.next += 1;
                continue;
            };
            chunk.bare_tail = match line.trim_end_matches('\r') {
                "" => chunk.bare_tail + 1,
                _ => 0,
            };
            chunk.lines.push(read);
            self.next += 1;
        }
        if chunk.lines.is_empty() {
            return Err(ParseFault::EmptyChunk(chunk.number));
        }
        Ok(chunk)
    }

    fn line(&self, line: &str) -> Result<Option<Line>, ParseFault> {
        let mut chars = line.chars();
        let mark = chars.next();
        let text = chars.as_str().to_owned();
        Ok(match mark {
            None | Some('\r') => Some(Line::Keep(text)),
            Some(' ') => Some(Line::Keep(text)),
            Some('-') => Some(Line::Remove(text)),
            Some('+') => Some(Line::Add(text)),
            // What other kinds of patch say about a last line; the file knows better.
            Some('\\') if text.starts_with(" No newline") => None,
            Some(_) => {
                return Err(ParseFault::Unmarked {
                    number: self.next + 1,
                    line: Cut::new(line),
                });
            }
        })
    }
}

/// Returns the line that a `@@` asks for, without the line numbers of other kinds of patch.
fn header_text(header: &str) -> &str {
    let header = header.trim();
    let is_range = |word: &str| {
        let mut numbers = word.chars().skip(1);
        word.starts_with(['-', '+']) && numbers.all(|c| c.is_ascii_digit() || c == ',')
    };
    match header.split_once("@@") {
        Some((ranges, text)) if ranges.split_whitespace().all(is_range) => text.trim(),
        Some((text, "")) => text.trim_end(),
        None if header.split_whitespace().all(is_range) => "",
        _ => header,
    }
}

pub(super) const BEGIN: &str = "*** Begin Patch";
pub(super) const END: &str = "*** End Patch";
const ADD: &str = "*** Add File:";
/// What some models write for the same.
const CREATE: &str = "*** Create File:";
const DELETE: &str = "*** Delete File:";
const UPDATE: &str = "*** Update File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_change_is_read() {
        let patch = parse(
            "*** Begin Patch\n*** Add File: a b.txt\n+one\n+\n+two\n*** Delete File: c\n\
             *** Update File: d\n*** Move to: e\n@@ class A\n@@ def f\n x\n\n-y\n+z\n*** End of File\n\
             *** End Patch",
        );
        let text = str::to_owned;
        assert_eq!(
            patch.unwrap().changes,
            [
                Change::Add {
                    path: text("a b.txt"),
                    lines: vec![text("one"), text(""), text("two")],
                },
                Change::Delete { path: text("c") },
                Change::Update {
                    path: text("d"),
                    to: Some(text("e")),
                    chunks: vec![Chunk {
                        number: 9,
                        headers: vec![text("class A"), text("def f")],
                        lines: vec![
                            Line::Keep(text("x")),
                            Line::Keep(text("")),
                            Line::Remove(text("y")),
                            Line::Add(text("z")),
                        ],
                        at_end: true,
                        bare_tail: 0,
                    }],
                },
            ]
        );
    }

    #[test]
    fn what_can_mean_only_one_thing_is_read_too() {
        for (inner, again) in [
            ("*** Create File: a\n+x", "*** Add File: a\n+x"),
            (
                "\n*** Add File:a\n+x\n\n+y\n\n",
                "*** Add File: a\n+x\n+\n+y",
            ),
            ("  *** Delete File: a  ", "*** Delete File: a"),
        ] {
            assert_eq!(within(inner), within(again), "{inner}");
        }
        for (header, expected) in [
            ("", ""),
            (" def f():", "def f():"),
            (" -1,3 +1,4 @@", ""),
            (" -1 +1 @@ fn f", "fn f"),
            (" fn f @@", "fn f"),
            (" -1,3 +1,4", ""),
        ] {
            assert_eq!(header_text(header), expected, "{header}");
        }
        let crlf = "*** Begin Patch\r\n*** Add File: a\r\n+x\r\n*** End Patch\r\n";
        assert_eq!(parse(crlf), within("*** Add File: a\n+x"));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let said = |inner: &str| within(inner).unwrap_err().to_string();
        assert!(
            said("hello").starts_with("Line 2 of the patch, 'hello', is not a valid hunk header")
        );
        assert!(said("*** Add File: a\nx").contains("'+'"));
        assert!(said("*** Add File:").contains("names no file"));
        assert!(said("*** Update File: a").contains("hunk for path 'a' is empty"));
        assert!(said("*** Update File: a\n x").contains("changes nothing"));
        assert!(said("*** Update File: a\n@@ x").contains("no line follows"));
        assert!(said("*** Update File: a\n@@\nx").starts_with("Line 4"));
        assert_eq!(within(""), Err(ParseFault::Empty));
        let cut = parse("*** Begin Patch\n*** Add File: a\n+x").unwrap_err();
        assert!(cut.to_string().contains("may have been cut off"));
        assert_eq!(
            parse("*** Begin Patch\n*** End Patch\nx"),
            Err(ParseFault::AfterEnd(2))
        );
        assert!(matches!(parse(""), Err(ParseFault::NoBegin(_))));
    }

    proptest! {
        /// Whatever the text, it is a patch or a refusal.
        #[test]
        fn nothing_panics(lines in prop::collection::vec(line(), 0..12), raw in ".{0,40}") {
            let _any = parse(&raw);
            let _read = within(&lines.join("\n"));
        }
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-+ @*\\\\]{0,2}[a-c \r]{0,3}",
            Just("*** Add File: a".to_owned()),
            Just("*** Update File: a".to_owned()),
            Just("*** Move to: b".to_owned()),
            Just("*** End of File".to_owned()),
            Just("@@ a".to_owned()),
        ]
    }

    fn within(inner: &str) -> Result<Patch, ParseFault> {
        parse(&format!("*** Begin Patch\n{inner}\n*** End Patch"))
    }
}
