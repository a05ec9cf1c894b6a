//! Reads JSON as models write it that were taught little of it: within a code fence, and with line
//! breaks in strings as they are.

use serde_json::Value;

/// Reads `text`; the error is the one of the text as it was written.
pub(crate) fn read(text: &str) -> Result<Value, serde_json::Error> {
    let strict = serde_json::from_str(text);
    strict.or_else(|error| serde_json::from_str(&mended(text)).map_err(|_still| error))
}

fn mended(text: &str) -> String {
    escape_in_strings(without_fence(text.trim()))
}

/// Returns what stands in a code fence, if all of `text` does.
fn without_fence(text: &str) -> &str {
    let inside = text
        .strip_prefix(FENCE)
        .and_then(|text| text.strip_suffix(FENCE));
    inside.map_or(text, |inside| inside.strip_prefix("json").unwrap_or(inside))
}

/// Escapes control characters where JSON allows none. Nothing else can be meant by them there.
fn escape_in_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + EXPECTED_ESCAPES);
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            c if in_string && c.is_ascii_control() && !escaped => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && c == '\\' && !escaped;
    }
    out
}

const FENCE: &str = "```";
const EXPECTED_ESCAPES: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_mean_only_one_thing_is_read() {
        for (text, expected) in [
            ("{\"a\":\"b\nc\td\"}", json!({"a": "b\nc\td"})),
            ("{\n\t\"a\": \"\\\"\n\\\\\"\n}", json!({"a": "\"\n\\"})),
            ("```json\n{\"a\": 1}\n```", json!({"a": 1})),
            (" ```\n{\"a\": \"x\ny\"}\n``` ", json!({"a": "x\ny"})),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_or_means_two_things_is_not() {
        for text in [
            "{\"a\":\"b\n",
            "{\"a\":1}{\"a\":2}",
            "```json\n{",
            "{\"a\":\"\\\n\"}",
        ] {
            let error = read(text).unwrap_err().to_string();
            let strict = serde_json::from_str::<Value>(text).unwrap_err().to_string();
            assert_eq!(error, strict, "{text}");
        }
    }

    proptest! {
        /// Every text survives being written without the escapes of its control characters.
        #[test]
        fn raw_control_characters_mean_themselves(said in "[a-z\n\t\r\u{1}]{0,20}") {
            let text = format!("{{\"a\":\"{said}\"}}");
            prop_assert_eq!(read(&text).unwrap(), json!({"a": said}));
        }

        #[test]
        fn nothing_panics(text in "[`json{}\":\\\\\n a]{0,30}") {
            let _any = read(&text);
        }
    }
}
