//! Half a turn as it is kept: what the client said or what the model answered, as JSON.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use llmx_wire::json;
use llmx_wire::responses::{Request, Response};
use serde::Serialize;
use serde_json::value::RawValue;

/// The `input` of a request or the `output` of a response.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// In the object it came or went in, which is small or has little else.
    Within(Bytes),
    /// Without the rest of that object.
    Alone(Bytes),
}

/// An object of this size is kept whole: to take the part out costs more than the rest of it.
const SMALL: usize = 2 << 10;

/// Smaller objects are looked through, or copied, in no time.
const LARGE: usize = 64 << 10;

impl Part {
    /// Takes the input out of `body`; `rest` is the request without it.
    pub(crate) fn of_request(body: &Bytes, rest: &Request) -> Self {
        // To look for the input in a large body takes longer than to see that there is little else.
        let is_most = || body.len() >= LARGE && encoded(rest).len() <= body.len() / 8;
        if body.len() <= SMALL || is_most() {
            return Self::Within(body.clone());
        }
        Self::Alone(member(body, "input"))
    }

    /// Takes the output of `response`; `sent` is the response as JSON, if it is at hand.
    pub(crate) fn of_response(response: &Response, sent: Option<&Bytes>) -> Self {
        match sent {
            Some(sent) if sent.len() <= SMALL => Self::Within(sent.clone()),
            _ => Self::alone(&response.output),
        }
    }

    pub(crate) fn alone(value: &impl Serialize) -> Self {
        Self::Alone(encoded(value).into_boxed_slice().into())
    }

    /// Returns the same part, with its bytes in `room` if they are few and fit.
    pub(crate) fn moved_to(self, room: &mut BytesMut) -> Self {
        let bytes = self.bytes();
        if bytes.len() > LARGE || bytes.len() > room.capacity() {
            return self;
        }
        room.extend_from_slice(bytes);
        let moved = room.split().freeze();
        match self {
            Self::Within(_) => Self::Within(moved),
            Self::Alone(_) => Self::Alone(moved),
        }
    }

    /// Returns the part itself; `name` is what it is called in its object.
    pub(crate) fn json(&self, name: &str) -> Bytes {
        match self {
            Self::Within(object) => member(object, name),
            Self::Alone(json) => json.clone(),
        }
    }

    /// Returns the bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        self.bytes().len()
    }

    fn bytes(&self) -> &Bytes {
        let (Self::Within(bytes) | Self::Alone(bytes)) = self;
        bytes
    }
}

/// Returns a member of a JSON object, or an empty list.
fn member(object: &Bytes, name: &str) -> Bytes {
    let read = serde_json::from_slice::<BTreeMap<Box<str>, &RawValue>>(object);
    let Some(found) = read.ok().and_then(|mut members| members.remove(name)) else {
        return Bytes::from_static(b"[]");
    };
    let found = found.get().as_bytes();
    // A part keeps the whole in memory, which is only worth it where it is most of it.
    if found.len() >= object.len() / 8 * 7 {
        object.slice_ref(found)
    } else {
        Bytes::copy_from_slice(found)
    }
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    // It was made of JSON, so it can be written as JSON.
    json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> (Bytes, Request) {
        let rest = Request {
            input: llmx_wire::responses::TextOrList::default(),
            ..serde_json::from_str(json).unwrap()
        };
        (Bytes::copy_from_slice(json.as_bytes()), rest)
    }

    #[test]
    fn a_part_is_the_same_however_it_is_kept() {
        let long = "x".repeat(LARGE);
        for (input, rest) in [("hi", "m"), ("hi", &*long), (&*long, "m"), (&*long, &*long)] {
            let json = format!(r#"{{"model":"{rest}","input":"{input}"}}"#);
            let (body, rest) = request(&json);
            let kept = Part::of_request(&body, &rest);
            assert_eq!(kept.json("input"), format!("\"{input}\""));
            assert!(kept.size() <= input.len() + SMALL, "{}", kept.size());
        }
    }

    #[test]
    fn an_answer_that_was_sent_whole_is_kept_as_it_was_sent() {
        let json = r#"{"id":"r","output":[{"type":"reasoning","summary":[]}]}"#;
        let response: Response = serde_json::from_str(json).unwrap();
        let sent = Bytes::from_static(json.as_bytes());
        let whole = Part::of_response(&response, Some(&sent));
        assert!(matches!(&whole, Part::Within(kept) if kept.as_ptr() == sent.as_ptr()));
        let alone = Part::of_response(&response, None);
        assert_eq!(whole.json("output"), alone.json("output"));
    }

    #[test]
    fn a_request_without_input_has_an_empty_one() {
        let (body, rest) = request(r#"{"model":"m"}"#);
        assert_eq!(Part::of_request(&body, &rest).json("input"), "[]");
    }
}
