//! As much of HTTP/1.1 as the mock and the client need: heads by `httparse`, bodies by length,
//! chunks or the end of the connection.

use std::io;

use httparse::{Header, Status};
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::fault;

/// A stream that the client and the mock can speak over, plain or TLS.
pub(crate) trait Io: AsyncRead + tokio::io::AsyncWrite + Unpin {}

impl<T: AsyncRead + tokio::io::AsyncWrite + Unpin> Io for T {}

/// How a message's body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// What the client needs to know of a response's head.
#[derive(Debug, PartialEq)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) head_len: usize,
}

impl ResponseHead {
    /// Returns the head if all of it is there, `None` if more bytes are needed.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let Status::Complete(head_len) = response.parse(bytes).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let status = response.code.unwrap_or(0);
        let framing = framing_of(response.headers)?.unwrap_or(match status {
            100..200 | 204 | 304 => Framing::Length(0),
            _ => Framing::UntilClose,
        });
        Ok(Some(Self {
            status,
            framing,
            keep_alive: framing != Framing::UntilClose && !asks_to_close(response.headers),
            head_len,
        }))
    }
}

/// The framing the headers ask for; `None` if they ask for none.
pub(crate) fn framing_of(headers: &[Header<'_>]) -> io::Result<Option<Framing>> {
    if header(headers, "transfer-encoding").is_some_and(ends_with_chunked) {
        return Ok(Some(Framing::Chunked));
    }
    let Some(length) = header(headers, "content-length") else {
        return Ok(None);
    };
    let length = std::str::from_utf8(length)
        .ok()
        .and_then(|digits| digits.trim().parse().ok())
        .ok_or_else(|| fault("a Content-Length that is no number"))?;
    Ok(Some(Framing::Length(length)))
}

pub(crate) fn header<'a>(headers: &[Header<'a>], name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

fn ends_with_chunked(value: &[u8]) -> bool {
    value
        .trim_ascii_end()
        .to_ascii_lowercase()
        .ends_with(b"chunked")
}

fn asks_to_close(headers: &[Header<'_>]) -> bool {
    header(headers, "connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
}

/// Takes a body apart, one piece at a time.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Data(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Done,
}

impl BodyDecoder {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Data(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns true if the connection's end is the body's end.
    pub(crate) fn may_end_here(&self) -> bool {
        matches!(self.state, State::UntilClose | State::Done)
    }

    /// Takes the next step: the bytes used up, and those of them that are body. Zero bytes used
    /// means that more input is needed.
    pub(crate) fn step<'a>(&mut self, input: &'a [u8]) -> io::Result<(usize, &'a [u8])> {
        match self.state {
            State::Done => Ok((0, &[])),
            State::UntilClose => Ok((input.len(), input)),
            State::Data(left) => {
                let data = up_to(input, left);
                let left = left - data.len() as u64;
                self.state = if left == 0 {
                    State::Done
                } else {
                    State::Data(left)
                };
                Ok((data.len(), data))
            }
            State::ChunkData(left) => {
                let data = up_to(input, left);
                let left = left - data.len() as u64;
                self.state = if left == 0 {
                    State::ChunkEnd
                } else {
                    State::ChunkData(left)
                };
                Ok((data.len(), data))
            }
            State::ChunkSize | State::ChunkEnd | State::Trailer => self.line(input),
        }
    }

    /// Takes one line of framing.
    fn line<'a>(&mut self, input: &[u8]) -> io::Result<(usize, &'a [u8])> {
        let Some(end) = memchr(b'\n', input) else {
            return if input.len() > MAX_LINE {
                Err(fault("a line of chunked framing without an end"))
            } else {
                Ok((0, &[]))
            };
        };
        let line = input.get(..end).unwrap_or_default().trim_ascii_end();
        self.state = match self.state {
            State::ChunkSize => match chunk_size(line)? {
                0 => State::Trailer,
                size => State::ChunkData(size),
            },
            State::ChunkEnd if !line.is_empty() => {
                return Err(fault("a chunk longer than its size"));
            }
            State::ChunkEnd => State::ChunkSize,
            _ if line.is_empty() => State::Done,
            _ => State::Trailer,
        };
        Ok((end + 1, &[]))
    }
}

