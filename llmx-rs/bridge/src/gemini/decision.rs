//! What becomes of each field of a request for an upstream of Gemini: the table that the code acts on and that
//! `docs/bridging.md` shows.

use crate::decision::{Row, dropped, local, lowered, mapped, refused};

/// A Responses request for an upstream of Gemini.
pub const RESPONSES_TO_GEMINI: &[Row] = &[
    // Fields of the request.
    mapped("model", "in the path, or the configured alias"),
    mapped("instructions", "the beginning of `systemInstruction`"),
    mapped("input", "`contents`; the items have rows of their own"),
    mapped(
        "tools",
        "`functionDeclarations`; the kinds have rows of their own",
    ),
    mapped(
        "tool_choice",
        "`functionCallingConfig`; the kinds have rows of their own",
    ),
    dropped(
        "parallel_tool_calls",
        "Gemini cannot be held to one call; without the wish nothing is lost",
    ),
    mapped("reasoning", "see its fields"),
    mapped("text", "see its fields"),
    mapped("max_output_tokens", "`maxOutputTokens`"),
    mapped("temperature", "the same"),
    mapped("top_p", "`topP`"),
    dropped("store", "the upstream keeps no responses"),
    mapped("stream", "in the path"),
    local("include", "sealed reasoning is always included"),
    refused(
        "previous_response_id",
        "the upstream keeps no responses; the proxy's store expands it",
    ),
    local(
        "prompt_cache_key",
        "the upstream finds what it has cached by its bytes",
    ),
    refused("background", "an upstream of Gemini has nothing like it"),
    refused("conversation", "an upstream of Gemini has nothing like it"),
    refused("prompt", "an upstream of Gemini has nothing like it"),
    refused(
        "context_management",
        "it speaks of the provider's own compaction",
    ),
    refused("modalities", "a response here is text"),
    refused("n", "a response holds one answer"),
    mapped("stop", "`stopSequences`"),
    mapped("top_k", "`topK`"),
    mapped("seed", "the same"),
    mapped("presence_penalty", "`presencePenalty`"),
    mapped("frequency_penalty", "`frequencyPenalty`"),
    dropped("logit_bias", "Gemini has no such field"),
    dropped("user", "Gemini has no such field"),
    dropped("safety_identifier", "Gemini has no such field"),
    dropped("top_logprobs", "what Gemini gives is not translated"),
    dropped(
        "truncation",
        "the upstream never shortens a conversation by itself",
    ),
    dropped("metadata", "Gemini has no such field"),
    dropped("service_tier", "Gemini has no such field"),
    dropped("prompt_cache_retention", "Gemini has no such field"),
    dropped(
        "stream_options",
        "the stream is written here, not by the upstream",
    ),
    dropped("max_tool_calls", "Gemini has no such field"),
    dropped("client_metadata", "Gemini has no such field"),
    mapped(
        "reasoning.effort",
        "`thinkingBudget` or `thinkingLevel`, by upstream",
    ),
    dropped("reasoning.summary", "the upstream decides what it shows"),
    mapped(
        "text.format",
        "`responseMimeType` and `responseSchema`; refused beside tools, by upstream",
    ),
    dropped("text.verbosity", "Gemini has no such field"),
    // Items.
    mapped(
        "input[].message",
        "a turn, or part of one; words of the program as the policy says",
    ),
    mapped(
        "input[].reasoning",
        "its signature, back to the model it came from",
    ),
    mapped("input[].function_call", "`functionCall`"),
    mapped(
        "input[].function_call_output",
        "`functionResponse`, first in the turn after its call",
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
    dropped(
        "input[].content[].cache_control",
        "Gemini finds what it has cached by itself",
    ),
    mapped(
        "input[].content[].input_image",
        "`inlineData`; by address where the upstream fetches",
    ),
    mapped(
        "input[].content[].input_file",
        "`inlineData`; by address where the upstream fetches",
    ),
    mapped("input[].content[].input_audio", "`inlineData`"),
    lowered("input[].content[].refusal", "it is told as text"),
    refused(
        "input[].content[].input_video",
        "Gemini has no such part, like every unknown part",
    ),
    // Tools.
    mapped(
        "tools[].function",
        "the same, under a legal name; its schema lowered, by upstream",
    ),
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
    mapped("tool_choice.function", "`ANY` of one name"),
    mapped("tool_choice.custom", "`ANY` of one name"),
    lowered(
        "tool_choice.allowed_tools",
        "only the allowed tools are offered",
    ),
    refused(
        "tool_choice.web_search",
        "the upstream cannot run the tool that it demands",
    ),
];
