//! Keeps the beginning and the end of an output, whatever its length.

use std::collections::VecDeque;

/// The kept bytes of one output.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How many bytes between the two were dropped.
    dropped: u64,
}

impl Capture {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = HALF.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(HALF);
        self.tail.drain(..excess);
        self.dropped = self.dropped.saturating_add(excess as u64);
    }

    /// Returns the output as text, with a note where something is missing.
    pub(super) fn into_text(self) -> String {
        let Self {
            mut head,
            mut tail,
            dropped,
        } = self;
        if dropped == 0 {
            head.extend(tail);
            return String::from_utf8_lossy(&head).into_owned();
        }
        let cut_head = head.len() - unfinished_char(&head);
        let cut_tail = tail
            .iter()
            .take(3)
            .take_while(|byte| is_inside(**byte))
            .count();
        let missing = dropped + (head.len() - cut_head + cut_tail) as u64;
        head.truncate(cut_head);
        tail.drain(..cut_tail);
        format!(
            "{}\n[{missing} bytes are left out here]\n{}",
            String::from_utf8_lossy(&head),
            String::from_utf8_lossy(tail.make_contiguous())
        )
    }
}

/// Returns how many bytes at the end of `bytes` belong to a character that is cut off.
fn unfinished_char(bytes: &[u8]) -> usize {
    let inside = bytes
        .iter()
        .rev()
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

/// Half of what a model is shown: enough for a screen of errors at either end.
const HALF: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_output_is_kept_whole() {
        assert_eq!(captured(&[b"a\xC3", b"\xA9b"]), "aéb");
    }

    #[test]
    fn a_long_output_keeps_both_ends_and_says_what_is_missing() {
        let text = captured(&[
            "x".repeat(HALF).as_bytes(),
            &[b'-'; 100],
            "y".repeat(HALF).as_bytes(),
        ]);
        assert!(text.starts_with("xxx") && text.ends_with("yyy"));
        assert!(text.contains("x\n[100 bytes are left out here]\ny"));
    }

    proptest! {
        /// No cut through a character leaves half of it, and no memory grows with the output.
        #[test]
        fn cuts_respect_characters(shift in 0_usize..4, count in 8_000_usize..30_000, step in 1_usize..999) {
            let text = "x".repeat(shift) + &"é€𝄞".repeat(count);
            let mut capture = Capture::default();
            for chunk in text.as_bytes().chunks(step * 7) {
                capture.push(chunk);
                prop_assert!(capture.tail.len() <= HALF && capture.head.len() <= HALF);
            }
            let kept = capture.into_text();
            prop_assert!(!kept.contains(char::REPLACEMENT_CHARACTER));
            let (head, tail) = kept.split_once("\n[").unwrap();
            let (note, tail) = tail.split_once(" bytes are left out here]\n").unwrap();
            prop_assert!(text.starts_with(head) && text.ends_with(tail));
            prop_assert_eq!(note.parse::<usize>().unwrap() + head.len() + tail.len(), text.len());
        }
    }

    fn captured(chunks: &[&[u8]]) -> String {
        let mut capture = Capture::default();
        for chunk in chunks {
            capture.push(chunk);
        }
        capture.into_text()
    }
}
