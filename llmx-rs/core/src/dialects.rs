//! Which dialect a provider was found to speak, kept between runs so that it is asked once.
//!
//! Without it, or with a wrong entry in it, the first request costs one refusal more.

use std::collections::BTreeMap;
use std::path::PathBuf;

use llmx_config::Config;
use llmx_upstream::Target;
use llmx_wire::Dialect;

use crate::cache;

/// What is known of one provider.
pub(crate) struct Dialects {
    file: PathBuf,
    base_url: String,
}

impl Dialects {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            file: config.home.join("cache").join("dialects.json"),
            base_url: config.provider.base_url.clone(),
        }
    }

    /// Puts the dialect that the provider was found to speak first.
    pub(crate) fn order(&self, targets: &mut [Target]) {
        let known = cache::read::<Known>(&self.file).remove(&self.base_url);
        if let Some(known) = known.and_then(|name| name.parse::<Dialect>().ok()) {
            targets.sort_by_key(|target| target.dialect != known);
        }
    }

    /// Remembers what the provider speaks.
    pub(crate) fn remember(&self, found: Dialect) {
        let mut known: Known = cache::read(&self.file);
        known.insert(self.base_url.clone(), found.name().to_owned());
        // Not kept is only asked again.
        let _kept = cache::write(&self.file, &known);
    }
}

/// By base URL.
type Known = BTreeMap<String, String>;
