//! Collects what a search finds, up to a bound.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use grep_searcher::{Searcher, Sink, SinkContext, SinkFinish, SinkMatch};

/// What was found so far.
#[derive(Debug)]
pub(super) struct Found {
    text: String,
    matches: usize,
    files: usize,
    limit: usize,
    files_only: bool,
    /// The file that is being searched, until something is found in it.
    heading: Option<String>,
    full: bool,
    skipped: usize,
}

impl Found {
    pub(super) fn new(limit: usize, files_only: bool) -> Self {
        Self {
            text: String::new(),
            matches: 0,
            files: 0,
            limit,
            files_only,
            heading: None,
            full: false,
            skipped: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn begin(&mut self, path: &Path) {
        self.heading = Some(path.display().to_string());
    }

    /// Counts a file that is too large to search.
    pub(super) fn skip(&mut self) {
        self.skipped += 1;
    }

    pub(super) fn into_text(self) -> String {
        let mut text = self.text;
        if self.matches == 0 {
            text.push_str("nothing matches\n");
        }
        if self.full {
            let note = match self.files_only {
                true => format!("[there are more files than these {}]\n", self.files),
                false => format!("[there are more matches than these {}]\n", self.matches),
            };
            text.push_str(&note);
        }
        if self.skipped > 0 {
            text.push_str(&format!(
                "[{} huge files were not searched]\n",
                self.skipped
            ));
        }
        text
    }

    fn head(&mut self) {
        let Some(heading) = self.heading.take() else {
            return;
        };
        if !self.files_only && self.files > 0 {
            self.text.push('\n');
        }
        self.files += 1;
        self.text.push_str(&heading);
        self.text.push('\n');
    }

    fn line(&mut self, number: Option<u64>, mark: char, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        let line = line.trim_end_matches(['\r', '\n']);
        let number = number.unwrap_or_default();
        // Writing to a string does not fail.
        let _infallible = match line.char_indices().nth(LONGEST) {
            Some((cut, _)) => {
                let shown = line.get(..cut).unwrap_or_default();
                let missing = line.len() - cut;
                writeln!(
                    self.text,
                    "{number}{mark}{shown}[{missing} bytes of this line are left out]"
                )
            }
            None => writeln!(self.text, "{number}{mark}{line}"),
        };
    }
}

/// Takes the matches of one file.
pub(super) struct Sieve<'a> {
    found: &'a mut Found,
    has_context: bool,
    /// Where the text of this file begins: a file that turns out to be binary is taken out again.
    start: (usize, usize, usize),
}

impl<'a> Sieve<'a> {
    pub(super) fn new(found: &'a mut Found, has_context: bool) -> Self {
        let start = (found.text.len(), found.matches, found.files);
        Self {
            found,
            has_context,
            start,
        }
    }
}

impl Sink for Sieve<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, line: &SinkMatch<'_>) -> io::Result<bool> {
        let found = &mut *self.found;
        let counted = if found.files_only {
            found.files
        } else {
            found.matches
        };
        if counted == found.limit || found.text.len() > LONGEST_TEXT {
            found.full = true;
            return Ok(false);
        }
        found.head();
        found.matches += 1;
        if found.files_only {
            return Ok(false);
        }
        found.line(line.line_number(), ':', line.bytes());
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> io::Result<bool> {
        if self.found.matches < self.found.limit || self.found.heading.is_none() {
            self.found.head();
            self.found.line(line.line_number(), '-', line.bytes());
        }
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        if self.has_context {
            self.found.text.push_str("--\n");
        }
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        if finish.binary_byte_offset().is_some() {
            let (length, matches, files) = self.start;
            self.found.text.truncate(length);
            self.found.matches = matches;
            self.found.files = files;
        }
        Ok(())
    }
}

/// What of a line is shown, in characters.
const LONGEST: usize = 300;
/// What of everything is shown, in bytes.
const LONGEST_TEXT: usize = 48 << 10;
