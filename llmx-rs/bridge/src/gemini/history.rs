//! The conversation on its way to Gemini: turns that alternate, none of them empty, each opening
//! with the results of the calls before it.

use llmx_wire::gemini::{Content, FunctionCall, FunctionResponse, Part};
use llmx_wire::responses::{ContentPart, Item, Message, Role, TextOrList};
use serde_json::{Value, json};

use super::media::media;
use super::signature::Signature;
use super::tools::CACHES_ALONE;
use crate::seal::Origin;
use crate::tools::ToolTable;
use crate::turns::{
    Call, Heard, Input, Made, NO_RESULT, Output, STRAY_RESULT, Said, Turn, as_program, broken_call,
    leading, told, turns,
};
use crate::{ClientFault, Extra, LossReport, Options, SystemMerge};

/// The conversation as Gemini takes it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) system: Vec<Part>,
    pub(super) contents: Vec<Content>,
}

/// Translates `items`.
pub(super) fn translate(
    items: &[Item],
    options: &Options,
    origin: &Origin,
    tools: &ToolTable,
    losses: &mut LossReport,
) -> Result<History, ClientFault> {
    let mut writer = Writer {
        leading: leading(items),
        options,
        origin,
        tools,
        losses,
        history: History::default(),
    };
    for turn in turns(items) {
        match turn {
            Turn::Model(said) => writer.model(said)?,
            Turn::Client(heard) => writer.client(heard)?,
        }
    }
    Ok(writer.history)
}

struct Writer<'a> {
    /// How many items stand before the conversation proper.
    leading: usize,
    options: &'a Options,
    origin: &'a Origin,
    tools: &'a ToolTable,
    losses: &'a mut LossReport,
    history: History,
}

