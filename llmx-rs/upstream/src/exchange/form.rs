//! Tells from the beginning of a body whether it is a stream of events; its label does not always.

use std::borrow::Cow;
use std::mem;

use bytes::Bytes;

/// What the body of an answer is.
#[derive(Debug)]
pub(super) enum Form {
    /// What has come says nothing yet.
    Unknown(Vec<u8>),
    /// Server-sent events.
    Events,
    /// One piece of JSON, or words, as far as it has come.
    Whole(Pieces),
}

impl Default for Form {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

impl Form {
    /// Takes the next bytes of the body and returns those of a stream of events; the others are
    /// held.
    pub(super) fn take<'a>(&mut self, data: &'a Bytes) -> Cow<'a, [u8]> {
        match self {
            Self::Events => return (&**data).into(),
            Self::Whole(held) => held.push(data.clone()),
            Self::Unknown(head) if head.is_empty() => {
                let blanks = data.iter().take_while(|byte| is_blank(byte)).count();
                let told = data.get(blanks..).unwrap_or_default();
                match is_stream(told) {
                    Some(true) => {
                        *self = Self::Events;
                        return told.into();
                    }
                    Some(false) => *self = Self::Whole(data.slice_ref(told).into()),
                    None => head.extend_from_slice(told),
                }
            }
            Self::Unknown(head) => {
                head.extend_from_slice(data);
                if let Some(is_stream) = is_stream(head) {
                    let head = mem::take(head);
                    if is_stream {
                        *self = Self::Events;
                        return head.into();
                    }
                    *self = Self::Whole(Bytes::from(head).into());
                }
            }
        }
        Cow::default()
    }

    /// Returns how much is held.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Events => 0,
            Self::Unknown(held) => held.len(),
            Self::Whole(held) => held.bytes,
        }
    }

    /// Returns what is held at the end of the body, if it is anything.
    pub(super) fn into_held(self) -> Option<Bytes> {
        let held = match self {
            Self::Events => return None,
            Self::Unknown(held) => held.into(),
            Self::Whole(held) => held.join(),
        };
        (!held.is_empty()).then_some(held)
    }
}

/// A body in the pieces it came in. Most come in one, which is not copied then.
#[derive(Debug)]
pub(super) struct Pieces {
    first: Bytes,
    others: Vec<Bytes>,
    bytes: usize,
}

impl Pieces {
    fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.others.push(piece);
    }

    fn join(self) -> Bytes {
        if self.others.is_empty() {
            return self.first;
        }
        let mut joined = Vec::with_capacity(self.bytes);
        joined.extend_from_slice(&self.first);
        for piece in self.others {
            joined.extend_from_slice(&piece);
        }
        joined.into()
    }
}

impl From<Bytes> for Pieces {
    fn from(first: Bytes) -> Self {
        Self {
            bytes: first.len(),
            first,
            others: Vec::new(),
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
                    events.extend_from_slice(&form.take(&Bytes::copy_from_slice(piece)));
                }
                let held = form.into_held().unwrap_or_default().to_vec();
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
