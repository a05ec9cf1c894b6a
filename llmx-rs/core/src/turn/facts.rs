//! What is known of the model: how much it can read, what it costs, and who said so.

use llmx_protocol::FactSource;

use super::vocabulary::{Effect, Fault, Retry};
use super::{Machine, Prices};

/// What is known of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ModelFacts {
    /// The tokens that a conversation may have.
    pub window: Option<Known<u64>>,
    /// What they cost.
    pub prices: Option<Known<Prices>>,
}

/// Something that somebody told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<T> {
    /// What.
    pub value: T,
    /// Who.
    pub source: FactSource,
}

impl Machine {
    /// Goes on with what is known of the model now.
    pub fn know(&mut self, facts: ModelFacts) {
        self.known = facts;
    }

    /// Returns how many tokens a conversation may have before it is summarized.
    pub(super) fn budget(&self) -> Option<u64> {
        let window = self.known.window.map(|window| window.value / 10 * 9);
        self.limit.or(window)
    }

    /// Returns what the turn has cost so far.
    pub(super) fn cost(&self) -> Option<f64> {
        let prices = self.known.prices?;
        Some(prices.value.cost(&self.usage))
    }

    /// Learns from a conversation that was refused as too long how long it may be, if the server said
    /// so. What the user set stays; anything else was too much.
    pub(super) fn learn(&mut self, fault: &Fault, effects: &mut Vec<Effect>) {
        let told = told_window(&fault.message).filter(|_| fault.retry == Retry::Shorter);
        let known = self.known.window;
        let is_settled =
            |told| known.is_some_and(|it| it.source == FactSource::Config || it.value <= told);
        if let Some(value) = told.filter(|told| !is_settled(*told)) {
            let source = FactSource::Refusal;
            self.known.window = Some(Known { value, source });
            effects.push(Effect::LearnWindow(value));
        }
    }
}

/// Returns the window that a server names when it refuses a conversation that does not fit.
fn told_window(message: &str) -> Option<u64> {
    let lower = message.to_ascii_lowercase();
    let after = AFTER.iter().find_map(|words| {
        let (_, rest) = lower.split_once(words)?;
        first_number(rest)
    });
    let before = || {
        BEFORE.iter().find_map(|words| {
            let (rest, _) = lower.split_once(words)?;
            last_number(rest)
        })
    };
    after
        .or_else(before)
        .filter(|window| (SMALLEST..=LARGEST).contains(window))
}

fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    if start > REACH {
        return None;
    }
    let rest = text.get(start..)?;
    let end = rest.find(|c| !is_of_number(c)).unwrap_or(rest.len());
    number(rest.get(..end)?)
}

/// Returns the number that `text` ends with.
fn last_number(text: &str) -> Option<u64> {
    let start = text.rfind(|c| !is_of_number(c)).map_or(0, |at| at + 1);
    number(text.get(start..)?)
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c == ',' || c == '_'
}

fn number(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What stands before the number: OpenAI and whoever imitates it, llama.cpp, Gemini.
const AFTER: [&str; 8] = [
    "maximum context length is",
    "maximum context length of",
    "available context size (",
    "maximum number of tokens allowed",
    "context window of",
    "context window is",
    "context length is only",
    "maximum input length of",
];
/// What stands after it: Anthropic, Mistral.
const BEFORE: [&str; 2] = [" maximum context length", " maximum"];
/// How far from its words a number may stand; further on it is another one.
const REACH: usize = 16;
/// Numbers outside of these are no windows, whatever they were found beside.
const SMALLEST: u64 = 1_000;
const LARGEST: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_window_is_found_in_the_servers_words() {
        for (message, expected) in [
            (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
                Some(8_192),
            ),
            (
                "prompt is too long: 215000 tokens > 200000 maximum",
                Some(200_000),
            ),
            (
                "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
                Some(4_096),
            ),
            (
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                Some(1_048_576),
            ),
            (
                "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
                Some(32_768),
            ),
            (
                "the model has a context window of 128,000 tokens",
                Some(128_000),
            ),
            ("Your input exceeds the context window of this model.", None),
            ("maximum context length is 5 tokens", None),
            ("context_length_exceeded", None),
        ] {
            assert_eq!(told_window(message), expected, "{message}");
        }
    }

    proptest! {
        /// Whatever a server says, it is read without a panic, and what comes of it is a window.
        #[test]
        fn any_words_are_read(before in "\\PC{0,40}", words in 0..AFTER.len(), after in "\\PC{0,40}") {
            let message = format!("{before}{}{after}", AFTER[words]);
            prop_assert!(told_window(&message).is_none_or(|it| (SMALLEST..=LARGEST).contains(&it)));
        }
    }
}
