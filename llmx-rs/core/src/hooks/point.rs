//! The points of a turn besides its calls: what hooks are told there, and what their advice is.

use llmx_config::HookEvent;
use serde_json::{Map, Value, json};

use super::{Counsel, Hooks, Ruling};
use crate::turn::{Advice, Checkpoint, HOOK};

/// Asks the hooks of a point; returns notices for people, and the advice.
pub(crate) async fn advise(hooks: &Hooks, checkpoint: Checkpoint) -> (Vec<String>, Advice) {
    match checkpoint {
        Checkpoint::Prompt(prompt) => of_prompt(hooks, &prompt).await,
        Checkpoint::Stop {
            last_message,
            is_going_on,
        } => {
            let told = [
                ("last_assistant_message", json!(last_message)),
                ("stop_hook_active", json!(is_going_on)),
            ];
            let counsel = hooks.ask(HookEvent::Stop, &[], map(told)).await;
            (counsel.notices, advice(counsel.ruling, Vec::new()))
        }
        Checkpoint::Compact { is_automatic } => {
            let trigger = if is_automatic { "auto" } else { "manual" };
            let told = map([("trigger", json!(trigger))]);
            let counsel = hooks.ask(HookEvent::PreCompact, &[trigger], told).await;
            (counsel.notices, advice(counsel.ruling, Vec::new()))
        }
    }
}

/// Asks about a prompt; before the first one also about the session.
async fn of_prompt(hooks: &Hooks, prompt: &str) -> (Vec<String>, Advice) {
    let (mut notices, mut context) = (Vec::new(), Vec::new());
    if !hooks.has_begun() {
        let event = HookEvent::SessionStart;
        let told = map([("source", json!(hooks.source))]);
        let counsel = hooks.ask(event, &[hooks.source], told).await;
        notices.extend(counsel.notices.iter().cloned());
        context.extend(context_of(event, &counsel));
        if let Ruling::Block(reason) = counsel.ruling {
            return (notices, Advice::Block { reason });
        }
    }
    let event = HookEvent::UserPromptSubmit;
    let counsel = hooks
        .ask(event, &[], map([("prompt", json!(prompt))]))
        .await;
    context.extend(context_of(event, &counsel));
    notices.extend(counsel.notices);
    let advice = advice(counsel.ruling, context);
    // What the hooks of the beginning say goes with a prompt, and this one is refused.
    if !matches!(advice, Advice::Block { .. }) {
        hooks.begin();
    }
    (notices, advice)
}

fn advice(ruling: Ruling, context: Vec<String>) -> Advice {
    match ruling {
        Ruling::Block(reason) => Advice::Block { reason },
        // Only calls know the other rulings.
        Ruling::Nothing | Ruling::Ask(_) | Ruling::Unknown(_) => Advice::GoOn { context },
    }
}

/// Returns what the model is told of it.
fn context_of(event: HookEvent, counsel: &Counsel) -> Option<String> {
    let words = counsel.context.join("\n\n");
    (!words.is_empty()).then(|| format!("{HOOK}\"{}\">\n{words}\n</hook>", event.name()))
}

pub(super) fn map<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    pairs.into_iter().collect()
}
