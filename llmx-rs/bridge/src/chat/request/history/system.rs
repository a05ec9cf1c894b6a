//! Where the words of the program around the model go.

use llmx_wire::chat::{Message, Role};

use crate::SystemMerge;

/// The system messages of a conversation under way.
pub(super) struct System {
    merge: SystemMerge,
    leading: Vec<String>,
    began: bool,
}

impl System {
    pub(super) fn new(merge: SystemMerge, instructions: Option<&str>) -> Self {
        let leading = instructions.filter(|text| !text.trim().is_empty());
        Self {
            merge,
            leading: leading.into_iter().map(str::to_owned).collect(),
            began: false,
        }
    }

    /// Says that someone else has spoken: what follows is no longer at the beginning.
    pub(super) fn conversation_began(&mut self) {
        self.began = true;
    }

    pub(super) fn say(&mut self, text: String, out: &mut Vec<Message>) {
        if text.trim().is_empty() {
            return;
        }
        match self.merge {
            SystemMerge::Fold if self.began => out.push(marked(&text)),
            SystemMerge::Fold | SystemMerge::Hoist => self.leading.push(text),
            SystemMerge::Inline => out.push(Message::text(Role::System, text)),
            SystemMerge::AsUser => out.push(marked(&text)),
        }
    }

    /// Puts what leads the conversation in front of it.
    pub(super) fn lead(self, conversation: Vec<Message>) -> Vec<Message> {
        if self.leading.is_empty() {
            return conversation;
        }
        let text = self.leading.join("\n\n");
        let first = match self.merge {
            SystemMerge::AsUser => marked(&text),
            _ => Message::text(Role::System, text),
        };
        [first].into_iter().chain(conversation).collect()
    }
}

/// A user message that says whose words it holds.
fn marked(text: &str) -> Message {
    let text = format!("<system_message>\n{text}\n</system_message>");
    Message::text(Role::User, text)
}
