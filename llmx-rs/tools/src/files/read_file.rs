//! The tool `read_file`: the lines of a file, with their numbers.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read as _};
use std::sync::Arc;

use serde_json::json;

use super::reading::{Answer, Reading, Stop};
use super::view::View;
use crate::confine::Confinement;
use crate::fields::Fields;
use crate::tool::{Input, Job, Takes, Tool, ToolSpec};

/// The tool `read_file`.
#[derive(Debug)]
pub(crate) struct ReadFile {
    pub(crate) confinement: Arc<Confinement>,
}

impl Tool for ReadFile {
    fn name(&self) -> &str {
        NAME
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("read_file.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "The file"},
                    "offset": {"type": "integer", "description": "The first line to read, counted from 1"},
                    "limit": {"type": "integer", "description": "How many lines to read at most"},
                },
                "required": ["path"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let fields = Fields::read(input, "path", EXAMPLE)?;
        let path =
            fields.required_text(&["path", "file_path", "file", "filename", "target_file"])?;
        let offset = fields.count(&["offset", "start_line", "start", "line"])?;
        let range = Range {
            // Some count from zero.
            first: offset.unwrap_or(1).max(1),
            limit: fields
                .count(&["limit", "lines", "count"])?
                .unwrap_or(usize::MAX),
        };
        Ok(Box::new(Reading {
            tool: NAME,
            arguments: fields.to_value(),
            confinement: Arc::clone(&self.confinement),
            work: move |view: &View, stop: &Stop| read(view, &path, range, stop),
        }))
    }
}

/// Which lines to read.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: usize,
    limit: usize,
}

fn read(view: &View, path: &str, range: Range, stop: &Stop) -> Result<Answer, String> {
    let opened = view.open_file(path)?;
    let failed = |error: io::Error| format!("{path} cannot be read: {error}");
    let mut reader = BufReader::with_capacity(64 << 10, opened.file);
    let beginning = reader.fill_buf().map_err(failed)?;
    let looked_at = beginning
        .get(..beginning.len().min(8 << 10))
        .unwrap_or_default();
    if looked_at.contains(&0) {
        return Err(format!(
            "{path} is binary ({} bytes). Pictures can be seen with `view_image`; for anything else use a command.",
            opened.metadata.len()
        ));
    }
    let mut shown = Shown::default();
    let mut line = CutLine::default();
    let mut number = 0_usize;
    let mut bytes = 0_u64;
    while line.read(&mut reader).map_err(failed)? {
        number += 1;
        bytes += line.length as u64;
        let behind = number.saturating_sub(range.first);
        if number >= range.first && behind < range.limit {
            shown.push(number, &line);
        }
        if stop.is_set() || bytes > LONGEST_READ {
            break;
        }
    }
    Ok(shown.into_text(path, range, number).into())
}

/// The lines to show: those at the beginning, and the last ones of what does not fit.
#[derive(Default)]
struct Shown {
    head: String,
    tail: VecDeque<(usize, String)>,
    tail_bytes: usize,
    /// The first line that was left out, and how many were.
    left_out: Option<(usize, usize)>,
    last: usize,
    replaced: bool,
}

impl Shown {
    fn push(&mut self, number: usize, line: &CutLine) {
        let text = line.text();
        self.last = number;
        self.replaced |= text.contains(char::REPLACEMENT_CHARACTER) && line.is_broken();
        let text = format!("{number}\t{text}\n");
        if self.tail.is_empty() && self.left_out.is_none() && self.head.len() + text.len() <= HEAD {
            self.head.push_str(&text);
            return;
        }
        self.tail_bytes += text.len();
        self.tail.push_back((number, text));
        while self.tail_bytes > TAIL {
            let Some((number, text)) = self.tail.pop_front() else {
                break;
            };
            self.tail_bytes -= text.len();
            let (first, count) = self.left_out.unwrap_or((number, 0));
            self.left_out = Some((first, count + 1));
        }
    }

    fn into_text(self, path: &str, range: Range, total: usize) -> String {
        if total == 0 {
            return format!("{path} is empty");
        }
        if self.last == 0 {
            return format!(
                "{path} has {total} lines; there is none to show from line {}",
                range.first
            );
        }
        let mut text = self.head;
        if let Some((first, count)) = self.left_out {
            let last = first + count - 1;
            text.push_str(&format!(
                "[lines {first} to {last} are left out; read them with offset and limit]\n"
            ));
        }
        for (_, line) in &self.tail {
            text.push_str(line);
        }
        if self.last < total {
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "[the file goes on to line {total}]");
        }
        if self.replaced {
            text.push_str("[the file is not UTF-8; \u{fffd} stands for other bytes]\n");
        }
        text
    }
}

/// One line, of which a long middle is dropped while it is read.
#[derive(Default)]
struct CutLine {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much between the two was dropped.
    dropped: usize,
    /// The length of the line in the file, with its end.
    length: usize,
}

impl CutLine {
    /// Reads the next line; returns whether there was one.
    fn read(&mut self, reader: &mut impl BufRead) -> io::Result<bool> {
        *self = Self::default();
        // Bounds one line, so that a file without any is bounded, too.
        let mut reader = reader.by_ref().take(LONGEST_READ);
        loop {
            let available = reader.fill_buf()?;
            if available.is_empty() {
                return Ok(self.length > 0);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(available.len(), |end| end + 1);
            let text = available.get(..end.unwrap_or(used)).unwrap_or_default();
            let room = LINE_HEAD.saturating_sub(self.head.len()).min(text.len());
            let (head, rest) = text.split_at(room);
            self.head.extend_from_slice(head);
            self.tail.extend(rest);
            let excess = self.tail.len().saturating_sub(LINE_TAIL);
            self.tail.drain(..excess);
            self.dropped += excess;
            self.length += used;
            reader.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn text(&self) -> String {
        let mut tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.dropped == 0 {
            let whole = [self.head.as_slice(), &tail].concat();
            let text = String::from_utf8_lossy(&whole);
            return text.strip_suffix('\r').unwrap_or(&text).to_owned();
        }
        // Cuts between characters: what is left of one at either side goes.
        let mut head = self.head.clone();
        while head.last().is_some_and(|byte| byte & 0xC0 == 0x80) {
            head.pop();
        }
        if head.last().is_some_and(|byte| *byte >= 0xC0) {
            head.pop();
        }
        let inside = tail.iter().take_while(|byte| **byte & 0xC0 == 0x80).count();
        tail.drain(..inside);
        let missing = self.dropped + self.head.len() - head.len() + inside;
        let (head, tail) = (
            String::from_utf8_lossy(&head),
            String::from_utf8_lossy(&tail),
        );
        format!("{head}[{missing} bytes of this line are left out]{tail}")
    }

    /// Returns whether the kept bytes are no UTF-8, other than by the cut.
    fn is_broken(&self) -> bool {
        let judged = std::str::from_utf8(&self.head);
        judged.is_err_and(|error| error.error_len().is_some() || self.tail.is_empty())
    }
}

const NAME: &str = "read_file";
const EXAMPLE: &str = r#"{"path": "src/main.rs"}"#;
/// What of a file is shown: most of what people call a source file.
const HEAD: usize = 32 << 10;
const TAIL: usize = 12 << 10;
/// What of a line is shown. Longer ones are data or were made by a program.
const LINE_HEAD: usize = 1500;
const LINE_TAIL: usize = 300;
/// Where counting lines stops being worth the time.
const LONGEST_READ: u64 = 1 << 30;
