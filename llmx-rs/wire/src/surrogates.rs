//! Mends JSON that holds half a character.
//!
//! Programs that count in units of UTF-16 cut text between the two units of a character and write
//! each half as an escape of its own. That is not valid JSON, but all of it but that character can
//! be read.

/// Returns `json` with the replacement character for each escaped half of a character; `None` if
/// there is none.
pub fn mended(json: &str) -> Option<String> {
    let mut mended = String::new();
    let mut rest = json;
    let mut is_mended = false;
    while let Some((before, after)) = rest.split_once('\\') {
        mended.push_str(before);
        let (whole, length) = match half(after) {
            // The escape of the second half goes with the first.
            Some(HIGH) if after.get(5..).is_some_and(begins_with_low) => (true, 11),
            Some(_) => (false, 5),
            None => (true, after.chars().next().map_or(0, char::len_utf8)),
        };
        let (escape, next) = after.split_at_checked(length).unwrap_or((after, ""));
        if whole {
            mended.push('\\');
            mended.push_str(escape);
        } else {
            mended.push_str("\\ufffd");
            is_mended = true;
        }
        rest = next;
    }
    mended.push_str(rest);
    is_mended.then_some(mended)
}

/// The upper bits of the two halves.
const HIGH: u32 = 0xD800;
const LOW: u32 = 0xDC00;

/// Returns which half of a character the escape is that stands after a backslash, if it is one.
fn half(after: &str) -> Option<u32> {
    let digits = after.strip_prefix('u')?.get(..4)?;
    let unit = u32::from_str_radix(digits, 16).ok()?;
    [HIGH, LOW].into_iter().find(|half| unit & 0xFC00 == *half)
}

fn begins_with_low(text: &str) -> bool {
    text.strip_prefix('\\').and_then(half) == Some(LOW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn halves_are_replaced_and_whole_characters_stay() {
        for (json, expected) in [
            (r#""a\ud83d""#, Some("a\u{fffd}")),
            (r#""\ude00!""#, Some("\u{fffd}!")),
            (r#""\ud83d\ud83d\ude00""#, Some("\u{fffd}😀")),
            (r#""\ud83d\n\ude00""#, Some("\u{fffd}\n\u{fffd}")),
            (r#""\ud83dx\\ud83d""#, Some("\u{fffd}x\\ud83d")),
            (r#""\ud83d\ude00 \\ud83d \u00e9""#, None),
            ("\"\\", None),
            ("\"\\é", None),
        ] {
            let read = mended(json).map(|json| serde_json::from_str::<String>(&json).unwrap());
            assert_eq!(read.as_deref(), expected, "{json}");
        }
    }

    proptest! {
        /// What is JSON already is left alone.
        #[test]
        fn valid_json_is_not_touched(text in any::<String>(), raw in "[\\\\u0-9a-f\"é]{0,24}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(mended(&json), None);
            let json = format!("\"{raw}\"");
            if serde_json::from_str::<Value>(&json).is_ok() {
                prop_assert_eq!(mended(&json), None);
            }
        }
    }
}
