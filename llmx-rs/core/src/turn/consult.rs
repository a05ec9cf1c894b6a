//! Where the user's hooks have a word: before a prompt is taken up, before the agent stops, before
//! a conversation is summarized.

use llmx_protocol::{ErrorCode, Prompt, ThreadError, ThreadEvent};
use llmx_wire::responses::{Item, Role};

use super::compact::HOOK;
use super::vocabulary::{Advice, Checkpoint, Checkpoints, Effect};
use super::{Machine, Phase};

/// What waits for the advice of hooks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matter {
    /// To take up this prompt.
    Prompt(Prompt),
    /// To end the turn.
    Stop,
    /// To summarize the conversation.
    Summary {
        /// Whether the turn goes on with it.
        goes_on: bool,
    },
}

impl Machine {
    /// Asks the user's hooks at these points.
    pub fn consult_at(&mut self, checkpoints: Checkpoints) {
        self.checkpoints = checkpoints;
    }

    pub(super) fn consult(&mut self, matter: Matter, effects: &mut Vec<Effect>) {
        let checkpoint = match &matter {
            Matter::Prompt(prompt) => Checkpoint::Prompt(prompt.text.clone()),
            Matter::Stop => Checkpoint::Stop {
                last_message: self.last_message(),
                is_going_on: self.went_on > 0,
            },
            Matter::Summary { goes_on } => Checkpoint::Compact {
                is_automatic: *goes_on,
            },
        };
        effects.push(Effect::Consult(checkpoint));
        self.phase = Phase::Consulting(matter);
    }

    /// Ends the turn, unless hooks are to be asked about that.
    pub(super) fn finish(&mut self, effects: &mut Vec<Effect>) {
        if self.checkpoints.stop {
            self.consult(Matter::Stop, effects);
        } else {
            self.complete(effects);
        }
    }

    pub(super) fn consulted(&mut self, advice: Advice, effects: &mut Vec<Effect>) {
        let Phase::Consulting(matter) = &self.phase else {
            return;
        };
        match (matter.clone(), advice) {
            (Matter::Prompt(prompt), Advice::GoOn { context }) => {
                let context = context.into_iter();
                let context = context.map(|text| Item::text_message(Role::User, text));
                self.take_up(prompt, context.collect(), effects);
                self.ask(effects);
            }
            (Matter::Prompt(_), Advice::Block { reason }) => {
                self.fail(blocked("a hook refused the prompt", &reason), effects);
            }
            (Matter::Stop, Advice::GoOn { .. }) => self.complete(effects),
            (Matter::Stop, Advice::Block { reason }) => self.go_on(&reason, effects),
            (Matter::Summary { goes_on }, Advice::GoOn { .. }) => {
                self.begin_summary(goes_on, effects);
            }
            (Matter::Summary { .. }, Advice::Block { reason }) => {
                let what = "a hook refused the summary that the conversation needs";
                self.fail(blocked(what, &reason), effects);
            }
        }
    }

    /// Has the agent go on because a hook wants more, but not for ever.
    fn go_on(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        if self.went_on >= MOST_STOPS {
            let message = format!(
                "a Stop hook wants more, but the turn ends: {MOST_STOPS} times are enough ({reason})"
            );
            effects.push(Effect::Emit(ThreadEvent::Error { message }));
            self.complete(effects);
            return;
        }
        self.went_on = self.went_on.saturating_add(1);
        let words = format!("{HOOK}\"Stop\">\n{reason}\n</hook>");
        self.append(Item::text_message(Role::User, words), effects);
        let message = format!("a Stop hook has the agent go on: {reason}");
        effects.push(Effect::Emit(ThreadEvent::Error { message }));
        self.ask(effects);
    }

    fn last_message(&self) -> Option<String> {
        self.conversation.iter().rev().find_map(|item| match item {
            Item::Message(message) if message.role == Role::Assistant => Some(message.text()),
            _ => None,
        })
    }
}

fn blocked(what: &str, reason: &str) -> ThreadError {
    ThreadError {
        message: format!("{what}: {reason}"),
        code: Some(ErrorCode::Blocked),
    }
}

/// How often in one turn hooks may have the agent go on: one that never is content would have it
/// work, and cost, for ever.
const MOST_STOPS: u32 = 5;
