//! What a turn may take, and what it has cost.

use llmx_protocol::{ErrorCode, ThreadError, Usage};

/// What a turn may take; what is not set is not bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds {
    /// How often the model may be asked in one turn.
    pub requests: Option<u32>,
    /// What one turn may cost, in US dollars. Needs prices.
    pub cost_usd: Option<f64>,
}

/// What a model costs, in US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Of the input.
    pub input: f64,
    /// Of input that the provider's cache had.
    pub cached_input: f64,
    /// Of input that it took in.
    pub cache_write: f64,
    /// Of the output.
    pub output: f64,
}

impl Prices {
    /// Returns what `usage` costs.
    pub fn cost(&self, usage: &Usage) -> f64 {
        let cached = usage.cached_input_tokens;
        let written = usage.cache_write_input_tokens;
        let fresh = usage
            .input_tokens
            .saturating_sub(cached)
            .saturating_sub(written);
        // Token counts are far below what a float tells apart.
        let price = |tokens: u64, price: f64| tokens as f64 * price / MILLION;
        price(fresh, self.input)
            + price(cached, self.cached_input)
            + price(written, self.cache_write)
            + price(usage.output_tokens, self.output)
    }
}

impl Bounds {
    /// Returns why the model may not be asked once more, if it may not.
    pub(super) fn exceeded(&self, requests: u32, cost: Option<f64>) -> Option<ThreadError> {
        if let Some(most) = self.requests.filter(|most| requests >= *most) {
            return Some(ThreadError {
                message: format!("the limit of {most} model requests for one turn is reached"),
                code: Some(ErrorCode::MaxTurns),
            });
        }
        let most = self.cost_usd?;
        let cost = cost.filter(|cost| *cost >= most)?;
        Some(ThreadError {
            message: format!("the turn has cost ${cost:.4}, and its limit is ${most}"),
            code: Some(ErrorCode::MaxCost),
        })
    }
}

const MILLION: f64 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_cached_and_written_tokens_have_their_prices() {
        let prices = Prices {
            input: 2.0,
            cached_input: 0.5,
            cache_write: 2.5,
            output: 10.0,
        };
        let usage = Usage {
            input_tokens: 1_000_000,
            cached_input_tokens: 400_000,
            cache_write_input_tokens: 200_000,
            output_tokens: 100_000,
            ..Usage::default()
        };
        assert!((prices.cost(&usage) - (0.8 + 0.2 + 0.5 + 1.0)).abs() < 1e-9);
    }

    #[test]
    fn each_bound_is_held_on_its_own() {
        let bounds = Bounds {
            requests: Some(3),
            cost_usd: Some(0.5),
        };
        let code = |requests, cost| bounds.exceeded(requests, cost).and_then(|error| error.code);
        assert_eq!(code(2, None), None);
        assert_eq!(code(3, None), Some(ErrorCode::MaxTurns));
        assert_eq!(code(0, Some(0.49)), None);
        assert_eq!(code(0, Some(0.5)), Some(ErrorCode::MaxCost));
        assert_eq!(Bounds::default().exceeded(99, Some(99.0)), None);
    }
}
