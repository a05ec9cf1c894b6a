//! Takes the text of a free-form tool out of the JSON that carries it, while it streams.
//!
//! A dialect without free-form tools sees `{"input": "…"}`. The client waits for the bare text and
//! shows it as it grows, so the string is decoded as it comes, however its escapes are cut. A model
//! that does not keep to the form is not punished: what it sent is kept back until its end, when
//! it is clear what it meant.

use serde::de::IgnoredAny;
use serde_json::Value;

/// Takes `input` out of a JSON object that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    /// All that came, as long as it may not be of the expected form.
    raw: String,
    state: State,
    /// What was given out.
    text: String,
    /// The first half of a surrogate pair, until the second comes.
    high: Option<u32>,
}

#[derive(Debug, Default)]
enum State {
    /// Before the value: how many characters of the head were recognised.
    #[default]
    Head,
    /// In the string.
    Inside(Escape),
    /// After the string.
    After,
    /// Not of the expected form; the end decides.
    Odd,
}

#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    None,
    /// After a backslash.
    Open,
    /// In `\uXXXX`: how many digits came, and their value.
    Unicode { digits: u8, value: u32 },
}

/// What closing found.
pub(super) struct Unwrapped {
    /// What is still to be given out.
    pub(super) rest: String,
    /// Everything, what was given out before included.
    pub(super) text: String,
    /// Whether the end of the text had come.
    pub(super) whole: bool,
}

impl Unwrapper {
    /// Takes the next piece and returns what of the text is now certain.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut certain = String::new();
        for c in piece.chars() {
            match &mut self.state {
                State::Head => {
                    self.raw.push(c);
                    self.state = head(&self.raw);
                }
                State::Inside(escape) => match step(*escape, c, &mut self.high, &mut certain) {
                    Some(next) => *escape = next,
                    None => self.state = State::After,
                },
                State::Odd => self.raw.push(c),
                State::After => {}
            }
        }
        self.text.push_str(&certain);
        certain
    }

    /// Returns whether nothing has come.
    pub(super) fn is_empty(&self) -> bool {
        // Whatever comes first stays here until it is of the expected form.
        self.raw.is_empty()
    }

    /// Returns whether the end of the text has come.
    pub(super) fn is_whole(&self) -> bool {
        match self.state {
            State::After => true,
            State::Inside(_) => false,
            State::Head | State::Odd => serde_json::from_str::<IgnoredAny>(&self.raw).is_ok(),
        }
    }

    /// Ends the text.
    pub(super) fn close(self) -> Unwrapped {
        match self.state {
            State::After => Unwrapped {
                rest: String::new(),
                text: self.text,
                whole: true,
            },
            State::Inside(_) => Unwrapped {
                rest: String::new(),
                text: self.text,
                whole: false,
            },
            State::Head | State::Odd => {
                let parsed = serde_json::from_str(&self.raw).ok();
                let whole = parsed.is_some();
                let text = parsed.and_then(meant).unwrap_or(self.raw);
                Unwrapped {
                    rest: text.clone(),
                    text,
                    whole,
                }
            }
        }
    }
}

/// Judges what came before the value: `{`, the key, `:` and a quote, with any space between.
fn head(raw: &str) -> State {
    if raw.len() > MAX_HEAD {
        return State::Odd;
    }
    let mut rest = raw.trim_start();
    for token in ["{", "\"input\"", ":", "\""] {
        if let Some(after) = rest.strip_prefix(token) {
            rest = after.trim_start();
        } else if token.starts_with(rest) {
            return State::Head;
        } else {
            return State::Odd;
        }
    }
    State::Inside(Escape::None)
}

