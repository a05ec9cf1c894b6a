//! Encodes one server-sent event.

use serde::Serialize;

use crate::json;

/// Appends an event called `name` (none if empty) that carries `data`, blank line included.
///
/// Line endings inside `data` would break the frame, so each line becomes a `data` field; in
/// `name` they are left out.
pub fn encode(name: &str, data: &str, out: &mut Vec<u8>) {
    push_name(name, out);
    let mut rest = data;
    while let Some((line, after)) = split_line(rest) {
        push_data(line, out);
        rest = after;
    }
    push_data(rest, out);
    out.push(b'\n');
}

/// Appends an event called `name` (none if empty) whose data is `value` as JSON; nothing if that
/// fails.
///
/// Compact JSON has no line endings, so it goes straight into the frame: a stream has thousands of
/// such events.
pub fn encode_json<T: Serialize>(
    name: &str,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let start = out.len();
    push_name(name, out);
    out.extend_from_slice(b"data: ");
    let written = json::write(value, out);
    if written.is_ok() {
        out.extend_from_slice(b"\n\n");
    } else {
        out.truncate(start);
    }
    written
}

fn push_name(name: &str, out: &mut Vec<u8>) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        for line in name.split(['\r', '\n']) {
            out.extend_from_slice(line.as_bytes());
        }
        out.push(b'\n');
    }
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

    #[test]
    fn json_is_framed_as_its_text_would_be() {
        let value = serde_json::json!({"text": "a\nb\r"});
        let (mut direct, mut text) = (Vec::new(), Vec::new());
        encode_json("e\n", &value, &mut direct).unwrap();
        encode("e\n", &value.to_string(), &mut text);
        assert_eq!(direct, text);
    }

    #[test]
    fn what_is_no_json_leaves_nothing_behind() {
        let mut out = b"before".to_vec();
        let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(encode_json("e", &no_json, &mut out).is_err());
        assert_eq!(out, b"before");
    }
}
