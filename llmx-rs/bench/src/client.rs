//! One connection that sends prepared requests and reads the answers.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::fault;
use crate::histogram::Histogram;
use crate::http1::{BodyDecoder, Io, ReadBuffer, ResponseHead};
use crate::os::monotonic_ns;
use crate::plan::Plan;
use crate::sse::EventTap;
use crate::tls;

/// Where requests go.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) tls: Option<TlsConnector>,
    /// The mock behind it must answer in Chat Completions.
    pub(crate) chat: bool,
}

impl Target {
    /// The target of every side but the peers.
    pub(crate) fn responses(port: u16) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host: format!("127.0.0.1:{port}"),
            path: RESPONSES.to_owned(),
            tls: None,
            chat: false,
        }
    }

    /// A whole request, head and body in one piece, so that sending it is one write.
    pub(crate) fn request(&self, body_len: usize, plan: &Plan) -> Vec<u8> {
        let stream = if plan.events > 0 { BODY_STREAM } else { "" };
        let start = format!("{{\"model\":\"mock\",{stream}\"input\":\"");
        let filling = body_len.saturating_sub(start.len() + BODY_END.len());
        let length = start.len() + filling + BODY_END.len();
        let Self {
            host, path, chat, ..
        } = self;
        let wish = Plan {
            chat: *chat,
            ..*plan
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             authorization: Bearer of-the-client\r\n{}content-length: {length}\r\n\r\n",
            wish.header_lines()
        );
        let mut request = Vec::with_capacity(head.len() + length);
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(start.as_bytes());
        request.resize(request.len() + filling, b'x');
        request.extend_from_slice(BODY_END.as_bytes());
        request
    }
}

/// A keep-alive connection.
pub(crate) struct Connection {
    io: Box<dyn Io>,
    buffer: ReadBuffer,
    reusable: bool,
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> io::Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let io: Box<dyn Io> = match &target.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect(tls::server_name()?, stream).await?),
        };
        Ok(Self {
            io,
            buffer: ReadBuffer::new(READ_BUFFER),
            reusable: true,
        })
    }

    /// Returns false once the server has said that it closes this connection.
    pub(crate) fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// Sends a request and reads its whole answer; any status but 200 is an error.
    pub(crate) async fn exchange(&mut self, request: &[u8], tap: &mut dyn Tap) -> io::Result<()> {
        self.reusable = false;
        self.io.write_all(request).await?;
        self.io.flush().await?;
        let head = self.read_head().await?;
        let mut body = BodyDecoder::new(head.framing);
        let mut read_at = monotonic_ns();
        let mut refusal = Vec::new();
        while !body.is_done() {
            let (used, data) = body.step(self.buffer.filled())?;
            if !data.is_empty() {
                tap.on_body(data, read_at);
                if head.status != 200 && refusal.len() < SHOWN_OF_A_REFUSAL {
                    refusal.extend_from_slice(data);
                }
            }
            self.buffer.consume(used);
            if used == 0 {
                if self.buffer.fill(&mut self.io).await? == 0 {
                    if body.may_end_here() {
                        break;
                    }
                    return Err(fault("the answer was cut short"));
                }
                read_at = monotonic_ns();
            }
        }
        if head.status != 200 {
            let body = String::from_utf8_lossy(&refusal);
            return Err(fault(format!("status {}: {}", head.status, body.trim())));
        }
        self.reusable = head.keep_alive;
        Ok(())
    }

    async fn read_head(&mut self) -> io::Result<ResponseHead> {
        loop {
            if let Some(head) = ResponseHead::parse(self.buffer.filled())? {
                self.buffer.consume(head.head_len);
                if head.status != 100 {
                    return Ok(head);
                }
            } else if self.buffer.fill(&mut self.io).await? == 0 {
                return Err(fault("the connection ended before an answer"));
            }
        }
    }
}

/// Sees the bytes of an answer's body as they come.
pub(crate) trait Tap {
    fn on_body(&mut self, data: &[u8], read_at_ns: u64);
}

/// For answers whose content does not matter.
pub(crate) struct Ignore;

impl Tap for Ignore {
    fn on_body(&mut self, _data: &[u8], _read_at_ns: u64) {}
}

/// Watches the events of one stream.
pub(crate) struct StreamTap {
    pub(crate) events: EventTap,
    pub(crate) first_at_ns: Option<u64>,
    /// Shared by all streams of a run.
    transit: Rc<RefCell<Histogram>>,
}

impl StreamTap {
    pub(crate) fn new(transit: Rc<RefCell<Histogram>>) -> Self {
        Self {
            events: EventTap::default(),
            first_at_ns: None,
            transit,
        }
    }
}

impl Tap for StreamTap {
    fn on_body(&mut self, data: &[u8], read_at_ns: u64) {
        self.events
            .push(data, read_at_ns, &mut self.transit.borrow_mut());
        if self.first_at_ns.is_none() && self.events.events() > 0 {
            self.first_at_ns = Some(read_at_ns);
        }
    }
}

pub(crate) const RESPONSES: &str = "/v1/responses";
const BODY_STREAM: &str = "\"stream\":true,";
const BODY_END: &str = "\"}";
const READ_BUFFER: usize = 64 << 10;
const SHOWN_OF_A_REFUSAL: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_body_length_it_announces() {
        let target = Target::responses(9);
        for plan in [Plan::json(10), Plan::stream(2, 0)] {
            let request = String::from_utf8(target.request(1024, &plan)).unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1:9\r\n"));
            assert!(head.ends_with("content-length: 1024"));
            assert_eq!(body.len(), 1024);
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
        }
    }
}
