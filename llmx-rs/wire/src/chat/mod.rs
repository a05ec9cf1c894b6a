//! The OpenAI Chat Completions protocol, as its many servers speak it.
//!
//! The types follow the documented protocol and read what its servers are known to send instead:
//! nulls and gaps, arguments that are objects, errors inside a stream. What a type does not name
//! stays in `extra`, so that reading and writing a value loses nothing.

mod chunk;
mod message;
mod model;
mod part;
mod request;
mod response;
mod tool;
mod usage;

pub use crate::responses::TextOrList;
pub use chunk::{Chunk, ChunkChoice};
pub use message::{FunctionCall, Message, Role, ToolCall};
pub use model::{Model, ModelList};
pub use part::{File, ImageUrl, ImageUrlPart, InputAudio, Part, RefusalPart, TextPart};
pub use request::{Request, StreamOptions};
pub use response::{Choice, ErrorBody, Response};
pub use tool::{CustomTool, Function, FunctionTool, Tool};
pub use usage::{CompletionTokensDetails, PromptTokensDetails, Usage};
