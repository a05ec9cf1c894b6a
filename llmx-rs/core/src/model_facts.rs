//! What llmx knows of a model: first what the user says, then a small table of families.

use llmx_config::Config;

use crate::turn::Prices;

/// Returns how many tokens a conversation may have before it is summarized, if that is known.
pub(crate) fn compaction_limit(config: &Config) -> Option<u64> {
    let window = config
        .model_context_window
        .or_else(|| known_window(&config.model));
    config
        .model_auto_compact_token_limit
        .or_else(|| window.map(|window| window / 10 * 9))
}

/// Returns what the model costs, if the user says so.
pub(crate) fn prices(config: &Config) -> Option<Prices> {
    config.model_prices.map(|prices| Prices {
        input: prices.input,
        cached_input: prices.cached_input,
        output: prices.output,
    })
}

/// Returns the context window of a model by how its name begins; gateways put the provider's name
/// before it. Of the models of a family the smallest window counts: too early a summary costs less
/// than a refused request.
fn known_window(model: &str) -> Option<u64> {
    let name = model
        .rsplit('/')
        .next()
        .unwrap_or(model)
        .to_ascii_lowercase();
    let known = FAMILIES.iter().find(|(family, _)| name.starts_with(family));
    known.map(|(_, window)| *window)
}

/// The longest beginning first.
const FAMILIES: [(&str, u64); 12] = [
    ("claude-", 200_000),
    ("codestral", 256_000),
    ("deepseek-", 128_000),
    ("gemini-", 1_000_000),
    ("gpt-4.1", 1_000_000),
    ("gpt-4o", 128_000),
    ("gpt-5", 272_000),
    ("grok-", 131_072),
    ("kimi-", 128_000),
    ("o3", 200_000),
    ("o4-", 200_000),
    ("qwen3-coder", 256_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_known_by_the_beginning_of_its_name() {
        assert_eq!(known_window("gpt-5.5"), Some(272_000));
        assert_eq!(known_window("anthropic/claude-sonnet-4"), Some(200_000));
        assert_eq!(known_window("my-own"), None);
        assert!(FAMILIES.is_sorted());
    }
}
