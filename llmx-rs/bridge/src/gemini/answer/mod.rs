//! A Gemini stream becomes a Responses stream.
//!
//! Each chunk is a small answer of its own: some parts, perhaps a reason to end, the cost so far.
//! A call comes whole in one part. A thought's signature stands on the part that it belongs to.

mod ending;

use llmx_wire::gemini::{Candidate, FinishReason, FunctionCall, Part, Response, UsageMetadata};
use llmx_wire::responses;
use serde_json::{Value, json};

use super::signature::{SEAL, Signature};
use crate::stream::{Ending, ResponsesWriter, Thought, Words};
use crate::tools::ToolTable;
use crate::{Context, Stamp, StreamBridge, StreamEnd, UpstreamFault};

/// Translates the chunks of an upstream of Gemini for a client of Responses.
#[derive(Debug)]
pub struct GeminiToResponses {
    writer: ResponsesWriter,
    tools: ToolTable,
    usage: UsageMetadata,
    stop: Option<(FinishReason, Option<String>)>,
    /// Why the server did not let the model answer.
    blocked: bool,
}

type Events = Vec<responses::StreamEvent>;

impl GeminiToResponses {
    /// Starts the translation of one answer.
    pub fn new(mut context: Context, stamp: &Stamp) -> Self {
        Self {
            writer: ResponsesWriter::new(&mut context, stamp),
            tools: context.tools,
            usage: UsageMetadata::default(),
            stop: None,
            blocked: false,
        }
    }

    fn candidate(&mut self, candidate: Candidate, out: &mut Events) -> Result<(), UpstreamFault> {
        let content = candidate.content.unwrap_or_default();
        for part in content.parts {
            self.part(part, out)?;
        }
        if let Some(reason) = candidate.finish_reason {
            self.stop = Some((reason, candidate.finish_message));
            for citation in citations(&candidate.extra) {
                self.writer.annotate(citation, out);
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Part, out: &mut Events) -> Result<(), UpstreamFault> {
        let is_thought = part.thought == Some(true);
        if let Some(text) = part.text {
            if is_thought {
                self.writer.think(Thought::Summary, &text, out)?;
            } else {
                self.writer.say(Words::Text, text, Vec::new(), out)?;
            }
        }
        let signature = part.thought_signature.filter(|it| !it.is_empty());
        match part.function_call {
            Some(call) => {
                self.sign(signature.map(Signature::Call), out)?;
                self.call(call, out)
            }
            None => self.sign(signature.map(Signature::Words), out),
        }
    }

    /// Seals a signature in the open reasoning item, or in one of its own.
    fn sign(
        &mut self,
        signature: Option<Signature>,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        let Some(signature) = signature else {
            return Ok(());
        };
        self.writer.seal(SEAL, signature.data(), out)?;
        self.writer.end_reasoning(out);
        Ok(())
    }

    fn call(&mut self, call: FunctionCall, out: &mut Events) -> Result<(), UpstreamFault> {
        if call.name.is_empty() {
            return Err(UpstreamFault::UnnamedToolCall);
        }
        let id = call.id.filter(|id| !id.is_empty());
        let key = self.writer.call(id, self.tools.target(&call.name), out)?;
        let arguments = match call.args {
            None | Some(Value::Null) => json!({}).to_string(),
            // Servers that imitate Gemini pass on what they have, which is text.
            Some(Value::String(text)) => text,
            Some(arguments) => arguments.to_string(),
        };
        self.writer.arguments(key, &arguments, out)?;
        self.writer.end_call(key, out);
        Ok(())
    }
}

impl StreamBridge for GeminiToResponses {
    type In = Response;
    type Out = responses::StreamEvent;

    fn push(&mut self, chunk: Response, out: &mut Events) -> Result<(), UpstreamFault> {
        if let Some(fault) = chunk.fault() {
            return Err(UpstreamFault::in_stream(fault));
        }
        if let Some(model) = &chunk.model_version {
            self.writer.model(model);
        }
        if let Some(usage) = &chunk.usage_metadata {
            ending::replace(&mut self.usage, usage);
        }
        self.writer.begin(out);
        if let Some(feedback) = chunk.prompt_feedback
            && feedback.block_reason.is_some()
        {
            self.blocked = true;
            let words = feedback.block_reason_message.unwrap_or_default();
            self.writer.say(Words::Refusal, words, Vec::new(), out)?;
        }
        // The request asks for one answer; a second would be mixed into it.
        let first = |candidate: &Candidate| candidate.index.unwrap_or(0) == 0;
        for candidate in chunk.candidates.into_iter().filter(first) {
            self.candidate(candidate, out)?;
        }
        Ok(())
    }

    fn is_closing(&self) -> bool {
        self.stop.is_some()
    }

    fn finish(mut self, end: StreamEnd, out: &mut Events) {
        if let Some(usage) = ending::usage(&self.usage) {
            self.writer.usage(usage);
        }
        let has_output = self.writer.has_output();
        let ending = match (end.after_reason(self.is_closing()), self.stop) {
            (StreamEnd::Broken(fault), _) => Ending::Failed(fault),
            _ if self.blocked => Ending::Incomplete("content_filter"),
            (_, Some((reason, message))) => ending::of(&reason, message, has_output),
            (StreamEnd::Done, None) if has_output => Ending::Completed,
            _ => Ending::Failed(UpstreamFault::CutOff),
        };
        self.writer.finish(ending, out);
    }
}

/// Reads the sources that an answer cites, as remarks of the kind that Responses has for them.
fn citations(candidate: &crate::Object) -> Vec<Value> {
    let sources = candidate
        .get("citationMetadata")
        .and_then(|it| it.get("citationSources").or_else(|| it.get("citations")))
        .and_then(Value::as_array);
    let cite = |source: &Value| {
        let url = source.get("uri")?.as_str()?;
        Some(json!({
            "type": "url_citation",
            "url": url,
            "title": source.get("title").and_then(Value::as_str).unwrap_or(url),
            "start_index": source.get("startIndex").and_then(Value::as_u64).unwrap_or(0),
            "end_index": source.get("endIndex").and_then(Value::as_u64).unwrap_or(0),
        }))
    };
    sources.into_iter().flatten().filter_map(cite).collect()
}
