//! Turns an answer into the events of a streamed response, complete and in order.

use llmx_wire::Extra;
use llmx_wire::responses::{
    ArgumentsDone, ContentPart, Delta, FunctionCall, InputTokensDetails, Item, ItemEvent, Message,
    PartEvent, Response, ResponseEvent, Role, Status, StreamEvent, TextDone, Usage,
};
use serde_json::Value;

use crate::decide::Answer;

/// What a response says about itself besides the answer.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The number of the request, which makes ids unique.
    pub(crate) number: usize,
    /// The model's name, as the client wrote it.
    pub(crate) model: String,
    /// Seconds since 1970.
    pub(crate) created_at: u64,
    /// How long the request was.
    pub(crate) request_bytes: usize,
}

/// Returns the whole response.
pub(crate) fn whole(answer: &Answer, frame: &Frame) -> Response {
    let output = items(answer, frame);
    Response {
        status: Some(Status::Completed),
        usage: Some(usage(answer, frame)),
        output,
        ..begun(frame)
    }
}

/// Returns every event, first to last.
pub(crate) fn events(answer: &Answer, frame: &Frame) -> Vec<StreamEvent> {
    let mut events = Events::default();
    events.push(|number| StreamEvent::Created(about(begun(frame), number)));
    events.push(|number| StreamEvent::InProgress(about(begun(frame), number)));
    for (output_index, item) in (0..).zip(items(answer, frame)) {
        match item {
            Item::Message(message) => events.message(output_index, &message),
            Item::FunctionCall(call) => events.call(output_index, &call),
            _ => {}
        }
    }
    events.push(|number| StreamEvent::Completed(about(whole(answer, frame), number)));
    events.list
}

#[derive(Default)]
struct Events {
    list: Vec<StreamEvent>,
}

impl Events {
    /// Appends an event and numbers it.
    fn push(&mut self, event: impl FnOnce(Option<u64>) -> StreamEvent) {
        let number = self.list.len() as u64;
        self.list.push(event(Some(number)));
    }

    fn message(&mut self, output_index: u64, message: &Message) {
        let item_id = message.id.clone().unwrap_or_default();
        let empty = Message {
            content: Vec::new().into(),
            status: Some("in_progress".to_owned()),
            ..message.clone()
        };
        self.item(
            output_index,
            Item::Message(empty),
            StreamEvent::OutputItemAdded,
        );
        self.part(output_index, &item_id, "", StreamEvent::ContentPartAdded);
        let text = message.text();
        for delta in words(&text) {
            self.push(|sequence_number| {
                StreamEvent::OutputTextDelta(Box::new(Delta {
                    item_id: item_id.clone(),
                    output_index,
                    delta: delta.to_owned(),
                    content_index: Some(0),
                    sequence_number,
                    ..Delta::default()
                }))
            });
        }
        self.push(|sequence_number| {
            StreamEvent::OutputTextDone(Box::new(TextDone {
                item_id: item_id.clone(),
                output_index,
                text: text.clone(),
                content_index: Some(0),
                sequence_number,
                ..TextDone::default()
            }))
        });
        self.part(output_index, &item_id, &text, StreamEvent::ContentPartDone);
        self.item(
            output_index,
            Item::Message(message.clone()),
            StreamEvent::OutputItemDone,
        );
    }

    fn call(&mut self, output_index: u64, call: &FunctionCall) {
        let item_id = call.id.clone().unwrap_or_default();
        let empty = FunctionCall {
            arguments: String::new(),
            status: Some("in_progress".to_owned()),
            ..call.clone()
        };
        self.item(
            output_index,
            Item::FunctionCall(empty),
            StreamEvent::OutputItemAdded,
        );
        for delta in words(&call.arguments) {
            self.push(|sequence_number| {
                StreamEvent::ArgumentsDelta(Box::new(Delta {
                    item_id: item_id.clone(),
                    output_index,
                    delta: delta.to_owned(),
                    sequence_number,
                    ..Delta::default()
                }))
            });
        }
        self.push(|sequence_number| {
            StreamEvent::ArgumentsDone(Box::new(ArgumentsDone {
                item_id,
                output_index,
                arguments: call.arguments.clone(),
                sequence_number,
                extra: Extra::new(),
            }))
        });
        self.item(
            output_index,
            Item::FunctionCall(call.clone()),
            StreamEvent::OutputItemDone,
        );
    }

    fn item(
        &mut self,
        output_index: u64,
        item: Item,
        event: impl FnOnce(Box<ItemEvent>) -> StreamEvent,
    ) {
        self.push(|sequence_number| {
            event(Box::new(ItemEvent {
                output_index,
                item,
                sequence_number,
                extra: Extra::new(),
            }))
        });
    }

