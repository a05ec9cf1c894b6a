//! Reads what a tool returned, in whatever form the agent puts it.

use llmx_wire::responses::{ContentPart, TextOrList, ToolCallOutput};
use serde_json::Value;

/// Returns the text of a tool's output.
///
/// Agents wrap a command's output differently; where it is a JSON object with an `output`, that is
/// the text.
pub(crate) fn text(result: &ToolCallOutput) -> String {
    let whole: String = match &result.output {
        TextOrList::Text(text) => text.clone(),
        TextOrList::List(parts) => parts.iter().filter_map(ContentPart::text).collect(),
    };
    let inner = serde_json::from_str::<Value>(&whole)
        .ok()
        .and_then(|value| value.get("output")?.as_str().map(str::to_owned));
    inner.unwrap_or(whole).trim().to_owned()
}

/// Returns whether one line of `text` is `line`: the evidence that a command worked.
pub(crate) fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|candidate| candidate.trim() == line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(output: impl Into<TextOrList<ContentPart>>) -> ToolCallOutput {
        ToolCallOutput {
            output: output.into(),
            ..ToolCallOutput::default()
        }
    }

    #[test]
    fn plain_wrapped_and_listed_outputs_give_the_same_text() {
        for output in [
            result("  done\n".to_owned()),
            result(r#"{"output":"done\n","metadata":{"exit_code":0}}"#.to_owned()),
            result(vec![
                ContentPart::input_text("do"),
                ContentPart::input_text("ne"),
            ]),
        ] {
            assert_eq!(text(&output), "done");
        }
    }

    #[test]
    fn evidence_is_a_line_of_its_own() {
        assert!(has_line("Exit code: 0\nwrote it \n", "wrote it"));
        assert!(!has_line("refused: echo wrote it", "wrote it"));
    }
}
