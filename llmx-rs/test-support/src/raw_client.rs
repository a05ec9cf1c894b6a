//! A client that sends exactly the bytes a test gives it.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::message::{Message, read_head};

/// A response.
pub type Answer = Message;

/// One connection to a server under test; every wait is bounded.
pub struct RawClient {
    reader: BufReader<TcpStream>,
}

impl RawClient {
    /// Connects to `addr`.
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("the server accepts");
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            reader: BufReader::new(stream),
        }
    }

    /// Sends `bytes` as they are; a peer that has closed is not an error here.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _gone = self.reader.get_mut().write_all(bytes.as_ref());
        self
    }

    /// Reads one whole response; `None` when the server closed instead.
    pub fn answer(&mut self) -> Option<Answer> {
        let mut answer = self.head()?;
        answer.read_body(&mut self.reader, true).ok()?;
        Some(answer)
    }

    /// Reads only the head of a response.
    pub fn head(&mut self) -> Option<Answer> {
        read_head(&mut self.reader).ok().flatten()
    }

    /// Reads bytes until `needle` has been seen, and returns how long that took.
    pub fn wait_for(&mut self, needle: &str) -> Duration {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while !seen.ends_with(needle.as_bytes()) {
            let mut byte = [0];
            match self.reader.read(&mut byte) {
                Ok(1) => seen.extend_from_slice(&byte),
                other => panic!("{other:?} before {needle:?} in {seen:?}"),
            }
        }
        begun.elapsed()
    }

    /// Reads until the server closes, and returns what came.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _reset = self.reader.read_to_end(&mut rest);
        rest
    }

    /// Closes the connection in both directions.
    pub fn hang_up(self) {
        let _gone = self.reader.get_ref().shutdown(Shutdown::Both);
    }
}

/// Sends one request on a connection of its own and returns the answer.
pub fn exchange(addr: SocketAddr, request: impl AsRef<[u8]>) -> Option<Answer> {
    RawClient::connect(addr).send(request).answer()
}
