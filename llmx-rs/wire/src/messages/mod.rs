//! The Anthropic Messages protocol, as a client and as a server speak it.
//!
//! The types follow the same rule as [`crate::responses`]: they name what llmx acts on, keep the
//! rest in `extra`, and carry unknown kinds whole.

mod content;
mod event;
mod request;
mod response;
mod tool;

pub use content::{
    CacheControl, ContentBlock, Document, Image, RedactedThinking, Source, SourceBase64,
    SourceContent, SourceFile, SourceText, SourceUrl, Text, Thinking, ToolResult, ToolUse,
};
pub use event::{
    BlockDelta, BlockStart, BlockStop, CitationsDelta, Delta, ErrorEvent, InputJsonDelta,
    MessageChange, MessageDelta, MessageStart, Plain, SignatureDelta, StreamEvent, TextDelta,
    ThinkingDelta,
};
pub use request::{
    BudgetedThinking, Message, Metadata, OutputConfig, Request, Role, ThinkingConfig,
    ThinkingDisplay,
};
pub use response::{
    ApiError, ErrorBody, Model, ModelList, OutputTokensDetails, Response, StopReason, TokenCount,
    Usage,
};
pub use tool::{ClientTool, NamedToolChoice, Tool, ToolChoice, ToolChoiceOptions};
