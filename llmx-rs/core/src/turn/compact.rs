//! Makes a long conversation short: what a summary of it is asked from, and what stays beside it.

use std::collections::BTreeSet;

use llmx_wire::responses::{Item, Role, TextOrList, ToolCallOutput};

/// Returns what the model is asked to summarize. Each `try_number` after the first is for a server
/// that refused the one before it as too long.
pub(super) fn to_summarize(
    conversation: &[Item],
    try_number: u32,
    instruction: Option<&str>,
) -> Vec<Item> {
    let mut items = match try_number {
        0 => conversation.to_vec(),
        1 => conversation.iter().map(with_short_output).collect(),
        more => latest(conversation, more - 1),
    };
    let instruction = instruction.unwrap_or(INSTRUCTION);
    items.push(Item::text_message(Role::User, instruction));
    items
}

/// How often a shorter conversation is tried.
pub(super) const TRIES: u32 = 4;

/// Returns the conversation that goes on with `summary`: what llmx told the model about the session,
/// what people last asked, and the summary.
pub(super) fn compacted(conversation: &[Item], summary: &str) -> Vec<Item> {
    let users: Vec<_> = conversation.iter().filter_map(user_words).collect();
    let opening = users.iter().filter(|(_, words)| is_lasting(words));
    let mut kept: Vec<Item> = opening.map(|(item, _)| (*item).clone()).collect();
    let mut budget = KEPT_BYTES;
    let mut prompts = Vec::new();
    for (item, words) in users.iter().rev() {
        if is_of_llmx(words) || words.starts_with(SUMMARY) {
            continue;
        }
        let Some(left) = budget.checked_sub(words.len()) else {
            break;
        };
        budget = left;
        prompts.push((*item).clone());
    }
    kept.extend(prompts.into_iter().rev());
    kept.push(Item::text_message(
        Role::User,
        format!("{SUMMARY}\n\n{summary}"),
    ));
    kept
}

/// Whether the conversation is what a compaction leaves, with nothing after it.
pub(super) fn is_compacted(conversation: &[Item]) -> bool {
    let last = conversation.last().and_then(user_words);
    last.is_some_and(|(_, words)| words.starts_with(SUMMARY))
}

fn user_words(item: &Item) -> Option<(&Item, String)> {
    match item {
        Item::Message(message) if message.role == Role::User => Some((item, message.text())),
        _ => None,
    }
}

/// Whether llmx said this about the session, on the user's behalf.
fn is_context(words: &str) -> bool {
    words.starts_with(ENVIRONMENT) || words.starts_with(INSTRUCTIONS) || words.starts_with(HOOK)
}

/// Whether it goes for the whole session, not for the prompt that it came with.
fn is_lasting(words: &str) -> bool {
    let of_one_prompt = words.starts_with(HOOK) && !words.starts_with(HOOK_OF_SESSION);
    is_context(words) && !of_one_prompt
}

/// Whether llmx said this on its own account, and no person would know it for theirs.
pub(crate) fn is_of_llmx(words: &str) -> bool {
    is_context(words) || words.starts_with(CORRECTION)
}

/// How llmx begins to say where the agent is and what it may.
pub(crate) const ENVIRONMENT: &str = "<environment_context>";
/// How it begins to pass standing instructions on; the directory follows.
pub(crate) const INSTRUCTIONS: &str = "# AGENTS.md instructions for ";
/// How it begins to say what is wrong with an answer.
pub(super) const CORRECTION: &str = "<answer_check>";

/// How it begins to pass on what a hook of the user says; the event follows.
pub(crate) const HOOK: &str = "<hook event=";
const HOOK_OF_SESSION: &str = "<hook event=\"SessionStart\">";

fn with_short_output(item: &Item) -> Item {
    let mut item = item.clone();
    if let Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) = &mut item {
        shorten(output);
    }
    item
}

fn shorten(output: &mut ToolCallOutput) {
    let text = match &output.output {
        TextOrList::Text(text) => text.as_str(),
        // Pictures are what takes room in a list, and a summary cannot hold them.
        TextOrList::List(_) => "(left out)",
    };
    if text.len() > 2 * SHORT_OUTPUT || matches!(output.output, TextOrList::List(_)) {
        let head: String = text.chars().take(SHORT_OUTPUT).collect();
        output.output = format!("{head}\n[the rest is left out]").into();
    }
}

