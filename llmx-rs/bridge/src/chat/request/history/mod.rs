//! The items of a conversation become messages.
//!
//! Responses lists what happened; Chat wants turns: one assistant message with everything that the
//! model said and called, its results right after it, in the order of the calls. Nothing here
//! depends on what comes later in the conversation but the pairing of calls and outputs, so that a
//! turn keeps its bytes, and with them the upstream's cache, when the next one is added.

mod content;
mod foreign;
mod pairing;
mod system;
mod turn;

use llmx_wire::chat::{self, Part, Role as ChatRole};
use llmx_wire::responses::{Item, Message, Reasoning, Request, Role, TextOrList, ToolCallOutput};

use self::foreign::Foreign;
use self::pairing::Pairing;
use self::system::System;
use self::turn::{Call, Turn};
use crate::seal::{Origin, Seal, Shut};
use crate::tools::{Kind, Target, ToolTable};
use crate::{ClientFault, LossReport, Options};

/// Translates `instructions` and `input`.
pub(super) fn messages(
    request: &Request,
    table: &ToolTable,
    origin: &Origin,
    options: &Options,
    losses: &mut LossReport,
) -> Result<Vec<chat::Message>, ClientFault> {
    let items = match &request.input {
        TextOrList::List(items) => items.as_slice(),
        TextOrList::Text(_) => &[],
    };
    let mut walk = Walk {
        items,
        table,
        origin,
        options,
        losses,
        pairing: Pairing::of(items),
        system: System::new(options.system, request.instructions.as_deref()),
        turn: Turn::default(),
        out: Vec::with_capacity(items.len().max(1)),
    };
    for (position, item) in items.iter().enumerate() {
        walk.item(position, item)?;
    }
    if let TextOrList::Text(text) = &request.input {
        walk.said_by_user(content::plain(text))?;
    }
    walk.end_turn()?;
    Ok(walk.system.lead(walk.out))
}

/// The conversation up to one item.
struct Walk<'a> {
    items: &'a [Item],
    table: &'a ToolTable,
    origin: &'a Origin,
    options: &'a Options,
    losses: &'a mut LossReport,
    pairing: Pairing,
    system: System,
    /// What the model did since anyone else spoke.
    turn: Turn,
    out: Vec<chat::Message>,
}

impl Walk<'_> {
    fn item(&mut self, position: usize, item: &Item) -> Result<(), ClientFault> {
        match item {
            Item::Message(message) => self.message(position, message),
            Item::Reasoning(reasoning) => self.reasoning(reasoning),
            Item::FunctionCall(call) => {
                let namespace = call.namespace.as_deref();
                let target = Target::new(Kind::Function, namespace, &call.name);
                self.call(position, &target, call.arguments.clone())
            }
            Item::CustomToolCall(call) => {
                let namespace = call.namespace.as_deref();
                let target = Target::new(Kind::Custom, namespace, &call.name);
                let arguments = serde_json::json!({"input": call.input}).to_string();
                self.call(position, &target, arguments)
            }
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                self.output(position, output)
            }
            Item::Unknown(object) => {
                match foreign::read(position, item.kind(), object, self.table)? {
                    Foreign::Nothing => Ok(()),
                    Foreign::Call(target, arguments) => self.call(position, &target, arguments),
                    Foreign::Output(output) => self.output(position, &output),
                    Foreign::Lost(reason) => {
                        self.losses
                            .dropped(format!("input[].{}", item.kind()), reason);
                        Ok(())
                    }
                    Foreign::Told(text) => {
                        let path = format!("input[].{}", item.kind());
                        self.losses.lowered(path, "it is told as text");
                        self.user(chat::Message::text(ChatRole::User, text))
                    }
                }
            }
        }
    }

    fn message(&mut self, position: usize, message: &Message) -> Result<(), ClientFault> {
        match &message.role {
            Role::Assistant => {
                self.begin_step()?;
                self.turn.say(&content::spoken(message, self.losses));
                Ok(())
            }
            Role::System | Role::Developer => {
                let text = content::words(position, message, self.losses)?;
                self.end_turn()?;
                self.system.say(text, &mut self.out);
                Ok(())
            }
            Role::User | Role::Other(_) => {
                let content = content::user(position, &message.content, self.losses)?;
                self.said_by_user(content)
            }
        }
    }

    fn said_by_user(&mut self, content: Option<TextOrList<Part>>) -> Result<(), ClientFault> {
        if content.is_none() {
            self.losses.dropped("input[].message", "it is empty");
            return Ok(());
        }
        self.user(chat::Message {
            role: Some(ChatRole::User),
            content,
            ..chat::Message::default()
        })
    }

    fn user(&mut self, message: chat::Message) -> Result<(), ClientFault> {
        self.end_turn()?;
        self.system.conversation_began();
        self.out.push(message);
        Ok(())
    }

    fn reasoning(&mut self, reasoning: &Reasoning) -> Result<(), ClientFault> {
        let opened = match &reasoning.encrypted_content {
            None => Err("nothing tells which model it came from"),
            Some(_) if !self.options.replay_reasoning => Err("this upstream wants none back"),
            Some(sealed) => Seal::open(sealed, self.origin).map_err(|shut| match shut {
                Shut::Foreign => "only the provider that sealed it can read it",
                Shut::Mismatch => "it belongs to another provider or model",
            }),
        };
        match opened {
            Ok(seal) => {
                self.begin_step()?;
                self.turn.think(seal);
            }
            Err(reason) => self.losses.dropped("input[].reasoning", reason),
        }
        Ok(())
    }

    fn call(
        &mut self,
        position: usize,
        target: &Target,
        arguments: String,
    ) -> Result<(), ClientFault> {
        self.begin_step()?;
        self.turn.call(Call {
            position,
            name: self.table.wire_name(target),
            arguments,
        });
        Ok(())
    }

    /// An output is told with the call that it answers; one without a call becomes user text.
    fn output(&mut self, position: usize, output: &ToolCallOutput) -> Result<(), ClientFault> {
        if self.pairing.is_answer(position) {
            // A result that stands before its call ends no turn: the call is still to come.
            self.turn.answered |= self.turn.has_calls();
            return Ok(());
        }
        self.losses
            .lowered("input[].output", "it answers no call and is told as text");
        let result = content::result(position, output, self.losses)?;
        let intro = format!(
            "Output of a tool call that is not part of this conversation ({}):",
            output.call_id
        );
        let text = format!("{intro}\n{}", result.text);
        self.user(content::with_attachments(text, result.attachments))
    }

    /// The model acts: if it has results since it last did, that was the step before.
    fn begin_step(&mut self) -> Result<(), ClientFault> {
        if self.turn.answered {
            self.end_turn()?;
        }
        self.system.conversation_began();
        Ok(())
    }

    fn end_turn(&mut self) -> Result<(), ClientFault> {
        let turn = std::mem::take(&mut self.turn);
        turn.tell(self)
    }
}
