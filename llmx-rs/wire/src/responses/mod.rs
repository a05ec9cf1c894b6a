//! The OpenAI Responses protocol: the one language inside llmx.
//!
//! Every type names the fields that llmx acts on and keeps the others in `extra`, so that reading
//! and writing a value loses nothing. Types that grow over time ([`Item`], [`ContentPart`],
//! [`Tool`], [`StreamEvent`]) keep unknown kinds whole.

mod content;
mod event;
mod item;
mod request;
mod response;
mod text_or_list;
mod tool;

pub use content::{ContentPart, InputImage, Refusal, Text};
pub use event::{
    AnnotationAdded, ArgumentsDone, Delta, ErrorEvent, InputDone, ItemEvent, PartEvent,
    RefusalDone, ResponseEvent, StreamEvent, SummaryPartEvent, TextDone,
};
pub use item::{CustomToolCall, FunctionCall, Item, Message, Reasoning, Role, ToolCallOutput};
pub use request::{ReasoningOptions, Request, TextOptions};
pub use response::{
    ApiError, IncompleteDetails, InputTokensDetails, OutputTokensDetails, Response, Status, Usage,
};
pub use text_or_list::TextOrList;
pub use tool::{CustomTool, FunctionTool, Tool};