fn up_to(input: &[u8], limit: u64) -> &[u8] {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    input.get(..limit).unwrap_or(input)
}

fn chunk_size(line: &[u8]) -> io::Result<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .ok_or_else(|| fault("a chunk size that is no hexadecimal number"))
}

/// Bytes read and not yet used, in a buffer that is filled again from its start.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReadBuffer {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity],
            start: 0,
            end: 0,
        }
    }

    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Makes room for large bodies; never shrinks.
    pub(crate) fn grow_to(&mut self, capacity: usize) {
        if self.bytes.len() < capacity {
            self.bytes.resize(capacity, 0);
        }
    }

    /// Reads once. Zero means the end of the stream.
    pub(crate) async fn fill(&mut self, io: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let Some(free) = self
            .bytes
            .get_mut(self.end..)
            .filter(|free| !free.is_empty())
        else {
            return Err(fault("a head or line larger than the buffer"));
        };
        let count = io.read(free).await?;
        self.end += count;
        Ok(count)
    }
}

/// Longer framing lines than any server in use writes.
const MAX_LINE: usize = 4096;
/// More headers than a proxy adds to the few that are sent.
pub(crate) const MAX_HEADERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_head_is_parsed_once_it_is_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: Close\r\n\r\nhello";
        assert_eq!(ResponseHead::parse(&bytes[..30]).unwrap(), None);
        assert_eq!(
            ResponseHead::parse(bytes).unwrap(),
            Some(ResponseHead {
                status: 200,
                framing: Framing::Length(12),
                keep_alive: false,
                head_len: bytes.len() - 5,
            })
        );
    }

    #[test]
    fn framing_prefers_chunked_and_falls_back_to_the_end_of_the_connection() {
        let framing = |head: &[u8]| ResponseHead::parse(head).unwrap().unwrap().framing;
        assert_eq!(
            framing(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n"),
            Framing::Chunked
        );
        assert_eq!(framing(b"HTTP/1.1 200 OK\r\n\r\n"), Framing::UntilClose);
        assert_eq!(framing(b"HTTP/1.1 204 No\r\n\r\n"), Framing::Length(0));
        assert!(ResponseHead::parse(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").is_err());
    }

    /// However the bytes are cut, the same body comes out and the next message stays untouched.
    #[test]
    fn a_chunked_body_survives_every_cut() {
        let wire = b"5;name=v\r\nhello\r\n11\r\n, chunked worlds!\r\n0\r\nX-T: 1\r\n\r\nNEXT";
        for cut in 1..wire.len() {
            let mut decoder = BodyDecoder::new(Framing::Chunked);
            let (mut body, mut at) = (Vec::new(), 0);
            for end in [cut, wire.len()] {
                loop {
                    let (used, data) = decoder.step(&wire[at..end]).unwrap();
                    body.extend_from_slice(data);
                    at += used;
                    if used == 0 {
                        break;
                    }
                }
            }
            assert!(decoder.is_done());
            assert_eq!(body, b"hello, chunked worlds!", "cut at {cut}");
            assert_eq!(&wire[at..], b"NEXT", "cut at {cut}");
        }
    }

    #[test]
    fn broken_chunks_are_refused() {
        for wire in [&b"zz\r\n"[..], b"1\r\nab\r\n", &[b'1'; MAX_LINE + 1]] {
            let mut decoder = BodyDecoder::new(Framing::Chunked);
            let mut at = 0;
            let failed = loop {
                match decoder.step(&wire[at..]) {
                    Ok((0, _)) => break false,
                    Ok((used, _)) => at += used,
                    Err(_) => break true,
                }
            };
            assert!(failed, "{wire:?}");
        }
    }

    #[test]
    fn a_body_by_length_ends_at_its_length_and_one_until_close_may_end_anywhere() {
        let mut decoder = BodyDecoder::new(Framing::Length(3));
        assert_eq!(decoder.step(b"abcd").unwrap(), (3, &b"abc"[..]));
        assert!(decoder.is_done());

        let mut decoder = BodyDecoder::new(Framing::UntilClose);
        assert_eq!(decoder.step(b"ab").unwrap(), (2, &b"ab"[..]));
        assert!(decoder.may_end_here() && !decoder.is_done());
    }
}
