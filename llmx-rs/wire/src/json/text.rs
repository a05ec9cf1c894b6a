//! Writes a string as JSON.

/// Appends `text` in quotes, with what may not stand between them escaped.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    if bytes.len() < SHORT && is_plain(bytes) {
        write_plain(bytes, out);
    } else {
        write_long(bytes, out);
    }
}

/// Appends the name of a field or a variant in quotes. Those that stand in the source need no
/// escape, and are most of the strings of a short answer.
pub(super) fn write_name(name: &'static str, out: &mut Vec<u8>) {
    let bytes = name.as_bytes();
    debug_assert!(!bytes.iter().any(|byte| is_special(*byte)), "{name}");
    write_plain(bytes, out);
}

fn write_plain(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

/// Returns whether nothing needs an escape, for text as short as the names of fields.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    let is_plain = |word: &[u8; 8]| !has_special(u64::from_ne_bytes(*word));
    match bytes.last_chunk() {
        // The last word may overlap the one before it.
        Some(last) => bytes.as_chunks().0.iter().all(is_plain) && is_plain(last),
        None => !bytes.iter().any(|byte| is_special(*byte)),
    }
}

fn write_long(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let (plain, special) = rest.split_at(plain_bytes(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else {
            break;
        };
        escape(*byte, out);
        rest = after;
    }
    out.push(b'"');
}

/// Returns how many bytes at the beginning need no escape.
fn plain_bytes(bytes: &[u8]) -> usize {
    let mut plain = 0;
    for stride in bytes.chunks_exact(STRIDE) {
        // Without a way out in the middle, the compiler looks at all of them at once.
        if stride
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
        {
            break;
        }
        plain += STRIDE;
    }
    let rest = bytes.get(plain..).unwrap_or_default();
    let special = rest.iter().position(|byte| is_special(*byte));
    plain + special.unwrap_or(rest.len())
}

/// Returns whether one of eight bytes is special.
fn has_special(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // The high bit of a difference tells that the byte was less, unless it was set before.
    let less_than = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |byte: u8| less_than(word ^ (ONES * u64::from(byte)), 1);
    (less_than(word, b' ') | is(b'"') | is(b'\\')) & HIGHS != 0
}

fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => {
            let digit = |value: u8| match value {
                0..=9 => b'0' + value,
                _ => b'a' + (value - 10),
            };
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The names of all fields are shorter.
const SHORT: usize = 64;

/// Enough for the widest registers, and little to look at again where an escape is found.
const STRIDE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_told_at_every_place() {
        for (byte, place) in (0..=u8::MAX).flat_map(|byte| (0..8).map(move |at| (byte, at))) {
            for plain in [b'a', 0x7F, 0x80, 0xFF] {
                let mut word = [plain; 8];
                word[place] = byte;
                let told = has_special(u64::from_ne_bytes(word));
                assert_eq!(told, is_special(byte), "{byte} at {place} among {plain}");
            }
        }
    }
}
