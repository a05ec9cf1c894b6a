//! Decodes server-sent events as WHATWG defines them, from bytes cut anywhere, in bounded memory.
//!
//! Framing works on bytes; text is decoded once per field of a complete event, so a character that
//! two chunks share is never damaged. Each byte is looked at once, however the input is cut.
//!
//! One deliberate difference from WHATWG: an event that the stream's end cuts off before its blank
//! line is not discarded. [`Decoder::finish`] returns it apart from the others, because real
//! servers close right after their last event; its reader must judge whether it is whole.

use memchr::memchr2;

use super::Event;

/// How much memory a stream may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The bytes that one event may have before it is complete.
    pub max_event_bytes: usize,
}

impl Default for Limits {
    /// Allows 64 MiB: a final Responses event repeats the whole output, images included.
    fn default() -> Self {
        Self {
            max_event_bytes: 64 << 20,
        }
    }
}

/// A stream that cannot be decoded any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// An event or a line outgrew [`Limits::max_event_bytes`].
    #[error("an event of the stream is larger than {limit} bytes")]
    TooLarge {
        /// The limit in force.
        limit: usize,
    },
}

/// Turns the bytes of one stream into events.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    /// The bytes of a line whose end has not come.
    line: Vec<u8>,
    /// Whether the next byte, if a line feed, belongs to a carriage return already seen.
    after_cr: bool,
    /// Whether a line was completed; only the first may open with a byte order mark.
    past_first_line: bool,
    pending: Pending,
    last_id: Option<String>,
    fault: Option<DecodeFault>,
}

/// The fields of the event that is being received.
#[derive(Debug, Default)]
struct Pending {
    name: Vec<u8>,
    /// Every data line, each followed by a line feed: a single empty line counts as data.
    data: Vec<u8>,
}

