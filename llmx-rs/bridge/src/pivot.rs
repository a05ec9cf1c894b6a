//! The pivot holds more than Responses: what other dialects share and Responses has no word for.

use llmx_wire::responses::{ContentPart, Item, Request, TextOrList, Tool};

use crate::{LossReport, Object};

/// Takes out of a request what only other dialects have, for an upstream of Responses.
pub fn for_responses(request: &mut Request, losses: &mut LossReport) {
    for field in BEYOND_RESPONSES {
        let held = request.extra.shift_remove(*field);
        if held.is_some_and(|value| !value.is_null()) {
            losses.dropped(*field, REASON);
        }
    }
    if let TextOrList::List(items) = &mut request.input {
        for item in items {
            clean(item, losses);
        }
    }
    for tool in &mut request.tools {
        if let Tool::Function(tool) = tool {
            drop_field(
                &mut tool.extra,
                "cache_control",
                "tools[].cache_control",
                losses,
            );
        }
    }
}

fn clean(item: &mut Item, losses: &mut LossReport) {
    match item {
        Item::Message(message) => {
            let TextOrList::List(parts) = &mut message.content else {
                return;
            };
            let path = "input[].content[].cache_control";
            for part in parts {
                if let ContentPart::InputText(part) = part {
                    drop_field(&mut part.extra, "cache_control", path, losses);
                }
            }
        }
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            drop_field(&mut output.extra, "is_error", "input[].is_error", losses);
        }
        _ => {}
    }
}

fn drop_field(extra: &mut Object, field: &str, path: &str, losses: &mut LossReport) {
    if extra.shift_remove(field).is_some() {
        losses.dropped(path, REASON);
    }
}

const REASON: &str = "Responses has no such field";

/// The fields of the pivot that Responses does not have.
const BEYOND_RESPONSES: &[&str] = &[
    "frequency_penalty",
    "logit_bias",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "top_k",
];
