//! Which dialect a provider was found to speak, kept between runs so that it is asked once.
//!
//! This is a cache: without it, or with a wrong entry in it, the first request costs one refusal
//! more. So nothing that goes wrong here stops a conversation.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use llmx_config::Config;
use llmx_upstream::Candidates;
use llmx_wire::Dialect;

use crate::provider::{self, BadProvider};

/// The provider in each dialect that it may speak, and where what it speaks is kept.
pub(crate) struct Connection {
    pub(crate) candidates: Candidates,
    cache: PathBuf,
    base_url: String,
}

impl Connection {
    /// Prepares to ask the provider first in the dialect that it was found to speak.
    pub(crate) fn new(config: &Config) -> Result<Self, BadProvider> {
        let mut targets = provider::targets(&config.provider)?;
        let cache = config.home.join("cache").join("dialects.json");
        let base_url = config.provider.base_url.clone();
        let known = read(&cache).remove(&base_url);
        if let Some(known) = known.and_then(|name| name.parse::<Dialect>().ok()) {
            targets.sort_by_key(|target| target.dialect != known);
        }
        Ok(Self {
            candidates: Candidates::new(targets, true)?,
            cache,
            base_url,
        })
    }

    /// Returns, once, the dialect that was found, if it is not the one that was asked first.
    pub(crate) fn take_surprise(&self) -> Option<Dialect> {
        let found = self.candidates.take_surprise()?;
        let mut known = read(&self.cache);
        known.insert(self.base_url.clone(), found.name().to_owned());
        // Not kept is only asked again.
        let _kept = write(&self.cache, &known);
        Some(found)
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
