//! Keeps what a model says from acting on the terminal that it is printed on.

use std::io::{self, Write};

use super::harmless;

/// Writes text to a terminal, without the control characters in it.
///
/// A file or another program gets the text as it is; a terminal would obey it.
#[derive(Debug)]
pub struct Screen<W>(pub W);

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let shown = harmless(&String::from_utf8_lossy(text));
        self.0.write_all(shown.as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        let mut shown = Vec::new();
        let said = "\u{1b}]0;title\u{7}é\tx\r\n\u{9b}2Jy\n";
        Screen(&mut shown).write_all(said.as_bytes()).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert_eq!(shown, "\u{FFFD}]0;title\u{FFFD}é\tx\n\u{FFFD}2Jy\n");
    }
}
