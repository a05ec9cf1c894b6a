//! Takes out of an output what only a terminal understands.
//!
//! Colours and moves of the cursor cost a model tokens and tell it nothing. What a program drew
//! over on the same line, as progress bars do, is left out where the output is a terminal's.

/// Returns `text` as words: no escape sequences, no control characters but tabs and line ends.
pub(super) fn plain(text: &str, terminal: bool) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        rest = match next {
            '\u{1b}' => after.get(escape_length(after.as_bytes()).unwrap_or(after.len())..),
            '\r' => {
                carriage_return(&mut words, after, terminal);
                Some(after)
            }
            '\u{8}' => {
                if !words.ends_with('\n') {
                    words.pop();
                }
                Some(after)
            }
            '\n' | '\t' => {
                words.push(next);
                Some(after)
            }
            _ if next.is_control() => Some(after),
            _ => {
                words.push(next);
                Some(after)
            }
        }
        .unwrap_or_default();
    }
    words
}

fn carriage_return(words: &mut String, after: &str, terminal: bool) {
    // A line may end in several of them, where a terminal adds its own.
    let ends_line = after.trim_start_matches('\r').starts_with('\n');
    if ends_line || after.is_empty() {
        return;
    }
    if terminal {
        let line = words.rfind('\n').map_or(0, |end| end + 1);
        words.truncate(line);
    } else {
        words.push('\r');
    }
}

/// Returns how many bytes at the end of `bytes` are an escape sequence whose end is missing.
pub(super) fn unfinished_escape(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(LONGEST_ESCAPE);
    let Some(distance) = last.clone().position(|byte| *byte == ESCAPE) else {
        return 0;
    };
    let after = bytes.get(bytes.len() - distance..).unwrap_or_default();
    match escape_length(after) {
        Some(_) => 0,
        None => distance + 1,
    }
}

/// Returns the length of the escape sequence that `bytes` continue, without the escape character;
/// nothing if its end is missing.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    let first = bytes.first()?;
    let end = match first {
        b'[' => 1 + position(bytes, 1, |byte| !(0x20..=0x3f).contains(&byte))?,
        // Titles, links and the like, up to a bell or an escape; a line end means it was none.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = 1 + position(bytes, 1, |byte| matches!(byte, 0x07 | ESCAPE | b'\n'))?;
            match *bytes.get(end)? {
                0x07 => end,
                ESCAPE if bytes.get(end + 1)? == &b'\\' => end + 1,
                _ => return Some(end),
            }
        }
        0x20..=0x2f => 1 + position(bytes, 1, |byte| !(0x20..=0x2f).contains(&byte))?,
        0x30..=0x7e => 0,
        // No sequence; the escape character alone is left out.
        _ => return Some(0),
    };
    // What ends a sequence is one of these; anything else is text again.
    let last = bytes.get(end)?;
    let ends = (0x30..=0x7e).contains(last) || matches!(last, 0x07);
    Some(if ends { end + 1 } else { end })
}

fn position(bytes: &[u8], from: usize, ends: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.iter().position(|byte| ends(*byte))
}

const ESCAPE: u8 = 0x1b;
/// A title may be long; what is longer is no sequence that anyone waits for.
const LONGEST_ESCAPE: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_and_control_characters_go_and_words_stay() {
        for (text, expected) in [
            ("\x1b[1;31mred\x1b[0m", "red"),
            (
                "\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b]8;;\x1b\\",
                "ab",
            ),
            ("\x1b(Ba\x1b=b\x1bMc", "abc"),
            ("\x1b[?2004ha\x07\0b", "ab"),
            ("a\r\nb\r\r\nc\td\n", "a\nb\nc\td\n"),
            ("N\u{8}NA\u{8}A", "NA"),
            ("\x1b[3é", "é"),
            ("a\x1b", "a"),
            ("\x1b]0;open\nnext", "\nnext"),
        ] {
            assert_eq!(plain(text, true), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_was_drawn_over_is_left_out_on_a_terminal_only() {
        let text = "start\n10 %\r\x1b[K50 %\r100 %\nend";
        assert_eq!(plain(text, true), "start\n100 %\nend");
        assert_eq!(plain(text, false), "start\n10 %\r50 %\r100 %\nend");
    }

    proptest! {
        /// Whatever a program writes, no escape character is left, and plain text is not touched.
        #[test]
        fn nothing_panics_and_no_escape_is_left(text in "[\\x1b\\[\\]0-9;mK\\\\\\x07\\r\\n\\x08aé ]{0,60}") {
            for terminal in [true, false] {
                let words = plain(&text, terminal);
                prop_assert!(!words.contains('\x1b'));
                prop_assert_eq!(plain(&words.replace('\r', ""), terminal), words.replace('\r', ""));
            }
            prop_assert!(unfinished_escape(text.as_bytes()) <= text.len());
        }
    }
}
