//! What a driver decides about a translation: the upstream's traits, policies and limits.

use crate::{gemini, messages};

/// How to translate for one upstream. The default suits a server of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The upstream's name. Reasoning that one upstream sealed is never shown to another.
    pub provider: String,
    /// The model to ask for instead of the one that the client names.
    pub model: Option<String>,
    /// Where the words of the program around the model go.
    pub system: SystemMerge,
    /// The field that bounds the answer's length.
    pub token_bound: TokenBound,
    /// The effort names that the upstream knows, from least to most; empty means any.
    pub efforts: Vec<String>,
    /// Whether the upstream takes the fields that only OpenAI documents (`verbosity`, `metadata`,
    /// `service_tier`, `prompt_cache_key`, …). Strict servers answer unknown fields with a 400.
    pub openai_fields: bool,
    /// Whether the upstream takes `strict` in a function.
    pub strict_tools: bool,
    /// Whether the model takes `temperature` and `top_p`; some that reason refuse them.
    pub sampling: bool,
    /// Whether the conversation may end with words of the model, for it to go on from.
    pub prefill: bool,
    /// Whether the driver keeps responses, so that `store` is honoured.
    pub stores: bool,
    /// Whether the upstream repeats in each chunk everything that it said before. Never guessed:
    /// "ha" after "ha" may be laughter.
    pub cumulative: bool,
    /// Whether an answer that opens with `<think>` holds reasoning up to `</think>`.
    pub think_tags: bool,
    /// Whether calls that a model writes into its text, between `<tool_call>` and `</tool_call>`,
    /// are calls. Off by default: the text may be about such tags.
    pub calls_in_text: bool,
    /// Whether reasoning goes back to the upstream that it came from, where it asks for it.
    pub replay_reasoning: bool,
    /// What only an upstream of Messages needs to know.
    pub messages: messages::Policy,
    /// What only an upstream of Gemini needs to know.
    pub gemini: gemini::Policy,
    /// How much memory an answer may take.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            provider: String::new(),
            model: None,
            system: SystemMerge::default(),
            token_bound: TokenBound::default(),
            efforts: Vec::new(),
            openai_fields: false,
            strict_tools: true,
            sampling: true,
            prefill: true,
            stores: false,
            cumulative: false,
            think_tags: true,
            calls_in_text: false,
            replay_reasoning: true,
            messages: messages::Policy::default(),
            gemini: gemini::Policy::default(),
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// Returns what is known of the upstream at `host`; elsewhere the default.
    pub fn for_host(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let openai = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        let token_bound = if openai {
            TokenBound::MaxCompletionTokens
        } else {
            TokenBound::default()
        };
        Self {
            openai_fields: openai,
            token_bound,
            provider: host,
            ..Self::default()
        }
    }
}

/// Where the words of the program around the model go.
///
/// Many chat templates take one system message, at the beginning, and fail or forget otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SystemMerge {
    /// Those before the conversation become one leading system message; later ones become marked
    /// user messages in their place, so that the beginning stays equal from turn to turn.
    #[default]
    Fold,
    /// All of them become one leading system message. Later ones change the beginning and with it
    /// what the upstream has cached.
    Hoist,
    /// Each stays a system message in its place.
    Inline,
    /// Each becomes a marked user message in its place, for templates without a system role.
    AsUser,
}

/// The field that bounds the answer's length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenBound {
    /// `max_tokens`, which most servers know.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models require.
    MaxCompletionTokens,
}

/// How much memory an answer may take. An upstream that never stops must not exhaust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of text, reasoning and arguments together.
    pub max_output_bytes: usize,
    /// The items of the output.
    pub max_items: usize,
}

impl Default for Limits {
    /// Allows 32 MiB, far above any model's longest answer, and 512 items, far above the 128 tools
    /// that servers accept.
    fn default() -> Self {
        Self {
            max_output_bytes: 32 << 20,
            max_items: 512,
        }
    }
}

/// What differs between two translations of equal input: a pure function has no ids of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Unique per response; every id of the response is made of it.
    pub id: String,
    /// When the response was made, in seconds since 1970.
    pub created_at: u64,
}
