//! Reads the settings of one model provider out of a source's tree.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, header};

use crate::foreign;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::raw::RawProvider;
use crate::read_tables::{foreign_or_unknown, whole_path};
use crate::reader::{Reader, join, quoted};
use crate::secret::Secret;
use crate::source::Located;
use crate::tree::Node;
use crate::words::WIRE_APIS;

/// Reads `model_providers.ID`, where `path` is that dotted key.
pub(crate) fn read(reader: &mut Reader, path: &str, node: &Node) -> RawProvider {
    let mut raw = RawProvider::default();
    for entry in reader.table(path, node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "base_url" => raw.base_url = reader.text(&key, node),
            "bridge" => raw.bridge = texts(reader, &key, node, Reader::scalar),
            "env_http_headers" => raw.env_http_headers = headers(reader, &key, node, Reader::text),
            "env_key" => raw.env_key = env_key(reader, &key, node),
            "http_headers" => raw.http_headers = headers(reader, &key, node, header_value),
            "name" => raw.name = reader.text(&key, node),
            "key_command" => raw.key_command = reader.command(&key, node),
            "key_command_ttl_s" => raw.key_command_ttl_s = reader.number(&key, node, TTL_S),
            "key_file" => raw.key_file = whole_path(reader, &key, node),
            "query_params" => raw.query_params = texts(reader, &key, node, secret),
            "request_max_retries" => raw.request_max_retries = reader.number(&key, node, RETRIES),
            "stream_idle_timeout_ms" => {
                raw.stream_idle_timeout_ms = reader.number(&key, node, IDLE_MS);
            }
            "stream_max_retries" => raw.stream_max_retries = reader.number(&key, node, RETRIES),
            "wire_api" => raw.wire_api = reader.word(&key, node, &WIRE_APIS),
            _ => {
                let reason = foreign::of_provider(&entry.key);
                foreign_or_unknown(reader, path, entry, reason, &KEYS);
            }
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
fn texts<T>(
    reader: &mut Reader,
    path: &str,
    node: &Node,
    value: impl Fn(&mut Reader, &str, &Node) -> Setting<T>,
) -> BTreeMap<String, Located<T>> {
    let mut pairs = BTreeMap::new();
    for entry in reader.table(path, node) {
        let key = format!("{path}.{}", quoted(&entry.key));
        if let Some(value) = value(reader, &key, &entry.node) {
            pairs.insert(entry.key.clone(), value);
        }
    }
    pairs
}

fn secret(reader: &mut Reader, key: &str, node: &Node) -> Setting<Secret> {
    let text = reader.any_text(key, node)?;
    Some(Located::new(Secret::new(text.value), text.place))
}

/// Reads a table of headers, whose names come out in lower case.
pub(crate) fn headers<T>(
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

pub(crate) fn header_value(reader: &mut Reader, key: &str, node: &Node) -> Setting<Secret> {
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

/// None, so that every request asks again, to one day.
const TTL_S: std::ops::RangeInclusive<i64> = 0..=86_400;

pub(crate) const KEYS: [&str; 14] = [
    "base_url",
    "bridge",
    "env_http_headers",
    "env_key",
    "http_headers",
    "key_command",
    "key_command_ttl_s",
    "key_file",
    "name",
    "query_params",
    "request_max_retries",
    "stream_idle_timeout_ms",
    "stream_max_retries",
    "wire_api",
];
