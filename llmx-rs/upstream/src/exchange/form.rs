//! Tells from the beginning of a body whether it is a stream of events; its label does not always.

use std::borrow::Cow;
use std::mem;

/// What the body of an answer is.
#[derive(Debug)]
pub(super) enum Form {
    /// What has come says nothing yet.
    Unknown(Vec<u8>),
    /// Server-sent events.
    Events,
    /// One piece of JSON, or words, as far as it has come.
    Whole(Vec<u8>),
}

impl Default for Form {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

impl Form {
    /// Takes the next bytes of the body and returns those of a stream of events; the others are
    /// held.
    pub(super) fn take<'a>(&mut self, data: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Events => return data.into(),
            Self::Whole(held) => held.extend_from_slice(data),
            Self::Unknown(head) => {
                let skipped = data
                    .iter()
                    .take_while(|byte| head.is_empty() && is_blank(byte));
                head.extend_from_slice(data.get(skipped.count()..).unwrap_or_default());
                if let Some(is_stream) = is_stream(head) {
                    let head = mem::take(head);
                    if is_stream {
                        *self = Self::Events;
                        return head.into();
                    }
                    *self = Self::Whole(head);
                }
            }
        }
        Cow::default()
    }

    /// Returns how much is held.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Events => 0,
            Self::Unknown(held) | Self::Whole(held) => held.len(),
        }
    }

    /// Returns what is held at the end of the body, if it is anything.
    pub(super) fn into_held(self) -> Option<Vec<u8>> {
        match self {
            Self::Events => None,
            Self::Unknown(held) | Self::Whole(held) => (!held.is_empty()).then_some(held),
        }
    }
}

/// Returns whether a body that begins like this is a stream of events: its first line begins with
/// the name of a field and a colon, or is a comment. `None` if that does not show yet.
fn is_stream(head: &[u8]) -> Option<bool> {
    let is_of_name = |byte: &u8| matches!(byte, b'a'..=b'z' | b'-' | b'_');
    match head.iter().find(|byte| !is_of_name(byte)) {
        Some(byte) => Some(*byte == b':'),
        None if head.len() > LONGEST_NAME => Some(false),
        None => None,
    }
}

fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte)
}

/// Longer than the name of any field.
const LONGEST_NAME: usize = 64;

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_decides_however_it_is_cut() {
        for (body, is_stream) in [
            ("data: x\n\n", true),
            ("\u{feff}\r\n: hi\n\n", true),
            ("event:x\n\n", true),
            ("no-such_field: x\n\n", true),
            ("{\"a\":1}", false),
            (" \n[1]", false),
            ("<html>", false),
            ("Overloaded: try later", false),
            ("out of memory", false),
            ("overloaded", false),
            (&"x".repeat(1000), false),
        ] {
            for size in [1, 3, body.len()] {
                let (mut form, mut events) = (Form::default(), Vec::new());
                for piece in body.as_bytes().chunks(size) {
                    events.extend_from_slice(&form.take(piece));
                }
                let held = form.into_held().unwrap_or_default();
                let (got, other) = if is_stream {
                    (events, held)
                } else {
                    (held, events)
                };
                let expected = body.trim_start_matches('\u{feff}').trim_start();
                assert_eq!(String::from_utf8(got).unwrap(), expected);
                assert!(other.is_empty(), "{body}");
            }
        }
    }
}