impl Writer<'_> {
    fn model(&mut self, said: Vec<Said<'_>>) -> Result<(), ClientFault> {
        let mut parts = Vec::new();
        let mut signature = None;
        for said in said {
            match said {
                Said::Words(at, message) => parts.extend(self.parts(&message.content, at)?),
                Said::Thought(_, reasoning) => {
                    match Signature::open(reasoning, self.origin, self.options, self.losses) {
                        Some(Signature::Call(of_call)) => signature = Some(of_call),
                        Some(of_words) => parts.extend(of_words.part()),
                        None => {}
                    }
                }
                Said::Call(_, call) => {
                    let mut part = self.call(call);
                    part.thought_signature = signature.take();
                    parts.push(part);
                }
                Said::Other(at, object) => {
                    parts.extend(told(at, object, self.losses)?.map(Part::text));
                }
            }
        }
        let says_something = |part: &Part| part.text.as_deref() != Some("");
        if parts.iter().any(says_something) {
            self.push("model", parts);
        } else if !parts.is_empty() {
            self.losses
                .dropped("input[].reasoning", "nothing stands beside it");
        }
        Ok(())
    }

    fn client(&mut self, heard: Vec<Heard<'_>>) -> Result<(), ClientFault> {
        let mut results = Vec::new();
        let mut rest = Vec::new();
        for heard in heard {
            match heard {
                // Its call became words, so its result does too.
                Heard::Result(call, output) if call.is_broken => rest.extend(self.stray(output)?),
                Heard::Result(call, output) => {
                    results.push(self.result(call, output, &mut rest)?);
                }
                Heard::Stray(at, output) => {
                    let reason = "its call is missing; it became words";
                    self.losses.lowered("input[].call_id", reason);
                    rest.extend(self.stray(Some((at, output)))?);
                }
                Heard::Words(at, message) if message.role == Role::User => {
                    rest.extend(self.parts(&message.content, at)?);
                }
                Heard::Words(at, message) => self.program(at, message, &mut rest)?,
                Heard::Other(at, object) => {
                    rest.extend(told(at, object, self.losses)?.map(Part::text));
                }
            }
        }
        results.extend(rest);
        self.push("user", results);
        Ok(())
    }

    /// Places words of the program around the model; Gemini has no place for them in a turn.
    fn program(
        &mut self,
        at: usize,
        message: &Message,
        rest: &mut Vec<Part>,
    ) -> Result<(), ClientFault> {
        let parts = self.parts(&message.content, at)?;
        let leads = at < self.leading && self.options.system != SystemMerge::AsUser;
        if leads || self.options.system == SystemMerge::Hoist {
            self.history.system.extend(parts);
        } else {
            rest.extend(parts.into_iter().map(marked));
        }
        Ok(())
    }

    fn call(&mut self, call: Call) -> Part {
        let name = self.tools.wire_name(&call.target);
        match call.input {
            Input::Object(args) => Part {
                function_call: Some(FunctionCall {
                    id: Some(call.id),
                    name,
                    args: Some(Value::Object(args)),
                    extra: Extra::new(),
                }),
                ..Part::default()
            },
            Input::Broken(text) => {
                let reason = "its arguments are not a JSON object; it became words";
                self.losses.lowered("input[].arguments", reason);
                Part::text(broken_call(&name, &text))
            }
        }
    }

    /// Translates a result; what is not words in it follows the results of the turn.
    fn result(
        &mut self,
        call: Made,
        output: Option<(usize, Output<'_>)>,
        rest: &mut Vec<Part>,
    ) -> Result<Part, ClientFault> {
        let response = match output {
            None => {
                let reason = "the call has no result; the upstream is told so";
                self.losses.lowered("input[].call_id", reason);
                json!({"error": NO_RESULT})
            }
            Some((at, output)) => {
                let mut words = Vec::new();
                for part in self.parts(&output.content(self.tools), at)? {
                    match part.text {
                        Some(text) => words.push(text),
                        None => {
                            words.push(format!(
                                "[Part {} of what follows the results.]",
                                rest.len() + 1
                            ));
                            rest.push(part);
                        }
                    }
                }
                let field = if output.failed() { "error" } else { "output" };
                json!({field: words.join("\n")})
            }
        };
        Ok(Part {
            function_response: Some(FunctionResponse {
                id: Some(call.id),
                name: self.tools.wire_name(&call.target),
                response,
                ..FunctionResponse::default()
            }),
            ..Part::default()
        })
    }

    fn stray(&mut self, output: Option<(usize, Output<'_>)>) -> Result<Vec<Part>, ClientFault> {
        let Some((at, output)) = output else {
            return Ok(vec![Part::text(NO_RESULT)]);
        };
        let mut parts = vec![Part::text(STRAY_RESULT)];
        parts.extend(self.parts(&output.content(self.tools), at)?);
        Ok(parts)
    }

    /// Translates the parts of a message or of a result; empty words are left out.
    fn parts(
        &mut self,
        content: &TextOrList<ContentPart>,
        at: usize,
    ) -> Result<Vec<Part>, ClientFault> {
        let words = |text: &str| (!text.trim().is_empty()).then(|| Part::text(text));
        let parts = match content {
            TextOrList::Text(text) => return Ok(words(text).into_iter().collect()),
            TextOrList::List(parts) => parts,
        };
        let fetches = self.options.gemini.fetches_media;
        let mut out = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            if part.marks_cache() {
                let path = "input[].content[].cache_control";
                self.losses.dropped(path, CACHES_ALONE);
            }
            if let ContentPart::Refusal(_) = part {
                let reason = "it is told as text";
                self.losses.lowered("input[].content[].refusal", reason);
            }
            match part.text() {
                Some(text) => out.extend(words(text)),
                None => {
                    let path = format!("input[{at}].content[{index}]");
                    out.push(media(part, &path, fetches, self.losses)?);
                }
            }
        }
        Ok(out)
    }

    /// Adds a turn, or to the last one if it is the same side's; an empty turn is none.
    fn push(&mut self, role: &str, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        match self.history.contents.last_mut() {
            Some(last) if last.role.as_deref() == Some(role) => last.parts.extend(parts),
            _ => self.history.contents.push(turn(role, parts)),
        }
    }
}

pub(super) fn turn(role: &str, parts: Vec<Part>) -> Content {
    Content {
        role: Some(role.to_owned()),
        parts,
        extra: Extra::new(),
    }
}

/// Tells words of the program from those of the person, where both stand in the person's turn.
pub(super) fn marked(part: Part) -> Part {
    match part.text {
        Some(text) => Part::text(as_program(&text)),
        None => part,
    }
}
