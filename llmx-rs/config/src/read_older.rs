//! Reads the tables `[general]` and `[litellm]` and other older names of current settings.

use crate::builtin::DEFAULT_PROVIDER;
use crate::foreign;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::raw::RawConfig;
use crate::read::TOKENS;
use crate::read_provider::header_value;
use crate::read_tables::foreign_or_unknown;
use crate::reader::{Reader, join};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::tree::{Entry, Node};

/// Returns whether a top-level key is an older spelling.
pub(crate) fn is_older(name: &str) -> bool {
    OLDER.contains(&name)
}

/// Reads one older spelling into the setting that it means now.
pub(crate) fn read(reader: &mut Reader, raw: &mut RawConfig, entry: &Entry) {
    let table = entry.key.as_str();
    if table == "context_length" {
        return context_length(reader, raw, table, &entry.node);
    }
    let known: &'static [&'static str] = if table == "general" {
        &GENERAL
    } else {
        &LITELLM
    };
    for entry in reader.table(table, &entry.node) {
        let (key, node) = (join(table, &entry.key), &entry.node);
        if !known.contains(&entry.key.as_str()) {
            let reason = foreign::setting(&entry.key);
            foreign_or_unknown(reader, table, entry, reason, known);
            continue;
        }
        match entry.key.as_str() {
            "api_base" => {
                let value = reader.text(&key, node);
                let provider = raw
                    .providers
                    .entry(DEFAULT_PROVIDER.to_owned())
                    .or_default();
                let other = "model_providers.litellm.base_url";
                reader.once(&mut provider.base_url, value, &key, other);
            }
            "api_key" => {
                let value = api_key(reader, &key, node);
                let provider = raw
                    .providers
                    .entry(DEFAULT_PROVIDER.to_owned())
                    .or_default();
                reader.once(&mut provider.key, value, &key, "litellm.api_key");
            }
            "context_length" => context_length(reader, raw, &key, node),
            "model" => {
                let value = reader.text(&key, node);
                reader.once(&mut raw.model, value, &key, "model");
            }
            _ => {
                let value = reader.text(&key, node);
                reader.once(&mut raw.model_provider, value, &key, "model_provider");
            }
        }
    }
}

fn context_length(reader: &mut Reader, raw: &mut RawConfig, key: &str, node: &Node) {
    let value = reader.number(key, node, TOKENS);
    let slot = &mut raw.model_facts.context_window;
    reader.once(slot, value, key, "model_context_window");
}

/// Takes a key out of a file that nobody else can read, and from nowhere else.
fn api_key(reader: &mut Reader, key: &str, node: &Node) -> Setting<Secret> {
    let key = key.to_owned();
    match reader.scope {
        Scope::Own { exposed: false } => header_value(reader, &key, node),
        Scope::Own { exposed: true } => {
            reader.fault(Problem::ExposedKey { key }, &node.place);
            None
        }
        Scope::Arguments | Scope::Project => {
            reader.fault(Problem::KeyInArguments { key }, &node.place);
            None
        }
    }
}

pub(crate) const OLDER: [&str; 3] = ["context_length", "general", "litellm"];

pub(crate) const GENERAL: [&str; 5] = [
    "api_base",
    "api_key",
    "context_length",
    "model",
    "model_provider",
];

pub(crate) const LITELLM: [&str; 3] = ["api_base", "api_key", "model"];
