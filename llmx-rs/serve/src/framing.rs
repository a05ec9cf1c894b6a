//! Follows the bytes of a connection from request to request, so that every head is checked.
//!
//! Pure: it sees the same bytes as the HTTP library and keeps only a count of heads it accepted.
//! A request that the library found, but this did not, is refused; so the two can never disagree
//! about where a request ends without that being noticed.

use std::mem;

use memchr::memmem;

use crate::head::{self, BodyFraming};
use crate::limits::MAX_HEAD;
use crate::violation::Violation;

/// Where the bytes of a connection stand.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    state: State,
    /// The part of a head that came without its end.
    partial: Vec<u8>,
    heads: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Between two requests, or inside a head when `partial` holds something.
    #[default]
    Head,
    /// This many bytes of a sized body are still to come.
    Sized(u64),
    Chunk(ChunkState),
    /// Nothing more is accepted.
    Refused(Violation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    /// In the size line, with the value and count of its digits so far.
    Size {
        value: u64,
        digits: u8,
    },
    /// After the size, the LF of its line is to come.
    SizeEnd(u64),
    /// In the data, this many bytes are still to come.
    Data(u64),
    /// After the data, CR then LF are to come.
    DataCr,
    DataLf,
    /// After the size zero, CR then LF end the body.
    LastCr,
    LastLf,
}

/// What a connection is doing, as far as its inbound bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No byte of the next request has come.
    Between,
    /// A head has begun and not ended.
    InHead,
    /// A body has begun and not ended.
    InBody,
}

impl Framing {
    /// Follows `bytes`. After the first violation every call returns it again.
    pub(crate) fn observe(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while !bytes.is_empty() {
            let result = match self.state {
                State::Head => self.head(bytes),
                State::Sized(left) => Ok(self.sized(left, bytes)),
                State::Chunk(state) => self.chunk(state, bytes),
                State::Refused(violation) => Err(violation),
            };
            match result {
                Ok(rest) => bytes = rest,
                Err(violation) => {
                    self.state = State::Refused(violation);
                    return Err(violation);
                }
            }
        }
        Ok(())
    }

    /// Returns how many heads were accepted so far.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.state {
            State::Head if self.partial.is_empty() => Phase::Between,
            State::Head | State::Refused(_) => Phase::InHead,
            State::Sized(_) | State::Chunk(_) => Phase::InBody,
        }
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Violation> {
        if self.partial.is_empty()
            && let Some((head, rest)) = split_head(bytes)
        {
            self.begin_body(check_head(head)?);
            return Ok(rest);
        }
        // The end may straddle the cut, so the search starts up to three bytes before it.
        let seen = self.partial.len();
        let from = seen.saturating_sub(3);
        self.partial.extend_from_slice(bytes);
        let tail = self.partial.get(from..).unwrap_or_default();
        if let Some(end) = memmem::find(tail, b"\r\n\r\n") {
            let end = from + end + 4;
            let partial = mem::take(&mut self.partial);
            self.begin_body(check_head(partial.get(..end).unwrap_or_default())?);
            return Ok(bytes.get(end - seen..).unwrap_or_default());
        }
        if self.partial.len() > MAX_HEAD {
            return Err(Violation::LargeHead);
        }
        Ok(&[])
    }

    fn begin_body(&mut self, framing: BodyFraming) {
        self.heads += 1;
        self.state = match framing {
            BodyFraming::Sized(0) => State::Head,
            BodyFraming::Sized(length) => State::Sized(length),
            BodyFraming::Chunked => State::Chunk(ChunkState::START),
        };
    }

    fn sized<'a>(&mut self, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let (left, rest) = skip(left, bytes);
        self.state = match left {
            0 => State::Head,
            left => State::Sized(left),
        };
        rest
    }

    fn chunk<'a>(&mut self, state: ChunkState, bytes: &'a [u8]) -> Result<&'a [u8], Violation> {
        if let ChunkState::Data(left) = state {
            let (left, rest) = skip(left, bytes);
            self.state = State::Chunk(match left {
                0 => ChunkState::DataCr,
                left => ChunkState::Data(left),
            });
            return Ok(rest);
        }
        let Some((&byte, rest)) = bytes.split_first() else {
            return Ok(bytes);
        };
        self.state = match (state, byte) {
            (ChunkState::LastLf, b'\n') => State::Head,
            (state, byte) => State::Chunk(state.next(byte).ok_or(Violation::BadChunk)?),
        };
        Ok(rest)
    }
}

impl ChunkState {
    const START: Self = Self::Size {
        value: 0,
        digits: 0,
    };

