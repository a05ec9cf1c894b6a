//! Finds the known word that a misspelt one was probably meant to be.

/// Returns the closest of `known`, if any is close enough to be a slip of the finger.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A secret in the wrong place is long; nothing llmx knows is, so there is nothing to suggest.
    if word.len() > LONGEST {
        return None;
    }
    let folded = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('-', "_");
            (strsim::damerau_levenshtein(&folded, &other), candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let known = ["model", "model_provider", "sandbox_mode"];
        assert_eq!(nearest("modle", known), Some("model"));
        assert_eq!(nearest("sandbox-mode", known), Some("sandbox_mode"));
        assert_eq!(nearest("MODEL", known), Some("model"));
        assert_eq!(nearest("temperature", known), None);
    }
}
