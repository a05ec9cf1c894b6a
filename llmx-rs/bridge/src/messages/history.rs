//! The conversation on its way to Messages: turns that alternate, none of them empty, each opening
//! with the results of the calls before it.

use llmx_wire::messages::{ContentBlock, Message, Role, Text, ToolResult, ToolUse};
use llmx_wire::responses::{self, ContentPart, Item, TextOrList};
use serde_json::Value;

use super::{cache, media, thinking};
use crate::seal::Origin;
use crate::tools::ToolTable;
use crate::turns::{
    Call, Heard, Input, NO_RESULT, Output, STRAY_RESULT, Said, Turn, as_program, broken_call,
    leading, told, turns,
};
use crate::{ClientFault, Extra, LossReport, Options, SystemMerge};

/// The conversation as Messages takes it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) system: Vec<ContentBlock>,
    pub(super) messages: Vec<Message>,
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
        let mut blocks = Vec::new();
        for said in said {
            match said {
                Said::Words(at, message) => {
                    blocks.extend(self.spoken(at, message)?);
                }
                Said::Thought(_, reasoning) => {
                    blocks.extend(thinking::block(
                        reasoning,
                        self.origin,
                        self.options,
                        self.losses,
                    ));
                }
                Said::Call(_, call) => blocks.push(self.call(call)),
                Said::Other(at, object) => {
                    blocks.extend(told(at, object, self.losses)?.map(ContentBlock::text));
                }
            }
        }
        thinking::trim(&mut blocks, self.losses);
        self.push(Role::Assistant, blocks);
        Ok(())
    }

    /// Translates what the model said; an assistant's turn holds words alone.
    fn spoken(
        &mut self,
        at: usize,
        message: &responses::Message,
    ) -> Result<Vec<ContentBlock>, ClientFault> {
        let mut blocks = parts(&message.content, at, self.losses)?;
        let held = blocks.len();
        blocks.retain(|block| matches!(block, ContentBlock::Text(_)));
        if blocks.len() < held {
            let reason = "an assistant message holds words alone";
            self.losses.dropped("input[].content[]", reason);
        }
        Ok(blocks)
    }

    fn client(&mut self, heard: Vec<Heard<'_>>) -> Result<(), ClientFault> {
        let mut results = Vec::new();
        let mut words = Vec::new();
        for heard in heard {
            match heard {
                // Its call became words, so its result does too.
                Heard::Result(call, output) if call.is_broken => {
                    words.extend(self.stray(output)?);
                }
                Heard::Result(call, output) => results.push(self.result(call.id, output)?),
                Heard::Stray(at, output) => {
                    self.losses
                        .lowered("input[].call_id", "its call is missing; it became words");
                    words.extend(self.stray(Some((at, output)))?);
                }
                Heard::Words(at, message) if message.role == responses::Role::User => {
                    words.extend(parts(&message.content, at, self.losses)?);
                }
                Heard::Words(at, message) => {
                    results.append(&mut words);
                    self.program(at, message, &mut results)?;
                }
                Heard::Other(at, object) => {
                    words.extend(told(at, object, self.losses)?.map(ContentBlock::text));
                }
            }
        }
        results.append(&mut words);
        self.push(Role::User, results);
        Ok(())
    }

    /// Places words of the program around the model; `before` is what the turn holds so far.
    fn program(
        &mut self,
        at: usize,
        message: &responses::Message,
        before: &mut Vec<ContentBlock>,
    ) -> Result<(), ClientFault> {
        let blocks = parts(&message.content, at, self.losses)?;
        let leads = at < self.leading;
        match self.options.system {
            SystemMerge::Hoist => self.history.system.extend(blocks),
            SystemMerge::Fold | SystemMerge::Inline if leads => self.history.system.extend(blocks),
            SystemMerge::Inline => {
                self.push(Role::User, std::mem::take(before));
                self.push(Role::System, blocks);
            }
            SystemMerge::Fold | SystemMerge::AsUser => {
                before.extend(blocks.into_iter().map(marked));
            }
        }
        Ok(())
    }

    fn call(&mut self, call: Call) -> ContentBlock {
        let name = self.tools.wire_name(&call.target);
        match call.input {
            Input::Object(input) => ContentBlock::ToolUse(ToolUse {
                id: call.id,
                name,
                input: Value::Object(input),
                ..ToolUse::default()
            }),
            Input::Broken(text) => {
                let reason = "its arguments are not a JSON object; it became words";
                self.losses.lowered("input[].arguments", reason);
                ContentBlock::text(broken_call(&name, &text))
            }
        }
    }

    fn result(
        &mut self,
        tool_use_id: String,
        output: Option<(usize, Output<'_>)>,
    ) -> Result<ContentBlock, ClientFault> {
        let Some((at, output)) = output else {
            let reason = "the call has no result; the upstream is told so";
            self.losses.lowered("input[].call_id", reason);
            return Ok(ContentBlock::ToolResult(ToolResult {
                tool_use_id,
                content: Some(vec![ContentBlock::text(NO_RESULT)].into()),
                is_error: Some(true),
                ..ToolResult::default()
            }));
        };
        let blocks = parts(&output.content(self.tools), at, self.losses)?;
        Ok(ContentBlock::ToolResult(ToolResult {
            tool_use_id,
            content: (!blocks.is_empty()).then(|| blocks.into()),
            is_error: output.failed().then_some(true),
            ..ToolResult::default()
        }))
    }

    fn stray(
        &mut self,
        output: Option<(usize, Output<'_>)>,
    ) -> Result<Vec<ContentBlock>, ClientFault> {
        let Some((at, output)) = output else {
            return Ok(vec![ContentBlock::text(NO_RESULT)]);
        };
        let mut blocks = vec![ContentBlock::text(STRAY_RESULT)];
        blocks.extend(parts(&output.content(self.tools), at, self.losses)?);
        Ok(blocks)
    }

    /// Adds a turn, or to the last one if it is the same side's; an empty turn is none.
    fn push(&mut self, role: Role, blocks: Vec<ContentBlock>) {
        if blocks.is_empty() {
            return;
        }
        match self.history.messages.last_mut() {
            Some(Message {
                role: last,
                content: TextOrList::List(held),
                ..
            }) if *last == role => held.extend(blocks),
            _ => self.history.messages.push(Message {
                role,
                content: blocks.into(),
                extra: Extra::new(),
            }),
        }
    }
}

/// Translates the parts of a message or of a result; empty words are left out, since Messages
/// refuses them.
fn parts(
    content: &TextOrList<ContentPart>,
    at: usize,
    losses: &mut LossReport,
) -> Result<Vec<ContentBlock>, ClientFault> {
    let parts = match content {
        TextOrList::Text(text) => return Ok(words(text, None).into_iter().collect()),
        TextOrList::List(parts) => parts,
    };
    let mut blocks = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let path = || format!("input[{at}].content[{index}]");
        match part {
            ContentPart::InputImage(image) => blocks.push(media::image(image, &path(), losses)?),
            ContentPart::Unknown(object) if part.kind() == "input_file" => {
                blocks.push(media::file(object, &path(), losses)?);
            }
            ContentPart::Unknown(_) => {
                let reason = format!("Messages has no place for `{}`", part.kind());
                return Err(ClientFault::unsupported(path(), reason));
            }
            ContentPart::InputText(text) => {
                let mark = cache::of_client(&text.extra, losses);
                blocks.extend(words(&text.text, mark));
            }
            ContentPart::Refusal(refusal) => {
                losses.lowered("input[].content[].refusal", "it is told as text");
                blocks.extend(words(&refusal.refusal, None));
            }
            other => blocks.extend(words(other.text().unwrap_or_default(), None)),
        }
    }
    Ok(blocks)
}

fn words(
    text: &str,
    cache_control: Option<llmx_wire::messages::CacheControl>,
) -> Option<ContentBlock> {
    (!text.trim().is_empty()).then(|| {
        ContentBlock::Text(Text {
            text: text.to_owned(),
            cache_control,
            extra: Extra::new(),
        })
    })
}

/// Tells words of the program from those of the person, where both stand in the person's turn.
pub(super) fn marked(block: ContentBlock) -> ContentBlock {
    match block {
        ContentBlock::Text(mut text) => {
            text.text = as_program(&text.text);
            ContentBlock::Text(text)
        }
        other => other,
    }
}
