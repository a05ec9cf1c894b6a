//! What upstreams are told in words because their dialect has no better place for it.
//!
//! The words are fixed, so that a turn keeps its bytes from one request to the next.

use llmx_wire::responses::{Item, Role};
use serde_json::Value;

use crate::{ClientFault, LossReport, Object};

/// What the model reads where the client has no result, for example because it was interrupted.
pub(crate) const NO_RESULT: &str = "[There is no result: the call was interrupted.]";

/// Stands for what the client said before the model spoke, if anything: upstreams want the client
/// to speak first.
pub(crate) const SPOKE_FIRST: &str = "[The conversation goes on from here.]";

/// What stands before a result whose call is missing.
pub(crate) const STRAY_RESULT: &str = "[The result of a tool call:]";

/// Tells words of the program around the model from those of the person, where both stand in the
/// person's turn.
pub(crate) fn as_program(text: &str) -> String {
    format!("<system_message>\n{text}\n</system_message>")
}

/// Writes down a call that no upstream would take as one.
pub(crate) fn broken_call(name: &str, arguments: &str) -> String {
    format!("[A call of `{name}` whose arguments are not a JSON object: {arguments}]")
}

/// Writes down an item that only some servers know, unless the conversation can do without it.
pub(crate) fn told(
    at: usize,
    object: &Object,
    losses: &mut LossReport,
) -> Result<Option<String>, ClientFault> {
    let kind = object
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let path = format!("input[{at}].{kind}");
    let refused = |reason: &str| Err(ClientFault::unsupported(path, reason));
    match kind {
        "item_reference" => refused("the upstream keeps no items; send the item itself"),
        "compaction" | "context_compaction" | "compaction_trigger" => {
            refused("only the provider that made it can read it; compact with a prompt instead")
        }
        "computer_call" | "computer_call_output" => refused("the upstream has no such tool"),
        "" => refused("it has no type"),
        "web_search_call" | "file_search_call" | "image_generation_call" | "mcp_list_tools" => {
            let reason = "a server answered it, and its words followed";
            losses.dropped(format!("input[].{kind}"), reason);
            Ok(None)
        }
        _ => {
            losses.lowered(format!("input[].{kind}"), "it became words");
            let only_for_servers = ["type", "id", "status", "encrypted_content"];
            let fields = object.iter();
            let fields = fields.filter(|(name, _)| !only_for_servers.contains(&name.as_str()));
            let fields: Object = fields.map(|(k, v)| (k.clone(), v.clone())).collect();
            Ok(Some(format!("[{kind}: {}]", Value::Object(fields))))
        }
    }
}

/// Counts the items before the conversation proper: words of the program, and tools.
pub(crate) fn leading(items: &[Item]) -> usize {
    let leads = |item: &&Item| match item {
        Item::Message(message) => matches!(message.role, Role::Developer | Role::System),
        Item::Unknown(_) => item.kind() == "additional_tools",
        _ => false,
    };
    items.iter().take_while(leads).count()
}
