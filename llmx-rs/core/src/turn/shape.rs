//! Holds the last answer of a turn to the shape that was asked for: it is checked, and the model may
//! correct it once.

use llmx_protocol::{ErrorCode, ThreadError, ThreadEvent};
use llmx_wire::responses::{Item, Role};

use super::compact::CORRECTION;
use super::vocabulary::Effect;
use super::{Machine, Phase};

/// What is asked of answers, and how the turn stands to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    is_asked_for: bool,
    /// Whether the model was told in this turn that its answer is wrong.
    was_corrected: bool,
}

impl Shape {
    pub(super) fn begin(&mut self) {
        self.was_corrected = false;
    }
}

impl Machine {
    /// Completes turns only with answers that were checked; see [`Effect::CheckAnswer`].
    pub fn check_answers(&mut self) {
        self.shape.is_asked_for = true;
    }

    /// Ends the turn with an answer that calls nothing, or has it checked first.
    pub(super) fn conclude(&mut self, effects: &mut Vec<Effect>) {
        if self.shape.is_asked_for {
            effects.push(Effect::CheckAnswer(last_words(&self.conversation)));
            self.phase = Phase::Checking;
        } else {
            self.finish(effects);
        }
    }

    pub(super) fn answer_checked(&mut self, faults: &[String], effects: &mut Vec<Effect>) {
        if self.phase != Phase::Checking {
            return;
        }
        if faults.is_empty() {
            self.finish(effects);
            return;
        }
        let told = faults.join("; ");
        if std::mem::replace(&mut self.shape.was_corrected, true) {
            let message =
                format!("the answer does not match the output schema, even corrected: {told}");
            let code = Some(ErrorCode::OutputSchema);
            self.fail(ThreadError { message, code }, effects);
            return;
        }
        self.append(
            Item::text_message(Role::User, correction(faults).as_str()),
            effects,
        );
        let message =
            format!("the answer does not match the output schema and must be corrected: {told}");
        effects.push(Effect::Emit(ThreadEvent::Error { message }));
        self.ask(effects);
    }
}

/// Returns what the model said last, if nothing was said to it since.
fn last_words(conversation: &[Item]) -> String {
    let answer = conversation.iter().rev().take_while(|item| match item {
        Item::Message(message) => message.role == Role::Assistant,
        Item::FunctionCallOutput(_) | Item::CustomToolCallOutput(_) => false,
        _ => true,
    });
    let mut words = answer.filter_map(|item| match item {
        Item::Message(message) => Some(message.text()).filter(|text| !text.is_empty()),
        _ => None,
    });
    words.next().unwrap_or_default()
}

fn correction(faults: &[String]) -> String {
    let faults = faults.join("\n- ");
    format!(
        "{CORRECTION}\nYour answer does not match the JSON schema that it must match:\n- {faults}\n\
         Answer with the corrected JSON and nothing else: no words around it, no code fence.\n\
         </answer_check>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_those_of_the_last_answer() {
        let said = |role, text: &str| Item::text_message(role, text);
        let conversation = [
            said(Role::Assistant, "old"),
            said(Role::User, "hi"),
            said(Role::Assistant, "one"),
            said(Role::Assistant, "two"),
            said(Role::Assistant, ""),
        ];
        assert_eq!(last_words(&conversation), "two");
        assert_eq!(last_words(&conversation[..2]), "");
    }
}
