//! What becomes of each field of a request for an upstream of Messages: the table that the code acts on and that
//! `docs/bridging.md` shows.

use crate::decision::{Row, dropped, local, lowered, mapped, refused};

/// A Responses request for an upstream of Messages.
pub const RESPONSES_TO_MESSAGES: &[Row] = &[
    // Fields of the request.
    mapped("model", "the same, or the configured alias"),
    mapped("instructions", "the beginning of `system`"),
    mapped("input", "`messages`; the items have rows of their own"),
    mapped("tools", "`tools`; the kinds have rows of their own"),
    mapped(
        "tool_choice",
        "`tool_choice`; the kinds have rows of their own",
    ),
    mapped(
        "parallel_tool_calls",
        "`disable_parallel_tool_use`, where there are tools",
    ),
    mapped("reasoning", "see its fields"),
    mapped("text", "see its fields"),
    mapped(
        "max_output_tokens",
        "`max_tokens`; the model's limit where the client gives none",
    ),
    mapped(
        "temperature",
        "the same, up to 1; dropped while the model thinks",
    ),
    mapped(
        "top_p",
        "the same; dropped below 0.95 while the model thinks",
    ),
    dropped("store", "the upstream keeps no responses"),
    mapped("stream", "the same"),
    local("include", "sealed reasoning is always included"),
    refused(
        "previous_response_id",
        "the upstream keeps no responses; the proxy's store expands it",
    ),
    mapped(
        "prompt_cache_key",
        "marks of where cached prefixes end, which have no names",
    ),
    refused("background", "an upstream of Messages has nothing like it"),
    refused(
        "conversation",
        "an upstream of Messages has nothing like it",
    ),
    refused("prompt", "an upstream of Messages has nothing like it"),
    refused(
        "context_management",
        "it speaks of the provider's own compaction",
    ),
    refused("modalities", "a response here is text"),
    refused("n", "a response holds one answer"),
    mapped("stop", "`stop_sequences`"),
    mapped("top_k", "the same; dropped while the model thinks"),
    dropped("seed", "Messages has no such field"),
    dropped("presence_penalty", "Messages has no such field"),
    dropped("frequency_penalty", "Messages has no such field"),
    dropped("logit_bias", "Messages has no such field"),
    mapped("user", "`metadata.user_id`"),
    mapped("safety_identifier", "`metadata.user_id`"),
    dropped("top_logprobs", "Messages has no such field"),
    dropped(
        "truncation",
        "the upstream never shortens a conversation by itself",
    ),
    dropped("metadata", "Messages has no such field"),
    mapped(
        "service_tier",
        "`auto`, or `standard_only` for `default`; others are dropped",
    ),
    dropped("prompt_cache_retention", "Messages has no such field"),
    dropped(
        "stream_options",
        "the stream is written here, not by the upstream",
    ),
    dropped("max_tool_calls", "Messages has no such field"),
    dropped("client_metadata", "Messages has no such field"),
    mapped(
        "reasoning.effort",
        "a budget of `thinking`, or `output_config.effort`, by upstream",
    ),
    dropped("reasoning.summary", "the upstream decides what it shows"),
    mapped(
        "text.format",
        "a forced call, or `output_config.format`, by upstream; refused beside tools where it must be a call",
    ),
    dropped("text.verbosity", "Messages has no such field"),
    // Items.
    mapped(
        "input[].message",
        "a turn, or part of one; words of the program as the policy says",
    ),
    mapped(
        "input[].reasoning",
        "back to the model it came from, unaltered",
    ),
    mapped("input[].function_call", "`tool_use`"),
    mapped(
        "input[].function_call_output",
        "`tool_result`, first in the turn after its call",
    ),
    mapped("input[].custom_tool_call", "a call with `{input}`"),
    mapped("input[].custom_tool_call_output", "a result after its call"),
    mapped("input[].tool_search_call", "a call"),
    mapped(
        "input[].tool_search_output",
        "a result; what was found is offered",
    ),
    mapped("input[].local_shell_call", "a call"),
    mapped("input[].local_shell_call_output", "a result after its call"),
    mapped("input[].additional_tools", "offered like `tools`"),
    lowered(
        "input[].mcp_call",
        "it is told as text, like every unknown item",
    ),
    dropped(
        "input[].web_search_call",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].file_search_call",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].mcp_list_tools",
        "what it found is in the text that follows it",
    ),
    dropped(
        "input[].image_generation_call",
        "the upstream takes no generated pictures",
    ),
    refused(
        "input[].item_reference",
        "the upstream keeps no items; send the item itself",
    ),
    refused(
        "input[].compaction",
        "only the provider that made it can read it",
    ),
    refused(
        "input[].compaction_trigger",
        "only the provider that made it can read it",
    ),
    refused("input[].computer_call", "the upstream has no computer tool"),
    // Parts.
    mapped("input[].content[].input_text", "text"),
    mapped(
        "input[].content[].cache_control",
        "the same, up to four in a request",
    ),
    mapped(
        "input[].content[].input_image",
        "`image`, by bytes or address",
    ),
    mapped(
        "input[].content[].input_file",
        "`document`, where it is a PDF",
    ),
    refused("input[].content[].input_audio", "Messages has no such part"),
    lowered("input[].content[].refusal", "it is told as text"),
    refused(
        "input[].content[].input_video",
        "Messages has no such part, like every unknown part",
    ),
    // Tools.
    mapped("tools[].function", "the same, under a legal name"),
    lowered(
        "tools[].custom",
        "a function with `{input}`; its grammar is told, not enforced",
    ),
    mapped("tools[].namespace", "its tools, flattened"),
    mapped(
        "tools[].tool_search",
        "a function, where the client executes it",
    ),
    mapped("tools[].local_shell", "a function"),
    dropped(
        "tools[].web_search",
        "the upstream cannot run this tool, like every other kind",
    ),
    mapped("tool_choice.function", "`tool`"),
    mapped("tool_choice.custom", "`tool`"),
    lowered(
        "tool_choice.allowed_tools",
        "only the allowed tools are offered",
    ),
    refused(
        "tool_choice.web_search",
        "the upstream cannot run the tool that it demands",
    ),
];
