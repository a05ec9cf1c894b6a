//! The Google Gemini `generateContent` protocol, as a client and as a server speak it.
//!
//! The types follow the same rule as [`crate::responses`]: they name what llmx acts on and keep
//! the rest in `extra`. Names are read in camel case and, as Google's servers do, in snake case;
//! they are written in camel case.

mod content;
mod request;
mod response;
mod tool;

pub use content::{Blob, Content, FileData, FunctionCall, FunctionResponse, Part};
pub use request::{GenerationConfig, Request, SafetySetting, ThinkingConfig};
pub use response::{
    ApiError, Candidate, ErrorBody, FinishReason, Model, ModelList, PromptFeedback, Response,
    TokenCount, UsageMetadata,
};
pub use tool::{FunctionCallingConfig, FunctionDeclaration, Mode, Tool, ToolConfig};
