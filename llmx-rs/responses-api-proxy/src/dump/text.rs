//! Writes a body that comes in parts as one JSON string.

/// Cuts bytes into characters, so that one split over two parts stays whole.
#[derive(Debug, Default)]
pub(super) struct JsonText {
    /// The bytes of a character whose end has not come.
    held: Vec<u8>,
}

impl JsonText {
    /// Appends `bytes` to `out` as the inside of a JSON string. Bytes that are no UTF-8 become
    /// U+FFFD: a dump is for reading, and JSON has no way to hold them.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let text = std::mem::take(&mut self.held);
        let mut chunks = text.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            escape(chunk.valid(), out);
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_begun_character(invalid) {
                self.held = invalid.to_vec();
            } else if !invalid.is_empty() {
                escape("\u{fffd}", out);
            }
        }
    }

    /// Appends what is left of a character that never ended.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if !std::mem::take(&mut self.held).is_empty() {
            escape("\u{fffd}", out);
        }
    }
}

/// Returns whether `bytes`, the invalid end of a text, could become a character with more bytes.
fn is_begun_character(bytes: &[u8]) -> bool {
    !bytes.is_empty() && str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn escape(text: &str, out: &mut Vec<u8>) {
    // A string always serialises; without the quotes it is the inside that is wanted.
    if let Ok(quoted) = serde_json::to_string(text) {
        let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        out.extend_from_slice(inside.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
        let (mut text, mut out) = (JsonText::default(), vec![b'"']);
        for part in parts {
            text.push(part, &mut out);
        }
        text.finish(&mut out);
        out.push(b'"');
        serde_json::from_slice(&out).unwrap()
    }

    proptest! {
        /// However a text is cut, the JSON string holds the text.
        #[test]
        fn text_survives_every_cut(text in any::<String>(), size in 1_usize..5) {
            prop_assert_eq!(json(text.as_bytes().chunks(size)), text);
        }

        /// Bytes that are no text still give a valid JSON string.
        #[test]
        fn any_bytes_give_valid_json(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            size in 1_usize..5,
        ) {
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(json(bytes.chunks(size)), whole);
        }
    }
}
