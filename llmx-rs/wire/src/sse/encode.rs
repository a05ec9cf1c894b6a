//! Encodes one server-sent event.

/// Appends an event called `name` (none if empty) that carries `data`, blank line included.
///
/// Line endings inside `data` would break the frame, so each line becomes a `data` field; in
/// `name` they are left out.
pub fn encode(name: &str, data: &str, out: &mut Vec<u8>) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend(name.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
        out.push(b'\n');
    }
    let mut rest = data;
    while let Some((line, after)) = split_line(rest) {
        push_data(line, out);
        rest = after;
    }
    push_data(rest, out);
    out.push(b'\n');
}

fn push_data(line: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}

/// Splits at the first line ending, which may be CRLF.
fn split_line(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr2(b'\r', b'\n', text.as_bytes())?;
    let (line, rest) = text.split_at_checked(end)?;
    let after = rest.strip_prefix("\r\n").or_else(|| rest.get(1..))?;
    Some((line, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_several_lines_stays_one_event() {
        let mut out = Vec::new();
        encode("e\n", "a\r\nb\rc\n", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "event: e\ndata: a\ndata: b\ndata: c\ndata: \n\n");
    }
}
