//! What llmx knows of a model: first what the user says, then what the provider tells, then a small
//! table of families, and last what a provider let slip when it refused a conversation.

mod keeper;
mod remembered;
mod table;

use std::time::SystemTime;

use llmx_config::Config;
use llmx_protocol::FactSource;
use llmx_wire::models::Model;

pub(crate) use self::keeper::Keeper;
use self::remembered::{Entry, Told};
pub use crate::turn::ModelFacts;
use crate::turn::{Known, Prices};

/// Returns what is known of a model that the provider has just told of; of the one that is configured
/// the user may know better, and earlier runs may have learned more.
pub fn facts(config: &Config, model: &Model, now: SystemTime) -> ModelFacts {
    let told = Told::of(model);
    if model.id == config.model {
        let base_url = &config.provider.base_url;
        let entry = remembered::read(&remembered::file(config), base_url, &model.id, now);
        of_configured(config, &Entry { told, ..entry })
    } else {
        let entry = Entry {
            told,
            ..Entry::default()
        };
        of_any(&model.id, &entry)
    }
}

/// Returns what is known of the model that is configured.
fn of_configured(config: &Config, entry: &Entry) -> ModelFacts {
    let source = FactSource::Config;
    let window = config.model_context_window;
    let prices = config.model_prices.map(|prices| Prices {
        input: prices.input,
        cached_input: prices.cached_input,
        cache_write: prices.input,
        output: prices.output,
    });
    let others = of_any(&config.model, entry);
    ModelFacts {
        window: window
            .map(|value| Known { value, source })
            .or(others.window),
        prices: prices
            .map(|value| Known { value, source })
            .or(others.prices),
    }
}

fn of_any(model: &str, entry: &Entry) -> ModelFacts {
    let known = |source| move |value| Known { value, source };
    let told = entry.told.window.map(known(FactSource::Provider));
    let window = told.or_else(|| table::window(model).map(known(FactSource::Table)));
    let refused = entry.refused.map(known(FactSource::Refusal));
    ModelFacts {
        // More than what was refused is not taken, whoever says so.
        window: match (window, refused) {
            (Some(window), Some(refused)) if window.value <= refused.value => Some(window),
            (window, refused) => refused.or(window),
        },
        prices: entry.told.prices().map(|value| Known {
            value,
            source: FactSource::Provider,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::config;

    fn window(
        config: &Config,
        told: Option<u64>,
        refused: Option<u64>,
    ) -> Option<(u64, FactSource)> {
        let entry = Entry {
            told: Told {
                window: told,
                ..Told::default()
            },
            refused,
            ..Entry::default()
        };
        let known = of_configured(config, &entry).window?;
        Some((known.value, known.source))
    }

    #[test]
    fn the_first_that_tells_counts_and_no_more_than_was_refused() {
        let mut config = config("/".as_ref(), "http://127.0.0.1:1");
        config.model = "gpt-4o".to_owned();
        for (told, refused, expected) in [
            (None, None, (128_000, FactSource::Table)),
            (Some(64_000), None, (64_000, FactSource::Provider)),
            (Some(64_000), Some(96_000), (64_000, FactSource::Provider)),
            (Some(64_000), Some(32_000), (32_000, FactSource::Refusal)),
            (None, Some(32_000), (32_000, FactSource::Refusal)),
        ] {
            assert_eq!(window(&config, told, refused), Some(expected));
        }
        config.model = "my-own".to_owned();
        assert_eq!(window(&config, None, None), None);
        config.model_context_window = Some(50_000);
        let set = Some((50_000, FactSource::Config));
        assert_eq!(window(&config, Some(64_000), Some(32_000)), set);
    }
}
