//! Events that carry the time they were written, and the reader that tells their age.

use memchr::memmem;

use crate::histogram::Histogram;
use crate::os::monotonic_ns;

/// One event as an HTTP chunk, ready but for its stamp.
#[derive(Debug)]
pub(crate) struct EventTemplate {
    chunk: Vec<u8>,
    stamp_at: usize,
}

impl EventTemplate {
    /// A text delta, about 250 bytes on the wire.
    pub(crate) fn delta() -> Self {
        Self::new(&format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\
             \"item_id\":\"msg_bench\",\"output_index\":0,\"content_index\":0,\"delta\":\"{STAMP}\
             {UNSET}{WORDS}\"}}\n\n"
        ))
    }

    /// The last event of a stream.
    pub(crate) fn completed() -> Self {
        Self::new(&format!(
            "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":\
             {{\"id\":\"resp_bench\",\"object\":\"response\",\"status\":\"completed\",\"output\":\
             [],\"metadata\":{{\"stamp\":\"{STAMP}{UNSET}\"}}}}}}\n\n"
        ))
    }

    /// A chunk of Chat Completions with the same words as [`EventTemplate::delta`].
    pub(crate) fn chat_delta() -> Self {
        Self::new(&format!(
            "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\
             \"model\":\"mock\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{STAMP}{UNSET}{WORDS}\"}},\
             \"finish_reason\":null}}]}}\n\n"
        ))
    }

    fn new(event: &str) -> Self {
        let chunk = format!("{:x}\r\n{event}\r\n", event.len()).into_bytes();
        let stamp_at = memmem::find(&chunk, STAMP.as_bytes()).unwrap_or(0) + STAMP.len();
        Self { chunk, stamp_at }
    }

    /// The chunk, stamped with this instant.
    pub(crate) fn stamped_now(&mut self) -> &[u8] {
        let mut rest = monotonic_ns();
        let digits = self.stamp_at..self.stamp_at + UNSET.len();
        for digit in self
            .chunk
            .get_mut(digits)
            .unwrap_or_default()
            .iter_mut()
            .rev()
        {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        &self.chunk
    }
}

/// Counts stamped events as they arrive and records how long each was under way.
///
/// Events without a stamp frame the others, and those with several repeat what was said before: a
/// bridge adds both kinds, and neither has a time of its own.
#[derive(Debug, Default)]
pub(crate) struct EventTap {
    unfinished: Vec<u8>,
    events: u64,
}

impl EventTap {
    /// Takes body bytes that were read at `now_ns`.
    pub(crate) fn push(&mut self, bytes: &[u8], now_ns: u64, transit: &mut Histogram) {
        self.unfinished.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(rest) = self.unfinished.get(at..) {
            let Some(end) = memmem::find(rest, b"\n\n") else {
                break;
            };
            if let Some(sent) = rest.get(..end).and_then(stamp_of) {
                transit.record(now_ns.saturating_sub(sent));
                self.events += 1;
            }
            at += end + 2;
        }
        self.unfinished.drain(..at);
    }

    /// Whole stamped events seen so far.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }
}

/// The stamp of an event that has exactly one.
fn stamp_of(event: &[u8]) -> Option<u64> {
    let at = memmem::find(event, STAMP.as_bytes())? + STAMP.len();
    let digits = event.get(at..at + UNSET.len())?;
    let rest = event.get(at + UNSET.len()..)?;
    if memmem::find(rest, STAMP.as_bytes()).is_some() {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Marks the stamp inside a text that also proxies which rewrite events pass on.
const STAMP: &str = "t=";
/// About what a model tends to send at once.
const WORDS: &str = " and some words of the length that a model tends to send at once";
/// As many digits as the largest `u64` has.
const UNSET: &str = "00000000000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    fn event(template: &mut EventTemplate) -> Vec<u8> {
        let chunk = template.stamped_now();
        let start = memmem::find(chunk, b"\r\n").unwrap() + 2;
        chunk[start..chunk.len() - 2].to_vec()
    }

    #[test]
    fn a_stamp_says_when_the_event_was_written() {
        let before = monotonic_ns();
        let stamp = stamp_of(&event(&mut EventTemplate::delta())).unwrap();
        assert!(before <= stamp && stamp <= monotonic_ns());
    }

    #[test]
    fn the_chunk_size_is_true_and_the_data_is_json() {
        for mut template in [
            EventTemplate::delta(),
            EventTemplate::completed(),
            EventTemplate::chat_delta(),
        ] {
            let event = event(&mut template);
            let chunk = String::from_utf8(template.chunk.clone()).unwrap();
            let (size, _) = chunk.split_once("\r\n").unwrap();
            assert_eq!(usize::from_str_radix(size, 16).unwrap(), event.len());
            let text = String::from_utf8(event).unwrap();
            let data = text.split_once("data: ").unwrap().1;
            assert!(serde_json::from_str::<serde_json::Value>(data).is_ok());
        }
    }

    #[test]
    fn what_frames_or_repeats_the_words_is_not_counted() {
        let delta = event(&mut EventTemplate::delta());
        let words = String::from_utf8(delta.clone()).unwrap();
        let repeated = words.replace("\n\n", &words);
        let stream = [b"event: response.created\ndata: {}\n\n", &*delta].concat();
        let (mut tap, mut transit) = (EventTap::default(), Histogram::default());
        tap.push(&stream, u64::MAX, &mut transit);
        tap.push(repeated.as_bytes(), u64::MAX, &mut transit);
        assert_eq!((tap.events(), transit.total()), (1, 1));
    }

    #[test]
    fn events_are_counted_however_they_are_cut() {
        let stream: Vec<u8> = [
            event(&mut EventTemplate::delta()),
            event(&mut EventTemplate::completed()),
        ]
        .concat();
        for step in [1, 7, stream.len()] {
            let (mut tap, mut transit) = (EventTap::default(), Histogram::default());
            for piece in stream.chunks(step) {
                tap.push(piece, u64::MAX, &mut transit);
            }
            assert_eq!((tap.events(), transit.total()), (2, 2));
        }
    }
}
