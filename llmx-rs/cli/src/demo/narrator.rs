//! Tells what happens, on standard output.

use std::io::{self, Stdout, Write};

use super::check::Check;

/// The voice of the demonstration.
pub(super) struct Narrator {
    out: Stdout,
    chapter: u32,
}

impl Narrator {
    pub(super) fn new() -> Self {
        Self {
            out: io::stdout(),
            chapter: 0,
        }
    }

    /// Says something as it stands.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Begins a numbered chapter.
    pub(super) fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.chapter += 1;
        writeln!(self.out, "\n{}. {title}", self.chapter)
    }

    /// Explains something within a chapter.
    pub(super) fn explain(&mut self, text: &str) -> io::Result<()> {
        text.lines()
            .try_for_each(|line| writeln!(self.out, "   {line}"))
    }

    /// Shows a command as it would be typed.
    pub(super) fn command(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "   $ {text}")
    }

    /// Repeats what another process said.
    pub(super) fn quote(&mut self, text: &str) -> io::Result<()> {
        text.lines()
            .try_for_each(|line| writeln!(self.out, "   | {line}"))
    }

    /// Shows the result of a check.
    pub(super) fn check(&mut self, check: &Check) -> io::Result<()> {
        writeln!(self.out, "   {check}")
    }
}