    fn part(
        &mut self,
        output_index: u64,
        item_id: &str,
        text: &str,
        event: impl FnOnce(Box<PartEvent>) -> StreamEvent,
    ) {
        self.push(|sequence_number| {
            event(Box::new(PartEvent {
                item_id: item_id.to_owned(),
                output_index,
                content_index: 0,
                part: ContentPart::output_text(text),
                sequence_number,
                extra: Extra::new(),
            }))
        });
    }
}

fn about(response: Response, sequence_number: Option<u64>) -> Box<ResponseEvent> {
    Box::new(ResponseEvent {
        response,
        sequence_number,
        extra: Extra::new(),
    })
}

/// Returns the response before anything was answered.
fn begun(frame: &Frame) -> Response {
    let extra = [("object".to_owned(), Value::from("response"))];
    Response {
        id: format!("resp_demo_{}", frame.number),
        status: Some(Status::InProgress),
        model: Some(frame.model.clone()),
        created_at: Some(frame.created_at.into()),
        extra: Extra::from_iter(extra),
        ..Response::default()
    }
}

/// Returns what the answer consists of: words, and perhaps a call.
fn items(answer: &Answer, frame: &Frame) -> Vec<Item> {
    let number = frame.number;
    let message = Item::Message(Message {
        id: Some(format!("msg_demo_{number}")),
        role: Role::Assistant,
        content: vec![ContentPart::output_text(&answer.text)].into(),
        status: Some("completed".to_owned()),
        extra: Extra::new(),
    });
    let call = answer.call.as_ref().map(|call| {
        Item::FunctionCall(FunctionCall {
            id: Some(format!("fc_demo_{number}")),
            call_id: format!("call_demo_{number}"),
            name: call.tool.to_owned(),
            arguments: call.arguments.to_string(),
            status: Some("completed".to_owned()),
            ..FunctionCall::default()
        })
    });
    std::iter::once(message).chain(call).collect()
}

/// Counts a token for every four bytes, which is about what real models do for English.
fn usage(answer: &Answer, frame: &Frame) -> Usage {
    let call = answer
        .call
        .as_ref()
        .map_or(0, |call| call.arguments.to_string().len());
    let input_tokens = (frame.request_bytes / 4) as u64;
    let output_tokens = ((answer.text.len() + call) / 4) as u64;
    Usage {
        input_tokens,
        input_tokens_details: InputTokensDetails::default(),
        output_tokens,
        total_tokens: input_tokens + output_tokens,
        ..Usage::default()
    }
}

/// Cuts text after each space, as a model's tokens would.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decide::Call;
    use crate::observe::Step;

    fn frame() -> Frame {
        Frame {
            number: 7,
            model: "demo".to_owned(),
            created_at: 1,
            request_bytes: 400,
        }
    }

    fn answer() -> Answer {
        Answer {
            step: Step::Write,
            text: "two words".to_owned(),
            call: Some(Call {
                tool: "shell",
                arguments: json!({ "command": "ls -l" }),
            }),
        }
    }

    #[test]
    fn the_events_come_in_the_order_of_the_protocol() {
        let kinds: Vec<_> = events(&answer(), &frame())
            .iter()
            .map(|event| event.kind().to_owned())
            .collect();
        assert_eq!(
            kinds.join("\n").replace("response.", ""),
            "created\nin_progress\n\
             output_item.added\ncontent_part.added\noutput_text.delta\noutput_text.delta\noutput_text.done\ncontent_part.done\noutput_item.done\n\
             output_item.added\nfunction_call_arguments.delta\nfunction_call_arguments.delta\nfunction_call_arguments.done\noutput_item.done\n\
             completed"
        );
    }

    #[test]
    fn sequence_numbers_count_up_from_zero() {
        for (number, event) in events(&answer(), &frame()).iter().enumerate() {
            let event = serde_json::to_value(event).unwrap();
            assert_eq!(event["sequence_number"], number, "{event}");
        }
    }

    #[test]
    fn deltas_add_up_to_what_is_done() {
        let mut text = String::new();
        for event in events(&answer(), &frame()) {
            match event {
                StreamEvent::OutputTextDelta(delta) | StreamEvent::ArgumentsDelta(delta) => {
                    text += &delta.delta;
                }
                StreamEvent::OutputTextDone(done) => {
                    assert_eq!(std::mem::take(&mut text), done.text);
                }
                StreamEvent::ArgumentsDone(done) => {
                    assert_eq!(std::mem::take(&mut text), done.arguments);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_last_event_carries_the_whole_response() {
        let events = events(&answer(), &frame());
        let Some(StreamEvent::Completed(last)) = events.last() else {
            panic!("no completed event");
        };
        assert_eq!(last.response, whole(&answer(), &frame()));
        assert_eq!(last.response.output.len(), 2);
        let usage = last.response.usage.as_ref().unwrap();
        assert_eq!((usage.input_tokens, usage.total_tokens), (100, 107));
    }
}