    /// Follows one byte outside the data; `None` where plain chunked framing does not allow it.
    fn next(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Size { value, digits }, byte) if byte.is_ascii_hexdigit() && digits < 15 => {
                let digit = u64::from((byte as char).to_digit(16)?);
                Some(Self::Size {
                    value: value * 16 + digit,
                    digits: digits + 1,
                })
            }
            (Self::Size { value, digits: 1.. }, b'\r') => Some(Self::SizeEnd(value)),
            (Self::SizeEnd(0), b'\n') => Some(Self::LastCr),
            (Self::SizeEnd(size), b'\n') => Some(Self::Data(size)),
            (Self::DataCr, b'\r') => Some(Self::DataLf),
            (Self::DataLf, b'\n') => Some(Self::START),
            (Self::LastCr, b'\r') => Some(Self::LastLf),
            _ => None,
        }
    }
}

/// Skips up to `left` bytes and returns how many are still to come, and the bytes after them.
fn skip(left: u64, bytes: &[u8]) -> (u64, &[u8]) {
    let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let rest = bytes.get(taken..).unwrap_or_default();
    (left - taken as u64, rest)
}

fn check_head(head: &[u8]) -> Result<BodyFraming, Violation> {
    if head.len() > MAX_HEAD {
        return Err(Violation::LargeHead);
    }
    head::check(head)
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memmem::find(bytes, b"\r\n\r\n")? + 4;
    bytes.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sized(body: &str) -> String {
        let length = body.len();
        format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    fn chunked(parts: &[&str]) -> String {
        let mut text = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
        for part in parts {
            text.push_str(&format!("{:x}\r\n{part}\r\n", part.len()));
        }
        text + "0\r\n\r\n"
    }

    fn run<'a>(cuts: impl IntoIterator<Item = &'a [u8]>) -> (Result<(), Violation>, u64, Phase) {
        let mut framing = Framing::default();
        let mut result = Ok(());
        for bytes in cuts {
            result = framing.observe(bytes);
        }
        (result, framing.heads(), framing.phase())
    }

    #[test]
    fn requests_follow_each_other_whatever_their_framing() {
        let text = sized("abc") + &chunked(&["12345", "6"]) + &sized("") + &chunked(&[]);
        assert_eq!(run([text.as_bytes()]), (Ok(()), 4, Phase::Between));
    }

    #[test]
    fn a_body_that_looks_like_a_request_is_only_a_body() {
        let inner = "POST /b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx";
        assert_eq!(run([sized(inner).as_bytes()]), (Ok(()), 1, Phase::Between));
    }

    #[test]
    fn the_phase_tells_a_begun_head_from_silence() {
        assert_eq!(run([]).2, Phase::Between);
        assert_eq!(run([&b"POST /a HT"[..]]).2, Phase::InHead);
        assert_eq!(
            run([&b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nx"[..]]).2,
            Phase::InBody
        );
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let head = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [
            "5;ext=1\r\nabcde\r\n",
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "1\nx\r\n",
            "1\r\nxy\r\n",
            "0\r\nTrailer: x\r\n\r\n",
            "ffffffffffffffff\r\n",
        ] {
            let text = format!("{head}{body}");
            assert_eq!(
                run([text.as_bytes()]).0,
                Err(Violation::BadChunk),
                "{body:?}"
            );
        }
    }

    #[test]
    fn an_endless_head_is_refused() {
        let flood = vec![b'a'; MAX_HEAD + 1];
        assert_eq!(run([&flood[..]]).0, Err(Violation::LargeHead));
    }

    #[test]
    fn a_refused_connection_stays_refused() {
        let bad = b"GET http://x/ HTTP/1.1\r\n\r\n";
        let good = sized("");
        let (result, heads, _) = run([&bad[..], good.as_bytes()]);
        assert_eq!((result, heads), (Err(Violation::BadRequestLine), 0));
    }

    proptest! {
        /// However the bytes are cut, the same heads are accepted.
        #[test]
        fn recutting_changes_nothing(
            bodies in prop::collection::vec("[a-z\r\n]{0,40}", 1..5),
            chunk in any::<bool>(),
            size in 1_usize..64,
        ) {
            let text: String = bodies
                .iter()
                .map(|body| if chunk && !body.is_empty() { chunked(&[body]) } else { sized(body) })
                .collect();
            prop_assert_eq!(
                run(text.as_bytes().chunks(size)),
                (Ok(()), bodies.len() as u64, Phase::Between)
            );
        }

        /// Arbitrary bytes never panic, and a cut never turns a refusal into an acceptance.
        #[test]
        fn arbitrary_bytes_are_judged_alike_in_every_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..32,
        ) {
            let whole = run([&bytes[..]]);
            let cut = run(bytes.chunks(size));
            prop_assert_eq!(whole.0, cut.0);
            prop_assert_eq!(whole.1, cut.1);
        }
    }
}
