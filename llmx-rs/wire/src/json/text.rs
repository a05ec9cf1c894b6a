//! Writes a string as JSON.

/// Appends `text` in quotes, with what may not stand between them escaped.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
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

/// Enough for the widest registers, and little to look at again where an escape is found.
const STRIDE: usize = 32;
