//! A small table of what is known of families of models, for providers that tell nothing.

/// Returns the context window of a model by how its name begins; gateways put the provider's name
/// before it. Of the models of a family the smallest window counts: too early a summary costs less
/// than a refused request.
pub(super) fn window(model: &str) -> Option<u64> {
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
        assert_eq!(window("gpt-5.5"), Some(272_000));
        assert_eq!(window("anthropic/claude-sonnet-4"), Some(200_000));
        assert_eq!(window("my-own"), None);
        assert!(FAMILIES.is_sorted());
    }
}
