//! Reads the settings of one model provider out of a source's tree.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};

use crate::problem::Problem;
use crate::raw::{RawProvider, Setting};
use crate::read::{Reader, WIRE_APIS, quoted};
use crate::secret::Secret;
use crate::source::Located;
use crate::tree::Node;

/// Reads `model_providers.ID`, where `path` is that dotted key.
pub(crate) fn read(reader: &mut Reader, path: &str, node: &Node) -> RawProvider {
    let mut raw = RawProvider::default();
    for entry in reader.table(path, node) {
        let (key, node) = (format!("{path}.{}", entry.key), &entry.node);
        match entry.key.as_str() {
            "base_url" => raw.base_url = reader.text(&key, node),
            "bridge" => raw.bridge = texts(reader, &key, node, Reader::scalar),
            "env_http_headers" => raw.env_http_headers = headers(reader, &key, node, Reader::text),
            "env_key" => raw.env_key = env_key(reader, &key, node),
            "http_headers" => raw.http_headers = headers(reader, &key, node, header_value),
            "name" => raw.name = reader.text(&key, node),
            "query_params" => raw.query_params = texts(reader, &key, node, Reader::any_text),
            "request_max_retries" => raw.request_max_retries = reader.number(&key, node, RETRIES),
            "stream_idle_timeout_ms" => {
                raw.stream_idle_timeout = reader
                    .number(&key, node, IDLE_MS)
                    .map(|ms| Located::new(Duration::from_millis(ms.value), ms.place));
            }
            "stream_max_retries" => raw.stream_max_retries = reader.number(&key, node, RETRIES),
            "wire_api" => raw.wire_api = reader.word(&key, node, &WIRE_APIS),
            _ => reader.unknown_key(path, entry, &KEYS),
        }
    }
    raw
}

/// Reads the name of the key's variable; empty text means that the provider needs no key.
fn env_key(reader: &mut Reader, key: &str, node: &Node) -> Setting<Option<String>> {
    let text = reader.any_text(key, node)?;
    let name = text.value.trim();
    if name.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        reader.fault(
            Problem::NotAVariable {
                key: key.to_owned(),
            },
            &text.place,
        );
        return None;
    }
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Some(Located::new(name, text.place))
}

/// Reads a table of names that only their user knows.
fn texts(
    reader: &mut Reader,
    path: &str,
    node: &Node,
    value: impl Fn(&mut Reader, &str, &Node) -> Setting<String>,
) -> BTreeMap<String, Located<String>> {
    let mut pairs = BTreeMap::new();
    for entry in reader.table(path, node) {
        let key = format!("{path}.{}", quoted(&entry.key));
        if let Some(value) = value(reader, &key, &entry.node) {
            pairs.insert(entry.key.clone(), value);
        }
    }
    pairs
}

/// Reads a table of headers, whose names come out in lower case.
fn headers<T>(
    reader: &mut Reader,
    path: &str,
    node: &Node,
    value: impl Fn(&mut Reader, &str, &Node) -> Setting<T>,
) -> BTreeMap<String, Located<T>> {
    let mut headers = BTreeMap::new();
    for entry in reader.table(path, node) {
        let key = format!("{path}.{}", quoted(&entry.key));
        match HeaderName::try_from(entry.key.as_str()) {
            Ok(name) if !OURS.contains(&name) => {
                if let Some(value) = value(reader, &key, &entry.node) {
                    headers.insert(name.as_str().to_owned(), value);
                }
            }
            _ => reader.fault(Problem::HeaderName { key }, &entry.place),
        }
    }
    headers
}

fn header_value(reader: &mut Reader, key: &str, node: &Node) -> Setting<Secret> {
    let text = reader.any_text(key, node)?;
    if is_header_value(&text.value) {
        return Some(Located::new(Secret::new(text.value), text.place));
    }
    reader.fault(
        Problem::HeaderValue {
            key: key.to_owned(),
        },
        &text.place,
    );
    None
}

/// Returns whether `text` can travel in a header as it is.
pub(crate) fn is_header_value(text: &str) -> bool {
    text.is_ascii() && HeaderValue::from_str(text).is_ok()
}

/// Headers that describe the message or the connection, which only the sender can know.
const OURS: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

const RETRIES: std::ops::RangeInclusive<i64> = 0..=100;

/// One millisecond to one day.
const IDLE_MS: std::ops::RangeInclusive<i64> = 1..=86_400_000;

const KEYS: [&str; 11] = [
    "base_url",
    "bridge",
    "env_http_headers",
    "env_key",
    "http_headers",
    "name",
    "query_params",
    "request_max_retries",
    "stream_idle_timeout_ms",
    "stream_max_retries",
    "wire_api",
];
