//! Keeps the beginning and the end of an output, whatever its length, and cuts it to a budget.

use std::collections::VecDeque;

use super::plain::{plain, unfinished_escape};

/// What a command has printed and nobody has been told yet.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: Dropped,
}

/// What is missing between the beginning and the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Dropped {
    bytes: u64,
    lines: u64,
}

impl Capture {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = match self.tail.is_empty() && self.dropped.bytes == 0 {
            true => HALF.saturating_sub(self.head.len()).min(bytes.len()),
            false => 0,
        };
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        // What would not stay anyway need not go through the queue.
        let (skipped, rest) = rest.split_at(rest.len().saturating_sub(HALF));
        let excess = match skipped.is_empty() {
            true => (self.tail.len() + rest.len()).saturating_sub(HALF),
            false => self.tail.len(),
        };
        let lines = lines(self.tail.iter().take(excess)) + lines(skipped);
        self.tail.drain(..excess);
        self.tail.extend(rest);
        self.dropped.bytes += (excess + skipped.len()) as u64;
        self.dropped.lines += lines;
    }

    /// Returns how many bytes have come since the last [`Capture::take`].
    pub(super) fn len(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.dropped.bytes
    }

    /// Takes what has come so far. Where `more` may come, a character or an escape sequence whose
    /// end is missing stays for the next time.
    pub(crate) fn take(&mut self, more: bool) -> Output {
        let Self {
            mut head,
            tail,
            dropped,
        } = std::mem::take(self);
        let mut tail = Vec::from(tail);
        if dropped.bytes == 0 {
            head.append(&mut tail);
        }
        if more {
            let last = if tail.is_empty() {
                &mut head
            } else {
                &mut tail
            };
            let kept = last.len() - unfinished_char(last).max(unfinished_escape(last));
            self.head = last.split_off(kept);
        }
        Output {
            head,
            tail,
            dropped,
        }
    }
}

/// A piece of output, with what the command wrote and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Output {
    head: Vec<u8>,
    /// Empty unless something was dropped before it.
    tail: Vec<u8>,
    dropped: Dropped,
}

impl Output {
    /// Returns it as it was written, in at most about `budget` bytes.
    pub(crate) fn raw(&self, budget: usize) -> String {
        self.cut(budget, str::to_owned)
    }

    /// Returns it without what only a terminal understands, in at most about `budget` bytes.
    pub(crate) fn plain(&self, budget: usize, terminal: bool) -> String {
        self.cut(budget, |text| plain(text, terminal))
    }

    fn cut(&self, budget: usize, written: impl Fn(&str) -> String) -> String {
        if self.dropped.bytes == 0 {
            let text = written(&String::from_utf8_lossy(&self.head));
            if text.len() <= budget {
                return text;
            }
            return joined(&text, &text, budget / 2, |kept| Dropped {
                bytes: (text.len() - kept.0.len() - kept.1.len()) as u64,
                lines: lines(text.as_bytes()) - lines(kept.0.as_bytes()) - lines(kept.1.as_bytes()),
            });
        }
        let whole = self.head.len() - unfinished_char(&self.head);
        let inside = self
            .tail
            .iter()
            .take(3)
            .take_while(|byte| is_inside(**byte));
        let (head, cut_head) = self.head.split_at(whole);
        let (cut_tail, tail) = self.tail.split_at(inside.count());
        let head = written(&String::from_utf8_lossy(head));
        let tail = written(&String::from_utf8_lossy(tail));
        joined(&head, &tail, budget / 2, |kept| Dropped {
            bytes: self.dropped.bytes
                + (cut_head.len() + cut_tail.len()) as u64
                + (head.len() - kept.0.len() + tail.len() - kept.1.len()) as u64,
            lines: self.dropped.lines + lines(head.as_bytes()) + lines(tail.as_bytes())
                - lines(kept.0.as_bytes())
                - lines(kept.1.as_bytes()),
        })
    }
}

