//! Base 64, for clients that insist that opaque bytes are written in it.

/// Writes `bytes` in base 64.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = (at(0) << 16) | (at(1) << 8) | at(2);
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) & 63;
            let letter = ALPHABET.get(value as usize).copied().unwrap_or(b'=');
            let is_padding = digit as usize > chunk.len();
            out.push(if is_padding { '=' } else { char::from(letter) });
        }
    }
    out
}

/// Reads base 64, in the alphabet for URLs too; `None` if it is something else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut group, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        group = (group << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((group >> bits) & 255).ok()?);
            group &= (1 << bits) - 1;
        }
    }
    Some(out)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts_are_written_as_everyone_does() {
        for (text, written) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(encode(text.as_bytes()), written);
        }
        assert_eq!(decode("Zm8").unwrap(), b"fo");
        assert_eq!(decode("_-8=").unwrap(), decode("/+8=").unwrap());
        assert_eq!(decode("Z m"), None);
    }

    proptest! {
        /// Reading undoes writing.
        #[test]
        fn reading_undoes_writing(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
