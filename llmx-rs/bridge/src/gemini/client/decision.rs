//! What becomes of each field of a Gemini request in front of an upstream of Responses: the table
//! that `docs/bridging.md` shows and that a test holds the code to.

use crate::decision::{Row, dropped, local, lowered, mapped, refused};

/// A Gemini request for an upstream of Responses.
pub const GEMINI_TO_RESPONSES: &[Row] = &[
    // Fields of the request.
    mapped(
        "systemInstruction",
        "a developer message before the conversation",
    ),
    mapped("contents", "`input`; the parts have rows of their own"),
    mapped("tools", "`tools`; the kinds have rows of their own"),
    mapped(
        "toolConfig",
        "`tool_choice`; several allowed names become `allowed_tools`",
    ),
    mapped("generationConfig", "see its fields"),
    dropped("safetySettings", "Responses has no such field"),
    refused("cachedContent", "the upstream has no such cache"),
    // How the answer is made.
    mapped("generationConfig.temperature", "the same"),
    mapped("generationConfig.topP", "`top_p`"),
    dropped("generationConfig.topK", "Responses has no such field"),
    refused(
        "generationConfig.candidateCount",
        "a response holds one answer",
    ),
    mapped("generationConfig.maxOutputTokens", "`max_output_tokens`"),
    dropped(
        "generationConfig.stopSequences",
        "Responses has no such field",
    ),
    dropped("generationConfig.seed", "Responses has no such field"),
    dropped(
        "generationConfig.presencePenalty",
        "Responses has no such field",
    ),
    dropped(
        "generationConfig.frequencyPenalty",
        "Responses has no such field",
    ),
    mapped("generationConfig.responseMimeType", "`text.format`"),
    mapped(
        "generationConfig.responseSchema",
        "`text.format`, raised to a JSON schema",
    ),
    mapped("generationConfig.responseJsonSchema", "`text.format`"),
    dropped(
        "generationConfig.responseLogprobs",
        "what the upstream gives is not translated",
    ),
    local(
        "generationConfig.logprobs",
        "it says nothing without `responseLogprobs`",
    ),
    lowered(
        "generationConfig.thinkingConfig",
        "a budget becomes the nearest effort; a level is one",
    ),
    dropped(
        "generationConfig.mediaResolution",
        "Responses has no such field, like every unknown one",
    ),
    refused(
        "generationConfig.responseModalities",
        "a response holds text alone",
    ),
    // Parts.
    mapped("parts[].text", "`input_text` or `output_text`"),
    local(
        "parts[].thought",
        "the upstream keeps its own; the signature carries it",
    ),
    local(
        "parts[].thoughtSignature",
        "a reasoning item of the upstream comes back out of it; others are dropped",
    ),
    mapped(
        "parts[].inlineData",
        "`input_image`, `input_audio` or `input_file`",
    ),
    mapped("parts[].fileData", "by web address alone"),
    mapped(
        "parts[].functionCall",
        "`function_call`, named where the client gives no name",
    ),
    mapped("parts[].functionResponse", "`function_call_output`"),
    lowered("parts[].executableCode", "it is told as text"),
    dropped(
        "parts[].videoMetadata",
        "Responses has no such field, like every unknown one",
    ),
    // Tools.
    mapped(
        "tools[].functionDeclarations",
        "functions; schemas are raised to JSON schemas",
    ),
    dropped(
        "tools[].googleSearch",
        "the upstream cannot run this tool, like every other kind",
    ),
];
