//! Collects one streamed answer of the model until it is whole.
//!
//! An answer takes effect whole or not at all. Nothing of it is recorded, shown or run before the
//! server says that it is complete, so an answer that is cut off leaves no trace, asking again
//! repeats nothing, and no call can run twice.

use llmx_wire::responses::{Item, Response, StreamEvent, Usage};

use super::vocabulary::{Fault, Retry};

/// The items received so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    items: Vec<Item>,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// It is whole.
    Completed { items: Vec<Item>, usage: Usage },
    /// It stopped early; these items are worth keeping.
    Incomplete {
        items: Vec<Item>,
        usage: Usage,
        fault: Fault,
    },
    /// It failed.
    Failed { usage: Usage, fault: Fault },
}

impl Answer {
    /// Applies one event; returns the outcome if that event was the last one.
    pub(super) fn push(&mut self, event: StreamEvent) -> Option<Outcome> {
        match event {
            StreamEvent::OutputItemDone(event) => self.add(event.item),
            StreamEvent::Completed(event) => {
                let (items, usage) = self.finish(event.response);
                Some(Outcome::Completed { items, usage })
            }
            StreamEvent::Incomplete(event) => {
                let fault = Fault::of_incomplete(&event.response);
                let (mut items, usage) = self.finish(event.response);
                items.retain(|item| !is_call(item));
                // Servers refuse a conversation in which thoughts lead to nothing.
                while matches!(items.last(), Some(Item::Reasoning(_))) {
                    items.pop();
                }
                Some(Outcome::Incomplete {
                    items,
                    usage,
                    fault,
                })
            }
            StreamEvent::Failed(event) => Some(Outcome::Failed {
                fault: Fault::of_response(&event.response),
                usage: event.response.usage.unwrap_or_default(),
            }),
            StreamEvent::Error(event) => Some(Outcome::Failed {
                fault: Fault::of_event(&event),
                usage: Usage::default(),
            }),
            _ => None,
        }
    }

    fn add(&mut self, item: Item) -> Option<Outcome> {
        // Some servers announce the end of an item twice.
        if !self.items.contains(&item) {
            self.items.push(item);
        }
        (self.items.len() > MAX_ITEMS).then(|| Outcome::Failed {
            usage: Usage::default(),
            fault: Fault {
                message: format!("the model's answer has more than {MAX_ITEMS} items"),
                retry: Retry::Never,
            },
        })
    }

    /// Some servers give items, or some of them, only in the last event; others leave it empty.
    fn finish(&mut self, response: Response) -> (Vec<Item>, Usage) {
        let items = if response.output.len() > self.items.len() {
            response.output
        } else {
            self.items.drain(..).collect()
        };
        (items, response.usage.unwrap_or_default())
    }
}

/// Returns what an answer says in words; an answer without any is a fault.
pub(super) fn words(items: &[Item]) -> Result<String, Fault> {
    let words: String = items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(message.text()),
            _ => None,
        })
        .collect();
    if words.trim().is_empty() {
        return Err(Fault {
            message: "the model was asked for a summary and wrote none".to_owned(),
            retry: Retry::Stream { after_ms: None },
        });
    }
    Ok(words)
}

pub(super) fn is_call(item: &Item) -> bool {
    matches!(item, Item::FunctionCall(_) | Item::CustomToolCall(_))
}

/// Bounds an answer that never ends; real answers have a few dozen items.
const MAX_ITEMS: usize = 1_024;

#[cfg(test)]
mod tests {
    use llmx_wire::responses::Role;
    use serde_json::json;

    use super::*;

    #[test]
    fn items_of_the_last_event_count_when_fewer_came_before() {
        let last = json!({"type": "response.completed", "response": {"output": [
            {"type": "message", "role": "assistant", "content": "from the end"}]}});
        assert_eq!(texts(&mut Answer::default(), &last), ["from the end"]);

        let mut answer = Answer::default();
        let done = json!({"type": "response.output_item.done", "item":
            {"type": "message", "role": "assistant", "content": "from the stream"}});
        for _ in 0..2 {
            assert_eq!(answer.push(event(&done)), None);
        }
        assert_eq!(texts(&mut answer, &last), ["from the stream"]);
    }

    #[test]
    fn an_incomplete_answer_keeps_words_and_drops_calls_and_loose_thoughts() {
        let incomplete = json!({"type": "response.incomplete", "response": {
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [
                {"type": "message", "role": "assistant", "content": "half"},
                {"type": "reasoning", "summary": []},
                {"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{"}]}});
        let Some(Outcome::Incomplete { items, fault, .. }) =
            Answer::default().push(event(&incomplete))
        else {
            panic!("not incomplete")
        };
        assert_eq!(items.len(), 1);
        assert!(fault.message.ends_with("max_output_tokens"));
        assert_eq!(fault.retry, Retry::Never);
    }

    #[test]
    fn an_endless_answer_is_stopped() {
        let mut answer = Answer::default();
        let item = |n| Item::text_message(Role::Assistant, format!("{n}"));
        let ended = (0..2_000).any(|n| answer.add(item(n)).is_some());
        assert!(ended);
    }

    fn texts(answer: &mut Answer, last: &serde_json::Value) -> Vec<String> {
        let Some(Outcome::Completed { items, .. }) = answer.push(event(last)) else {
            panic!("not completed")
        };
        let text = |item: &Item| match item {
            Item::Message(message) => message.text(),
            other => panic!("{other:?}"),
        };
        items.iter().map(text).collect()
    }

    fn event(value: &serde_json::Value) -> StreamEvent {
        StreamEvent::parse(None, &value.to_string()).unwrap()
    }
}
