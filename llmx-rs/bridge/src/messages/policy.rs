//! What a driver decides about an upstream that speaks Messages.

/// How to translate for one upstream that speaks Messages. The default suits the servers of
/// Anthropic and those that imitate them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The bound on the answer's length where the client gives none, since Messages requires one:
    /// the model's limit.
    pub max_tokens: u64,
    /// How the upstream wants to be told how much to think.
    pub thinking: ThinkingStyle,
    /// What becomes of `text.format`.
    pub structured: Structured,
    /// Whether to mark where cached prefixes end, where the client marks none itself.
    pub cache: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_tokens: DEFAULT_MAX_TOKENS,
            thinking: ThinkingStyle::default(),
            structured: Structured::default(),
            cache: true,
        }
    }
}

/// How an upstream wants to be told how much to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThinkingStyle {
    /// By a number of tokens.
    #[default]
    Budget,
    /// By the name of an effort; the model decides how much that is.
    Adaptive,
    /// Not at all: the upstream's models do not think.
    Never,
}

/// What becomes of `text.format`, the JSON schema that an answer must follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Structured {
    /// The model is made to call a tool with that schema, and the arguments are the answer. With
    /// other tools in the request there is no such way, and the format is refused.
    #[default]
    ForcedTool,
    /// The upstream takes the schema itself, in `output_config.format`.
    Native,
    /// It is refused.
    Refused,
}

/// What the smallest of the current models allows.
const DEFAULT_MAX_TOKENS: u64 = 32_000;
