//! Turns what a tool of a server returned into what the model is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::exec::Capture;
use crate::files::human;
use crate::image::Kind;
use crate::tool::Said;

/// Returns what the model is told of a `CallToolResult`.
pub(crate) fn said(result: &Value) -> Vec<Said> {
    let content = result.get("content").and_then(Value::as_array);
    let mut said: Vec<_> = content.into_iter().flatten().map(part).collect();
    if said.is_empty()
        && let Some(structured) = result.get("structuredContent")
    {
        said.push(Said::Text(structured.to_string()));
    }
    if said.is_empty() {
        said.push(Said::Text("The tool returned nothing.".to_owned()));
    }
    join(said)
}

/// Returns what the model is told of a `ReadResourceResult`.
pub(crate) fn read(result: &Value) -> Vec<Said> {
    let contents = result.get("contents").and_then(Value::as_array);
    let mut said: Vec<_> = contents.into_iter().flatten().map(resource).collect();
    if said.is_empty() {
        said.push(Said::Text("The resource is empty.".to_owned()));
    }
    join(said)
}

/// Returns why a call failed, if the server says that it did.
pub(crate) fn failure(result: &Value) -> Option<String> {
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    failed.then(|| {
        let words = said(result).into_iter().find_map(|said| match said {
            Said::Text(text) => Some(text),
            Said::Image { .. } => None,
        });
        words.unwrap_or_else(|| "the tool failed without a word".to_owned())
    })
}

/// Returns a result as frontends and programs see it.
pub(crate) fn shown(result: &Value) -> Value {
    json!({
        "content": result.get("content").cloned().unwrap_or_else(|| json!([])),
        "structured_content": result.get("structuredContent"),
    })
}

fn part(part: &Value) -> Said {
    let field = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    match field("type") {
        "text" => Said::Text(field("text").to_owned()),
        "image" => image(field("data")),
        "resource" => resource(part.get("resource").unwrap_or(&Value::Null)),
        "resource_link" => Said::Text(format!(
            "[resource {} ({}): read it with `read_mcp_resource`]",
            field("uri"),
            field("name")
        )),
        other => Said::Text(format!("[{other} that cannot be shown to you]")),
    }
}

fn resource(resource: &Value) -> Said {
    let field = |name: &str| resource.get(name).and_then(Value::as_str);
    if let Some(text) = field("text") {
        return Said::Text(text.to_owned());
    }
    let blob = field("blob").unwrap_or_default();
    match image(blob) {
        image @ Said::Image { .. } => image,
        Said::Text(_) => Said::Text(format!(
            "[{} of {}, which cannot be shown to you]",
            human(blob.len() as u64 / 4 * 3),
            field("mimeType").unwrap_or("an unknown type")
        )),
    }
}

/// A provider refuses a broken picture, and with it every later request that has it.
fn image(data: &str) -> Said {
    let bytes = STANDARD.decode(data).unwrap_or_default();
    match Kind::of(&bytes).filter(|kind| kind.is_whole(&bytes)) {
        Some(kind) => Said::Image {
            url: format!("data:{};base64,{data}", kind.media_type()),
        },
        None => Said::Text(
            "[a picture that cannot be shown to you: it is cut off, or neither PNG, JPEG, GIF nor WebP]"
                .to_owned(),
        ),
    }
}

/// Joins texts that follow each other, and cuts them to what one call may say.
fn join(parts: Vec<Said>) -> Vec<Said> {
    let mut joined: Vec<Said> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Said::Text(text)), Said::Text(more)) => {
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&more);
            }
            (_, part) => joined.push(part),
        }
    }
    for part in &mut joined {
        if let Said::Text(text) = part
            && text.len() > LONGEST
        {
            let mut capture = Capture::default();
            capture.push(text.as_bytes());
            *text = capture.take(false).raw(LONGEST);
        }
    }
    joined
}

/// About 10,000 tokens, as for the output of a command.
const LONGEST: usize = 40 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    #[test]
    fn each_part_is_told_as_well_as_it_can_be() {
        let text = |text: &str| Said::Text(text.to_owned());
        let picture = Said::Image {
            url: format!("data:image/png;base64,{PIXEL}"),
        };
        for (result, expected) in [
            (
                json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
                vec![text("a\nb")],
            ),
            (
                json!({"content": [{"type": "text", "text": "a"},
                    {"type": "image", "data": PIXEL, "mimeType": "image/jpeg"}]}),
                vec![text("a"), picture.clone()],
            ),
            (
                json!({"content": [], "structuredContent": {"n": 1}}),
                vec![text(r#"{"n":1}"#)],
            ),
            (
                json!({"content": [{"type": "text", "text": "one"}], "structuredContent": {"n": 1}}),
                vec![text("one")],
            ),
            (
                json!({"content": [{"type": "resource", "resource": {"uri": "u", "text": "t"}}]}),
                vec![text("t")],
            ),
            (
                json!({"content": [{"type": "resource", "resource": {"uri": "u", "blob": PIXEL}}]}),
                vec![picture],
            ),
            (json!({}), vec![text("The tool returned nothing.")]),
        ] {
            assert_eq!(said(&result), expected, "{result}");
        }
        let broken = said(&json!({"content": [{"type": "image", "data": "AAAA"}]}));
        assert!(
            matches!(broken.as_slice(), [Said::Text(text)] if text.contains("cannot be shown"))
        );
    }

    #[test]
    fn a_long_text_keeps_its_head_and_its_tail() {
        let long = format!("first\n{}last", "x\n".repeat(LONGEST));
        let told = said(&json!({"content": [{"type": "text", "text": long}]}));
        let [Said::Text(text)] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert!(text.starts_with("first\n") && text.ends_with("last"));
        assert!(text.len() < LONGEST + 200);
    }

    #[test]
    fn only_what_the_server_calls_a_failure_is_one() {
        assert_eq!(failure(&json!({"content": []})), None);
        let failed = json!({"isError": true, "content": [{"type": "text", "text": "no"}]});
        assert_eq!(failure(&failed).as_deref(), Some("no"));
    }
}
