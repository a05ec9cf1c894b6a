//! Reads one HTTP/1.1 message off a socket, without any help from the code under test.

use std::io::{self, Read};

/// One HTTP message as it stood on the wire.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The request or status line.
    pub start_line: String,
    /// Header names as sent, values as text, in order.
    pub headers: Vec<(String, String)>,
    /// The body, with any chunked framing removed.
    pub body: Vec<u8>,
}

impl Message {
    /// Returns the first value of the header `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the method of a request.
    pub fn method(&self) -> &str {
        self.start_line.split(' ').next().unwrap_or_default()
    }

    /// Returns the target of a request.
    pub fn target(&self) -> &str {
        self.start_line.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the status of a response.
    pub fn status(&self) -> u16 {
        self.target().parse().unwrap_or_default()
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    /// Returns whether a chunked or sized body follows the head.
    fn framing(&self) -> Framing {
        if self
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            return Framing::Chunked;
        }
        match self.header("content-length").map(str::parse) {
            Some(Ok(length)) => Framing::Sized(length),
            _ => Framing::Absent,
        }
    }

    /// Reads the body that the head announces; `until_close` decides what no framing means.
    pub(crate) fn read_body(
        &mut self,
        stream: &mut impl Read,
        until_close: bool,
    ) -> io::Result<()> {
        match self.framing() {
            Framing::Sized(length) => {
                self.body.resize(length, 0);
                stream.read_exact(&mut self.body)
            }
            Framing::Chunked => read_chunks(stream, &mut self.body),
            Framing::Absent if until_close => stream.read_to_end(&mut self.body).map(drop),
            Framing::Absent => Ok(()),
        }
    }
}

enum Framing {
    Sized(usize),
    Chunked,
    Absent,
}

/// Reads up to and including the blank line; `None` when the peer closed before any byte.
pub fn read_head(stream: &mut impl Read) -> io::Result<Option<Message>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            if head.is_empty() {
                return Ok(None);
            }
            return Err(io::Error::other("the peer closed inside a head"));
        }
        head.extend_from_slice(&byte);
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines = text.trim_end().split("\r\n");
    let start_line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Ok(Some(Message {
        start_line,
        headers,
        body: Vec::new(),
    }))
}

fn read_line(stream: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn read_chunks(stream: &mut impl Read, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = usize::from_str_radix(&read_line(stream)?, 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        read_line(stream)?;
        if size == 0 {
            return Ok(());
        }
    }
}