/// Joins the first `half` bytes of `head` and the last of `tail`, in whole lines where they are
/// short enough, with a note of what `missing` finds left out.
fn joined(
    head: &str,
    tail: &str,
    half: usize,
    missing: impl Fn((&str, &str)) -> Dropped,
) -> String {
    let end = head.floor_char_boundary(half);
    let end = match head.get(..end).and_then(|kept| kept.rfind('\n')) {
        Some(line) if line + 1 > end / 2 => line + 1,
        _ => end,
    };
    let start = tail.ceil_char_boundary(tail.len().saturating_sub(half));
    let start = match tail.get(start..).and_then(|kept| kept.find('\n')) {
        Some(line) if line < half / 2 && start > 0 => start + line + 1,
        _ => start,
    };
    let kept = (
        head.get(..end).unwrap_or_default(),
        tail.get(start..).unwrap_or_default(),
    );
    let Dropped { bytes, lines } = missing(kept);
    let (head, tail) = kept;
    let gap = if head.is_empty() || head.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{head}{gap}[{lines} lines, {bytes} bytes are left out here]\n{tail}")
}

fn lines<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u64 {
    bytes.into_iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Returns how many bytes at the end of `bytes` belong to a character that is cut off.
fn unfinished_char(bytes: &[u8]) -> usize {
    let inside = bytes
        .iter()
        .rev()
        .take(3)
        .take_while(|byte| is_inside(**byte))
        .count();
    let lead = bytes.iter().rev().nth(inside).copied().unwrap_or_default();
    let length = match lead {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
        _ => 0,
    };
    if length > inside + 1 { inside + 1 } else { 0 }
}

/// Returns whether `byte` continues a character.
fn is_inside(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Half of what is kept of an output until somebody asks for it.
const HALF: usize = 512 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_output_is_kept_whole() {
        assert_eq!(captured(&[b"a\xC3", b"\xA9b"]).raw(BUDGET), "aéb");
        assert_eq!(captured(&[b"a\xFFb"]).raw(BUDGET), "a\u{FFFD}b");
    }

    #[test]
    fn a_long_output_keeps_whole_lines_at_both_ends_and_says_what_is_missing() {
        let text: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
        let kept = captured(&[text.as_bytes()]).raw(80);
        assert_eq!(
            kept,
            "line 0\nline 1\nline 2\nline 3\nline 4\n\
             [991 lines, 8819 bytes are left out here]\n\
             line 996\nline 997\nline 998\nline 999\n"
        );
    }

    #[test]
    fn a_flood_is_counted_however_it_comes() {
        let line = b"0123456789abcde\n";
        let flood = line.repeat(200_000);
        for step in [1 << 10, 1 << 16, 3 << 20, flood.len()] {
            let chunks: Vec<_> = flood.chunks(step).collect();
            let kept = captured(&chunks).raw(64);
            assert_eq!(
                kept,
                "0123456789abcde\n0123456789abcde\n\
                 [199997 lines, 3199952 bytes are left out here]\n0123456789abcde\n"
            );
        }
    }

    #[test]
    fn what_is_cut_off_comes_with_the_rest() {
        let mut capture = Capture::default();
        capture.push(b"a\xE2\x82");
        assert_eq!(capture.take(true).raw(BUDGET), "a");
        capture.push(b"\xACb\x1b[3");
        assert_eq!(capture.take(true).plain(BUDGET, true), "€b");
        capture.push(b"1mred\x1b[0m\x1b");
        assert_eq!(capture.take(true).plain(BUDGET, true), "red");
        assert_eq!(capture.take(false).plain(BUDGET, true), "");
    }

    proptest! {
        /// No cut through a character leaves half of it, and no memory grows with the output.
        #[test]
        fn cuts_respect_characters(
            shift in 0_usize..4,
            count in 80_000_usize..200_000,
            step in 1_usize..999,
            budget in 100_usize..90_000,
        ) {
            let text = "x".repeat(shift) + &"é€𝄞".repeat(count);
            let mut capture = Capture::default();
            for chunk in text.as_bytes().chunks(step * 97) {
                capture.push(chunk);
                prop_assert!(capture.tail.len() <= HALF && capture.head.len() <= HALF);
            }
            let kept = capture.take(false).raw(budget);
            prop_assert!(!kept.contains(char::REPLACEMENT_CHARACTER));
            let (head, tail) = kept.split_once("\n[0 lines, ").unwrap();
            let (note, tail) = tail.split_once(" bytes are left out here]\n").unwrap();
            prop_assert!(text.starts_with(head) && text.ends_with(tail));
            prop_assert!(head.len() + tail.len() <= budget);
            prop_assert_eq!(note.parse::<usize>().unwrap() + head.len() + tail.len(), text.len());
        }
    }

    fn captured(chunks: &[&[u8]]) -> Output {
        let mut capture = Capture::default();
        for chunk in chunks {
            capture.push(chunk);
        }
        capture.take(false)
    }

    const BUDGET: usize = 1_000;
}