/// Returns the last of the conversation: half of it, a quarter, …; answers whose calls are gone
/// are gone too.
fn latest(conversation: &[Item], halvings: u32) -> Vec<Item> {
    let kept = conversation.len().checked_shr(halvings).unwrap_or(0);
    let cut = conversation.len() - kept;
    let tail: Vec<Item> = conversation
        .iter()
        .skip(cut)
        .map(with_short_output)
        .collect();
    let calls: BTreeSet<String> = tail
        .iter()
        .filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call.call_id.clone()),
            Item::CustomToolCall(call) => Some(call.call_id.clone()),
            _ => None,
        })
        .collect();
    let is_whole = |item: &Item| match item {
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            calls.contains(&output.call_id)
        }
        _ => true,
    };
    tail.into_iter().filter(is_whole).collect()
}

const INSTRUCTION: &str = "\
The conversation is about to exceed what you can read at once. Write the note from which you will go \
on, since everything else will be gone. Call no tool. Say, in this order and as briefly as is safe:
1. What the user wants, with every condition they set.
2. What has been done: files changed (with paths), commands run and what came of them.
3. What was found out: facts about the code, names, values, error messages, decisions and their reasons.
4. What is left, step by step, beginning with what you were just about to do.";
/// How a summary begins, so that the next one does not repeat it as somebody's words.
const SUMMARY: &str = "Summary of the conversation so far, which was too long to keep:";
/// What of the user's own words stays: about 15,000 tokens.
const KEPT_BYTES: usize = 60_000;
const SHORT_OUTPUT: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(words: &str) -> Item {
        Item::text_message(Role::User, words)
    }

    fn call(id: &str) -> Item {
        serde_json::from_value(
            json!({"type": "function_call", "call_id": id, "name": "x", "arguments": "{}"}),
        )
        .unwrap()
    }

    fn output(id: &str, text: &str) -> Item {
        Item::FunctionCallOutput(ToolCallOutput {
            call_id: id.to_owned(),
            output: text.to_owned().into(),
            ..ToolCallOutput::default()
        })
    }

    fn words(items: &[Item]) -> Vec<String> {
        let text = |item: &Item| match item {
            Item::Message(message) => message.text(),
            other => other.kind().to_owned(),
        };
        items.iter().map(text).collect()
    }

    #[test]
    fn the_session_the_users_words_and_the_summary_stay() {
        let conversation = [
            user("# AGENTS.md instructions for /w"),
            user("<environment_context>"),
            user("<hook event=\"SessionStart\">\nbe kind\n</hook>"),
            user("<hook event=\"UserPromptSubmit\">\nnow\n</hook>"),
            user("first"),
            call("a"),
            output("a", "out"),
            user("second"),
        ];
        let once = compacted(&conversation, "S1");
        assert_eq!(
            words(&once),
            [
                "# AGENTS.md instructions for /w",
                "<environment_context>",
                "<hook event=\"SessionStart\">\nbe kind\n</hook>",
                "first",
                "second",
                &format!("{SUMMARY}\n\nS1"),
            ]
        );
        let twice = compacted(&once, "S2");
        assert_eq!(twice.len(), once.len());
        assert_eq!(words(&twice).last().unwrap(), &format!("{SUMMARY}\n\nS2"));
    }

    #[test]
    fn of_too_many_words_the_last_stay() {
        let long = "x".repeat(KEPT_BYTES / 2);
        let conversation = [user("old"), user(&long), user(&long), user("new")];
        let kept = words(&compacted(&conversation, "S"));
        assert_eq!((kept.len(), kept[1].as_str()), (3, "new"));
    }

    #[test]
    fn each_try_is_shorter_and_has_no_answer_without_its_call() {
        let long = "y".repeat(10_000);
        let conversation: Vec<Item> = (0..10)
            .flat_map(|n| [call(&n.to_string()), output(&n.to_string(), &long)])
            .chain([user("z")])
            .collect();
        let sizes: Vec<_> = (0..TRIES)
            .map(|n| {
                json!(to_summarize(&conversation, n, None))
                    .to_string()
                    .len()
            })
            .collect();
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        let odd = to_summarize(&conversation, 2, None);
        assert_eq!(odd[0].kind(), "function_call");
    }
}
