//! Where secrets of this configuration lie, so that they can be kept from the agent's commands.
//!
//! This counts every provider, not only the one in use: the keys of the others are as valuable.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::inputs::Inputs;
use crate::raw::RawConfig;

/// Returns the environment variables that hold secrets.
pub(crate) fn variables(raw: &RawConfig) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for provider in raw.providers.values() {
        let key = provider.env_key.as_ref();
        names.extend(key.and_then(|key| key.value.clone()));
        let headers = provider.env_http_headers.values();
        names.extend(headers.map(|header| header.value.clone()));
    }
    for server in raw.mcp_servers.values() {
        let token = server.bearer_token_env_var.as_ref();
        names.extend(token.map(|token| token.value.clone()));
        let headers = server.env_http_headers.values();
        names.extend(headers.map(|header| header.value.clone()));
    }
    names
}

/// Returns the files that hold keys.
pub(crate) fn files(raw: &RawConfig, inputs: &Inputs<'_>) -> BTreeSet<PathBuf> {
    let files = raw.providers.values();
    let files = files.filter_map(|provider| provider.key_file.as_ref());
    files.map(|file| inputs.expand(&file.value)).collect()
}
