//! What was learned of models, kept between runs in `$LLMX_HOME/cache/models.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llmx_config::Config;
use llmx_wire::models::Model;
use serde::{Deserialize, Serialize};

use crate::cache;
use crate::turn::Prices;

/// By base URL, then by the model's name.
type Providers = BTreeMap<String, BTreeMap<String, Entry>>;

/// What is remembered of one model of one provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// When the provider was asked, in seconds since 1970.
    pub(super) asked: Option<u64>,
    /// What it told.
    #[serde(flatten)]
    pub(super) told: Told,
    /// The longest conversation that it named when it refused one.
    pub(super) refused: Option<u64>,
    /// When that was.
    pub(super) refused_at: Option<u64>,
}

/// What a provider told of a model; prices are US dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) window: Option<u64>,
    pub(super) input: Option<f64>,
    pub(super) cached_input: Option<f64>,
    pub(super) cache_write: Option<f64>,
    pub(super) output: Option<f64>,
}

impl Told {
    pub(super) fn of(model: &Model) -> Self {
        Self {
            window: model.context_window,
            input: model.input_price,
            cached_input: model.cached_input_price,
            cache_write: model.cache_write_price,
            output: model.output_price,
        }
    }

    pub(super) fn prices(&self) -> Option<Prices> {
        let (input, output) = (self.input?, self.output?);
        // LiteLLM says nothing and nothing of models whose prices it does not know.
        (input > 0.0 || output > 0.0).then(|| Prices {
            input,
            cached_input: self.cached_input.unwrap_or(input),
            cache_write: self.cache_write.unwrap_or(input),
            output,
        })
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Entry {
    /// Returns whether there is reason to ask the provider.
    pub(super) fn is_stale(&self, now: SystemTime) -> bool {
        let lasts = if self.told.is_empty() {
            NOTHING_LASTS
        } else {
            TOLD_LASTS
        };
        !is_younger(self.asked, lasts, now)
    }

    fn is_worth_keeping(&self, now: SystemTime) -> bool {
        is_younger(self.asked, KEPT, now) || is_younger(self.refused_at, KEPT, now)
    }
}

/// Returns where what was learned is kept.
pub(super) fn file(config: &Config) -> PathBuf {
    config.home.join("cache").join("models.json")
}

/// Returns what the file at `path` remembers, without what is too old to count.
pub(super) fn read(path: &Path, base_url: &str, model: &str, now: SystemTime) -> Entry {
    let mut providers: Providers = cache::read(path);
    let entry = providers.get_mut(base_url).and_then(|it| it.remove(model));
    let mut entry = entry.unwrap_or_default();
    if !is_younger(entry.refused_at, REFUSED_LASTS, now) {
        entry.refused = None;
        entry.refused_at = None;
    }
    // Servers change what they run; a fact of last month is worth less than none.
    if !is_younger(entry.asked, KEPT, now) {
        entry.told = Told::default();
        entry.asked = None;
    }
    entry
}

/// Remembers `entry`, and forgets of the others what nobody has asked for in a long time.
pub(super) fn write(path: &Path, base_url: &str, model: &str, entry: &Entry, now: SystemTime) {
    let mut providers: Providers = cache::read(path);
    let models = providers.entry(base_url.to_owned()).or_default();
    models.insert(model.to_owned(), entry.clone());
    for models in providers.values_mut() {
        models.retain(|_, entry| entry.is_worth_keeping(now));
    }
    providers.retain(|_, models| !models.is_empty());
    // Not kept is only asked again.
    let _kept = cache::write(path, &providers);
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Whether `at` is not longer ago than `age`. What lies in the future is no time at all.
fn is_younger(at: Option<u64>, age: Duration, now: SystemTime) -> bool {
    at.and_then(|at| seconds(now).checked_sub(at))
        .is_some_and(|ago| ago < age.as_secs())
}

const HOUR: Duration = Duration::from_secs(3_600);
/// Prices and limits change seldom.
const TOLD_LASTS: Duration = Duration::from_secs(24 * HOUR.as_secs());
/// Whoever told nothing is asked again soon, and not with each run.
const NOTHING_LASTS: Duration = HOUR;
const REFUSED_LASTS: Duration = Duration::from_secs(7 * 24 * HOUR.as_secs());
const KEPT: Duration = Duration::from_secs(30 * 24 * HOUR.as_secs());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_ages() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cache/models.json");
        let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let entry = Entry {
            asked: Some(seconds(start)),
            told: Told {
                window: Some(64_000),
                input: Some(1.0),
                output: Some(2.0),
                ..Told::default()
            },
            refused: Some(32_000),
            refused_at: Some(seconds(start)),
        };
        write(&path, "http://a/v1", "m", &entry, start);
        let after = |hours: u32| {
            let now = start + HOUR * hours;
            let entry = read(&path, "http://a/v1", "m", now);
            (entry.told.window, entry.refused, entry.is_stale(now))
        };
        assert_eq!(after(23), (Some(64_000), Some(32_000), false));
        assert_eq!(after(25), (Some(64_000), Some(32_000), true));
        assert_eq!(after(8 * 24), (Some(64_000), None, true));
        assert_eq!(after(31 * 24), (None, None, true));
        let others = read(&path, "http://b/v1", "m", start);
        assert_eq!(
            (others.clone(), others.is_stale(start)),
            (Entry::default(), true)
        );

        let silent = Entry {
            asked: Some(seconds(start)),
            ..Entry::default()
        };
        assert!(!silent.is_stale(start) && silent.is_stale(start + HOUR));
        write(&path, "http://b/v1", "m", &silent, start + HOUR * 24 * 31);
        let left: Providers = cache::read(&path);
        assert!(!left.contains_key("http://a/v1"), "{left:?}");
    }

    #[test]
    fn prices_need_both_sides_and_more_than_nothing() {
        let told = |input, output| Told {
            input,
            output,
            cached_input: Some(0.1),
            ..Told::default()
        };
        assert_eq!(told(Some(1.0), None).prices(), None);
        assert_eq!(told(Some(0.0), Some(0.0)).prices(), None);
        let prices = told(Some(1.0), Some(2.0)).prices().unwrap();
        assert_eq!(
            (prices.cached_input, prices.cache_write, prices.output),
            (0.1, 1.0, 2.0)
        );
    }
}
