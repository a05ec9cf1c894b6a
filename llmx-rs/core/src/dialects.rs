//! Which dialect a provider was found to speak, kept between runs so that it is asked once.
//!
//! This is a cache: without it, or with a wrong entry in it, the first request costs one refusal
//! more. So nothing that goes wrong here stops a conversation.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use llmx_config::Config;
use llmx_upstream::Target;
use llmx_wire::Dialect;

/// What is known of one provider.
pub(crate) struct Dialects {
    cache: PathBuf,
    base_url: String,
}

impl Dialects {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            cache: config.home.join("cache").join("dialects.json"),
            base_url: config.provider.base_url.clone(),
        }
    }

    /// Puts the dialect that the provider was found to speak first.
    pub(crate) fn order(&self, targets: &mut [Target]) {
        let known = read(&self.cache).remove(&self.base_url);
        if let Some(known) = known.and_then(|name| name.parse::<Dialect>().ok()) {
            targets.sort_by_key(|target| target.dialect != known);
        }
    }

    /// Remembers what the provider speaks.
    pub(crate) fn remember(&self, found: Dialect) {
        let mut known = read(&self.cache);
        known.insert(self.base_url.clone(), found.name().to_owned());
        // Not kept is only asked again.
        let _kept = write(&self.cache, &known);
    }
}

fn read(cache: &Path) -> BTreeMap<String, String> {
    let bytes = fs::read(cache).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Replaces the file in one step, since other runs may read it at the same time.
fn write(cache: &Path, known: &BTreeMap<String, String>) -> io::Result<()> {
    if let Some(directory) = cache.parent() {
        fs::create_dir_all(directory)?;
    }
    let draft = cache.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, serde_json::to_vec_pretty(known)?)?;
    fs::rename(&draft, cache)
}
