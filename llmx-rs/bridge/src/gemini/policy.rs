//! What a driver decides about an upstream that speaks Gemini.

/// How to translate for one upstream that speaks Gemini. The default suits Google's own servers
/// and every model that they have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// In which language the upstream takes schemas.
    pub schemas: SchemaStyle,
    /// How the upstream wants to be told how much to think.
    pub thinking: ThinkingStyle,
    /// Whether the upstream holds an answer to a schema although it is offered tools, as only
    /// newer models do.
    pub formats_beside_tools: bool,
    /// Whether the upstream fetches pictures and documents from the web.
    pub fetches_media: bool,
}

/// In which language an upstream takes schemas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SchemaStyle {
    /// A subset of OpenAPI's; what it cannot say is told in descriptions.
    #[default]
    Lowered,
    /// JSON schemas as they are.
    Json,
}

/// How an upstream wants to be told how much to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThinkingStyle {
    /// By a number of tokens.
    #[default]
    Budget,
    /// By the name of a level.
    Level,
    /// Not at all: the upstream's models do not think.
    Never,
}
