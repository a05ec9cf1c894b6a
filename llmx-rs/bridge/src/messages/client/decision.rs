//! What becomes of each field of a Messages request in front of an upstream of Responses: the
//! table that `docs/bridging.md` shows and that a test holds the code to.

use crate::decision::{Row, dropped, local, lowered, mapped, refused};

/// A Messages request for an upstream of Responses.
pub const MESSAGES_TO_RESPONSES: &[Row] = &[
    // Fields of the request.
    mapped("model", "the same, or the configured alias"),
    mapped("max_tokens", "`max_output_tokens`"),
    mapped("system", "a developer message before the conversation"),
    mapped("messages", "`input`; the blocks have rows of their own"),
    mapped("tools", "`tools`; the kinds have rows of their own"),
    mapped("tool_choice", "`tool_choice` and `parallel_tool_calls`"),
    lowered(
        "thinking",
        "a budget becomes the nearest effort; adaptive thinking has none of its own",
    ),
    mapped("output_config.effort", "`reasoning.effort`"),
    mapped("output_config.format", "`text.format`"),
    dropped("stop_sequences", "Responses has no such field"),
    mapped("temperature", "the same"),
    mapped("top_p", "the same"),
    dropped("top_k", "Responses has no such field"),
    mapped("metadata", "`user`, up to 64 characters"),
    mapped("service_tier", "`auto`, or `default` for `standard_only`"),
    dropped(
        "cache_control",
        "only Anthropic's servers place marks themselves",
    ),
    mapped("stream", "the same"),
    dropped("context_management", "Responses has no such field"),
    dropped("inference_geo", "Responses has no such field"),
    refused("container", "the upstream has no such servers"),
    refused("mcp_servers", "the upstream has no such servers"),
    // Turns and blocks.
    mapped("messages[].user", "a message, and an item per result"),
    mapped("messages[].assistant", "a message, and an item per call"),
    mapped("messages[].system", "a developer message in its place"),
    mapped("content[].text", "`input_text` or `output_text`"),
    mapped("content[].image", "`input_image`"),
    mapped(
        "content[].document",
        "`input_file`; plain text becomes text",
    ),
    mapped("content[].tool_use", "`function_call`"),
    mapped("content[].tool_result", "`function_call_output`"),
    dropped(
        "content[].tool_result.is_error",
        "Responses has no such field",
    ),
    dropped("content[].cache_control", "Responses has no such field"),
    local(
        "content[].thinking",
        "a reasoning item of the upstream comes back out of the signature; others are dropped",
    ),
    local("content[].redacted_thinking", "the same, out of the data"),
    dropped(
        "content[].server_tool_use",
        "a server answered it, and its words followed",
    ),
    dropped(
        "content[].web_search_tool_result",
        "a server answered it, and its words followed",
    ),
    refused(
        "content[].search_result",
        "Responses has no place for it, like every unknown block",
    ),
    // Tools.
    mapped(
        "tools[].custom",
        "a function; `strict` stays off unless asked for",
    ),
    dropped(
        "tools[].web_search_20250305",
        "the upstream cannot run this tool, like every other kind",
    ),
];
