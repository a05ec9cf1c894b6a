//! Writes Chat chunks from what a bridge says that the model did.

use llmx_wire::chat::{
    Chunk, ChunkChoice, CompletionTokensDetails, FunctionCall, Message, PromptTokensDetails, Role,
    TextOrList, ToolCall, Usage,
};
use llmx_wire::responses;
use serde_json::{Value, json};

use super::super::request::ChatContext;
use crate::{Extra, Stamp, UpstreamFault};

pub(super) type Chunks = Vec<Chunk>;

/// A stream of chunks under way.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    context: ChatContext,
    id: String,
    created: u64,
    begun: bool,
}

impl ChunkWriter {
    pub(super) fn new(context: ChatContext, stamp: &Stamp) -> Self {
        Self {
            context,
            id: format!("chatcmpl-{}", stamp.id),
            created: stamp.created_at,
            begun: false,
        }
    }

    pub(super) fn say(&mut self, text: String, logprobs: Option<Value>, out: &mut Chunks) {
        self.push(Message::default(), Some(text), logprobs, out);
    }

    pub(super) fn refuse(&mut self, delta: String, out: &mut Chunks) {
        let message = Message {
            refusal: Some(delta),
            ..Message::default()
        };
        self.push(message, None, None, out);
    }

    pub(super) fn think(&mut self, delta: String, out: &mut Chunks) {
        let message = Message {
            reasoning_content: Some(delta),
            ..Message::default()
        };
        self.push(message, None, None, out);
    }

    pub(super) fn argue(&mut self, index: u64, custom: bool, delta: String, out: &mut Chunks) {
        let mut call = ToolCall {
            index: Some(index),
            ..ToolCall::default()
        };
        if custom {
            call.extra
                .insert("custom".to_owned(), json!({"input": delta}));
        } else {
            call.function = Some(FunctionCall {
                arguments: Some(delta.into()),
                ..FunctionCall::default()
            });
        }
        self.call(call, out);
    }

    pub(super) fn call(&mut self, call: ToolCall, out: &mut Chunks) {
        let message = Message {
            tool_calls: vec![call],
            ..Message::default()
        };
        self.push(message, None, None, out);
    }

    fn push(
        &mut self,
        mut delta: Message,
        text: Option<String>,
        logprobs: Option<Value>,
        out: &mut Chunks,
    ) {
        self.begin(out);
        delta.content = text.map(TextOrList::Text);
        out.push(self.chunk(vec![ChunkChoice {
            delta,
            logprobs,
            ..ChunkChoice::default()
        }]));
    }

    /// Begins the answer: its first chunk tells whose it is.
    pub(super) fn begin(&mut self, out: &mut Chunks) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push(self.chunk(vec![ChunkChoice {
                delta: Message::text(Role::Assistant, ""),
                ..ChunkChoice::default()
            }]));
        }
    }

    pub(super) fn model(&mut self, response: &responses::Response) {
        if let Some(model) = response.model.as_ref().filter(|model| !model.is_empty()) {
            self.context.model.clone_from(model);
        }
    }

    fn chunk(&self, choices: Vec<ChunkChoice>) -> Chunk {
        Chunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: Some(self.created),
            model: self.context.model.clone(),
            choices,
            ..Chunk::default()
        }
    }

    /// Ends the answer with its reason, and its cost where the client asked for it.
    pub(super) fn close(
        &mut self,
        reason: &str,
        usage: Option<&responses::Usage>,
        out: &mut Chunks,
    ) {
        self.begin(out);
        out.push(self.chunk(vec![ChunkChoice {
            finish_reason: Some(reason.to_owned()),
            ..ChunkChoice::default()
        }]));
        if let Some(usage) = usage.filter(|_| self.context.include_usage) {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Some(cost(usage));
            out.push(chunk);
        }
    }

    /// Ends the answer with an error, which takes the place of a chunk.
    pub(super) fn fail(&self, fault: &UpstreamFault, out: &mut Chunks) {
        let mut chunk = self.chunk(Vec::new());
        chunk.error = fault.to_openai().get("error").cloned();
        out.push(chunk);
    }
}

fn cost(usage: &responses::Usage) -> Usage {
    Usage {
        prompt_tokens: usage.input_tokens,
        prompt_tokens_details: Some(PromptTokensDetails {
            cached_tokens: Some(usage.input_tokens_details.cached_tokens),
            extra: usage.input_tokens_details.extra.clone(),
        }),
        completion_tokens: usage.output_tokens,
        completion_tokens_details: Some(CompletionTokensDetails {
            reasoning_tokens: Some(usage.output_tokens_details.reasoning_tokens),
            extra: usage.output_tokens_details.extra.clone(),
        }),
        total_tokens: usage.total_tokens,
        extra: Extra::new(),
    }
}
