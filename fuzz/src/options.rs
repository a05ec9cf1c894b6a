//! What is known of the upstream in one case, and what the client offered it.

use llmx_bridge::{Limits, Options, Stamp, SystemMerge, TokenBound, gemini, messages};
use llmx_wire::responses::Request;
use serde_json::json;

use crate::case::Case;

/// Reads the traits of an upstream from the bits of a number; zero is an upstream of which nothing
/// is known.
pub(crate) fn of(traits: u64) -> Options {
    let mut bits = Bits(traits);
    Options {
        provider: "fuzz".to_owned(),
        cumulative: bits.flag(),
        calls_in_text: bits.flag(),
        think_tags: !bits.flag(),
        limits: if bits.flag() {
            TIGHT
        } else {
            Limits::default()
        },
        system: bits.one_of([
            SystemMerge::Fold,
            SystemMerge::Hoist,
            SystemMerge::Inline,
            SystemMerge::AsUser,
        ]),
        token_bound: bits.one_of([TokenBound::MaxTokens, TokenBound::MaxCompletionTokens]),
        openai_fields: bits.flag(),
        strict_tools: !bits.flag(),
        sampling: !bits.flag(),
        prefill: !bits.flag(),
        stores: bits.flag(),
        replay_reasoning: !bits.flag(),
        efforts: bits.one_of([vec![], vec!["low".to_owned(), "high".to_owned()]]),
        model: bits.one_of([None, Some("other".to_owned())]),
        messages: messages::Policy {
            thinking: bits.one_of([
                messages::ThinkingStyle::Budget,
                messages::ThinkingStyle::Adaptive,
                messages::ThinkingStyle::Never,
            ]),
            structured: bits.one_of([
                messages::Structured::ForcedTool,
                messages::Structured::Native,
                messages::Structured::Refused,
            ]),
            cache: !bits.flag(),
            ..messages::Policy::default()
        },
        gemini: gemini::Policy {
            schemas: bits.one_of([gemini::SchemaStyle::Lowered, gemini::SchemaStyle::Json]),
            thinking: bits.one_of([
                gemini::ThinkingStyle::Budget,
                gemini::ThinkingStyle::Level,
                gemini::ThinkingStyle::Never,
            ]),
            formats_beside_tools: bits.flag(),
            fetches_media: bits.flag(),
        },
    }
}

/// The request of a case, or one that offers every kind of tool.
pub(crate) fn asked(case: &Case<'_>) -> Request {
    let given = case
        .request
        .and_then(|it| serde_json::from_str(it.get()).ok());
    given.unwrap_or_else(|| Request {
        model: "m".to_owned(),
        input: "go".to_owned().into(),
        tools: serde_json::from_value(json!([
            {"type": "function", "name": "exec_command", "parameters": {"type": "object"}},
            {"type": "custom", "name": "apply_patch"},
            {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add"}]},
            {"type": "tool_search", "execution": "client"},
            {"type": "local_shell"},
        ]))
        .unwrap_or_default(),
        ..Request::default()
    })
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        id: "t".to_owned(),
        created_at: 7,
    }
}

/// Low enough for an input to reach them.
const TIGHT: Limits = Limits {
    max_output_bytes: 48,
    max_items: 3,
};

struct Bits(u64);

impl Bits {
    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn one_of<T, const N: usize>(&mut self, values: [T; N]) -> T {
        let place = self.below(N as u64);
        let mut left = values.into_iter().skip(usize::try_from(place).unwrap_or(0));
        left.next()
            .unwrap_or_else(|| unreachable!("{place} is below {N}"))
    }

    fn below(&mut self, limit: u64) -> u64 {
        let found = self.0 % limit;
        self.0 /= limit;
        found
    }
}