impl Decoder {
    /// Starts a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes the next bytes and appends the events that they complete.
    ///
    /// After a fault the stream stays at that fault.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), DecodeFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let result = self.lines(bytes, out);
        if let Err(fault) = &result {
            self.fault = Some(fault.clone());
            self.line = Vec::new();
            self.pending = Pending::default();
        }
        result
    }

    /// Ends the stream and returns the event that its end cut off, if that event has data.
    pub fn finish(mut self) -> Option<Event> {
        if self.fault.is_some() {
            return None;
        }
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.complete_line(&line);
        }
        self.dispatch()
    }

    fn lines(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) -> Result<(), DecodeFault> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr2(b'\r', b'\n', bytes) {
            let (head, rest) = bytes.split_at(end);
            self.check_room(head.len())?;
            let complete = if self.line.is_empty() {
                self.complete_line(head)
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(head);
                let complete = self.complete_line(&line);
                // The buffer goes back, so that a stream of cut lines allocates once.
                line.clear();
                self.line = line;
                complete
            };
            if complete {
                out.extend(self.dispatch());
            }
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => rest,
            };
            self.after_cr = bytes.is_empty() && rest == b"\r";
        }
        self.check_room(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn check_room(&self, more: usize) -> Result<(), DecodeFault> {
        let limit = self.limits.max_event_bytes;
        let held = self.line.len().saturating_add(self.pending.data.len());
        if held.saturating_add(more) > limit {
            return Err(DecodeFault::TooLarge { limit });
        }
        Ok(())
    }

    /// Applies one line without its end; returns whether it was the blank line after an event.
    fn complete_line(&mut self, mut line: &[u8]) -> bool {
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            None => (line, &[][..]),
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
        };
        match field {
            b"data" => {
                self.pending.data.reserve(value.len() + 1);
                self.pending.data.extend_from_slice(value);
                self.pending.data.push(b'\n');
            }
            b"event" => self.pending.name = value.to_vec(),
            b"id" if !value.contains(&0) => self.last_id = Some(text(value.to_vec())),
            // Comments, `retry` and unknown fields say nothing to a reader of one stream.
            _ => {}
        }
        line.is_empty()
    }

    fn dispatch(&mut self) -> Option<Event> {
        let Pending { name, mut data } = std::mem::take(&mut self.pending);
        // Without a data line there is no event; with one, the last line feed is not part of it.
        data.pop()?;
        Some(Event {
            name: (!name.is_empty()).then(|| text(name)),
            data: text(data),
            id: self.last_id.clone(),
        })
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Decodes as WHATWG does: bytes that are not UTF-8 become U+FFFD.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|invalid| String::from_utf8_lossy(invalid.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_line_ending_frames_the_same_event() {
        for end in ["\n", "\r", "\r\n"] {
            let stream = format!("event: e{end}data: 1{end}data: 2{end}{end}data: 3{end}{end}");
            assert_eq!(
                whole(stream.as_bytes()),
                ["e|1\n2", "-|3"],
                "line ending {end:?}"
            );
        }
    }

    #[test]
    fn a_colon_needs_no_space_and_loses_only_one() {
        assert_eq!(whole(b"data:x\n\ndata:  y\n\n"), ["-|x", "-| y"]);
    }

    #[test]
    fn comments_pings_and_unknown_fields_are_no_events() {
        let stream = b": hello\n\nevent: ping\n\nretry: 5\nfoo: bar\ndata\n\n";
        assert_eq!(whole(stream), ["-|"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        let stream = b"\xEF\xBB\xBFdata: x\n\n\xEF\xBB\xBFdata: y\n\n";
        assert_eq!(whole(stream), ["-|x"]);
    }

    #[test]
    fn an_id_stays_until_the_next_one_and_may_hold_no_nul() {
        let mut events = Vec::new();
        let stream = b"id: 7\ndata: a\n\nid: 8\0\ndata: b\n\n";
        Decoder::default().push(stream, &mut events).unwrap();
        let ids: Vec<_> = events.iter().map(|event| event.id.as_deref()).collect();
        assert_eq!(ids, [Some("7"), Some("7")]);
    }

    #[test]
    fn the_last_event_needs_no_blank_line() {
        assert_eq!(whole(b"data: a\n\ndata: b"), ["-|a", "-|b"]);
        assert_eq!(whole(b"data: a\n\n: bye"), ["-|a"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        assert_eq!(whole(b"data: \xFFx\n\n"), ["-|\u{FFFD}x"]);
    }

    #[test]
    fn an_event_over_the_limit_is_a_fault_that_stays() {
        let limits = Limits { max_event_bytes: 8 };
        let mut decoder = Decoder::new(limits);
        let mut out = Vec::new();
        let fault = Err(DecodeFault::TooLarge { limit: 8 });
        assert_eq!(decoder.push(b"data: 1\n\ndata: 123", &mut out), fault);
        assert_eq!(out.len(), 1);
        assert_eq!(decoder.push(b"\n\n", &mut out), fault);
        assert_eq!(decoder.finish(), None);
    }

    #[test]
    fn many_small_data_lines_cannot_outgrow_the_limit() {
        let mut decoder = Decoder::new(Limits {
            max_event_bytes: 1024,
        });
        let mut out = Vec::new();
        let faulted = (0..1024).any(|_| decoder.push(b"data: x\n", &mut out).is_err());
        assert!(faulted);
    }

    proptest! {
        /// However the bytes are cut, the events and the fault are the same.
        #[test]
        fn recutting_the_bytes_changes_nothing(
            stream in arbitrary_stream(),
            cuts in prop::collection::vec(1_usize..7, 0..64),
            max_event_bytes in prop::sample::select(vec![6_usize, 12, 1 << 20]),
        ) {
            let limits = Limits { max_event_bytes };
            let expected = decode(limits, [&stream[..]]);
            prop_assert_eq!(&decode(limits, stream.chunks(1)), &expected);
            prop_assert_eq!(&decode(limits, pieces(&stream, &cuts)), &expected);
        }

        /// What was encoded is decoded again, with every line ending read as a line feed.
        #[test]
        fn decoding_undoes_encoding(name in "[a-z.]{0,8}", data in "[a-zé:\\r\\n ]{0,24}") {
            let mut bytes = Vec::new();
            super::super::encode(&name, &data, &mut bytes);
            let mut out = Vec::new();
            Decoder::default().push(&bytes, &mut out).unwrap();
            let normal = data.replace("\r\n", "\n").replace('\r', "\n");
            let event = Event { name: (!name.is_empty()).then_some(name), data: normal, id: None };
            prop_assert_eq!(out, vec![event]);
        }
    }

    /// Streams made of the pieces that matter to framing, so that most cases hold whole events.
    fn arbitrary_stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "data",
            "event",
            "id",
            ":",
            " ",
            "\r",
            "\n",
            "\r\n",
            "x",
            "é",
            "\u{FEFF}",
            "\0",
            "data: y\n\n",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    fn pieces<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut out = Vec::new();
        for cut in cuts {
            let (head, rest) = bytes.split_at((*cut).min(bytes.len()));
            out.push(head);
            bytes = rest;
        }
        out.push(bytes);
        out
    }

    fn decode<'a>(
        limits: Limits,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Event>, Option<DecodeFault>) {
        let (mut decoder, mut out) = (Decoder::new(limits), Vec::new());
        let mut fault = None;
        for chunk in chunks {
            fault = decoder.push(chunk, &mut out).err();
        }
        out.extend(decoder.finish());
        (out, fault)
    }

    fn whole(stream: &[u8]) -> Vec<String> {
        let brief = |event: Event| {
            let name = event.name.unwrap_or_else(|| "-".to_owned());
            format!("{name}|{}", event.data)
        };
        let (events, fault) = decode(Limits::default(), [stream]);
        assert_eq!(fault, None);
        events.into_iter().map(brief).collect()
    }
}