/// Decodes one character of a JSON string; `None` at its closing quote.
///
/// `high` holds the first half of a surrogate pair until the second comes.
fn step(escape: Escape, c: char, high: &mut Option<u32>, out: &mut String) -> Option<Escape> {
    let continues_pair = matches!((escape, c), (Escape::None, '\\') | (Escape::Open, 'u'))
        || matches!(escape, Escape::Unicode { .. });
    if !continues_pair && high.take().is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    match escape {
        Escape::None => match c {
            '"' => return None,
            '\\' => return Some(Escape::Open),
            _ => out.push(c),
        },
        Escape::Open => match c {
            'u' => {
                return Some(Escape::Unicode {
                    digits: 0,
                    value: 0,
                });
            }
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            '"' | '\\' | '/' => out.push(c),
            // Not JSON; what a model writes like this it means literally.
            _ => out.extend(['\\', c]),
        },
        Escape::Unicode { digits, value } => {
            let value = value * 16 + c.to_digit(16).unwrap_or_default();
            if digits < 3 {
                let digits = digits + 1;
                return Some(Escape::Unicode { digits, value });
            }
            push_unit(value, high, out);
        }
    }
    Some(Escape::None)
}

/// Appends one UTF-16 unit.
fn push_unit(unit: u32, high: &mut Option<u32>, out: &mut String) {
    let first = high.take();
    match (first, unit) {
        (None, 0xD800..=0xDBFF) => *high = Some(unit),
        (Some(first), 0xDC00..=0xDFFF) => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (unit - 0xDC00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        (Some(_), _) => {
            out.push(char::REPLACEMENT_CHARACTER);
            push_unit(unit, high, out);
        }
        (None, _) => out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

/// Returns the text that a model meant by another form: `input` among other fields, the only
/// string of an object, or a string by itself.
fn meant(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(mut object) => match object.remove("input") {
            Some(Value::String(text)) => Some(text),
            Some(_) => None,
            None if object.is_empty() => Some(String::new()),
            None if object.len() == 1 => match object.into_iter().next() {
                Some((_, Value::String(text))) => Some(text),
                _ => None,
            },
            None => None,
        },
        _ => None,
    }
}

/// The head is looked at anew for each character; no model puts this much space into it.
const MAX_HEAD: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, Unwrapped) {
        let (mut unwrapper, mut given) = (Unwrapper::default(), String::new());
        for piece in pieces {
            given.push_str(&unwrapper.push(piece));
        }
        let unwrapped = unwrapper.close();
        given.push_str(&unwrapped.rest);
        (given, unwrapped)
    }

    #[test]
    fn text_is_certain_as_soon_as_it_comes() {
        let mut unwrapper = Unwrapper::default();
        let mut push = |piece| unwrapper.push(piece);
        assert_eq!(push("{ \"inp"), "");
        assert_eq!(push("ut\" : \"*** Be"), "*** Be");
        assert_eq!(push("gin\\"), "gin");
        assert_eq!(push("nx"), "\nx");
    }

    #[test]
    fn other_forms_are_understood_at_the_end() {
        for (sent, meant) in [
            ("*** Begin Patch", "*** Begin Patch"),
            (r#""quoted""#, "quoted"),
            (r#"{"patch":"p"}"#, "p"),
            (r#"{"why":"w","input":"i"}"#, "i"),
            (r#"{"input":{"a":1}}"#, r#"{"input":{"a":1}}"#),
            ("{}", ""),
            ("", ""),
        ] {
            assert_eq!(run([sent]).0, meant, "{sent}");
        }
    }

    #[test]
    fn a_cut_text_is_not_whole() {
        let (given, unwrapped) = run([r#"{"input":"rm -r"#]);
        assert_eq!((given.as_str(), unwrapped.whole), ("rm -r", false));
        assert!(!run([r#"{"inp"#]).1.whole);
    }

    proptest! {
        /// However the JSON is cut, and whether or not it is all ASCII, the text comes out.
        #[test]
        fn any_cut_gives_the_text(text in any::<String>(), ascii: bool, size in 1_usize..5) {
            let mut json = serde_json::json!({"input": text}).to_string();
            if ascii {
                json = json.encode_utf16().map(|unit| match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                    _ => format!("\\u{unit:04x}"),
                }).collect();
            }
            let chars: Vec<char> = json.chars().collect();
            let pieces: Vec<String> = chars.chunks(size).map(|piece| piece.iter().collect()).collect();
            let (given, unwrapped) = run(pieces.iter().map(String::as_str));
            prop_assert_eq!(&given, &text);
            prop_assert_eq!(&unwrapped.text, &text);
            prop_assert!(unwrapped.whole);
        }
    }
}
