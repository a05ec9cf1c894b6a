//! The mock upstream: reads any request as fast as it can and answers what the request asks for.
//!
//! It is a process of its own, so that its CPU time and memory never count as the proxy's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use httparse::Status;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::agent::script;
use crate::args::MockArgs;
use crate::fault;
use crate::http1::{self, BodyDecoder, Framing, Io, MAX_HEADERS, ReadBuffer};
use crate::os;
use crate::plan::Plan;
use crate::sse::EventTemplate;
use crate::tls;

/// Serves until the process is ended.
pub(crate) fn run(args: &MockArgs) -> io::Result<()> {
    os::raise_open_files()?;
    os::die_with_parent()?;
    let acceptor = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(tls::acceptor(cert, key)?),
        _ => None,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = listen(args.port)?;
            announce(listener.local_addr()?, args.server_info.as_deref())?;
            accept(&listener, acceptor.as_ref()).await
        })
}

/// Listens on loopback with a backlog that a thousand clients at once do not overflow.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

/// Writes `{"port":…,"pid":…}`, whole or not at all, where the bench waits for it.
pub(crate) fn announce(address: SocketAddr, file: Option<&std::path::Path>) -> io::Result<()> {
    let Some(file) = file else {
        return Ok(());
    };
    let info = serde_json::json!({"port": address.port(), "pid": std::process::id()});
    let unfinished = file.with_extension("new");
    std::fs::write(&unfinished, info.to_string())?;
    std::fs::rename(unfinished, file)
}

async fn accept(listener: &TcpListener, tls: Option<&TlsAcceptor>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let tls = tls.cloned();
        // A client that leaves ends its connection; nobody waits for the reason.
        tokio::spawn(async move { converse(stream, tls).await.ok() });
    }
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<()> {
    match tls {
        Some(tls) => serve(tls.accept(stream).await?).await,
        None => serve(stream).await,
    }
}

async fn serve(mut io: impl Io) -> io::Result<()> {
    let mut buffer = ReadBuffer::new(HEAD_BUFFER);
    while let Some(request) = read_head(&mut io, &mut buffer).await? {
        if request.expects_continue {
            io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if let Some(calls) = request.plan.calls {
            let body = read_body(&mut io, &mut buffer, request.framing).await?;
            io.write_all(&script::answer(calls, &body)).await?;
            io.flush().await?;
            continue;
        }
        skip_body(&mut io, &mut buffer, request.framing).await?;
        if request.plan.think_us > 0 {
            tokio::time::sleep(Duration::from_micros(request.plan.think_us)).await;
        }
        if request.plan.events > 0 {
            write_stream(&mut io, &request.plan).await?;
        } else {
            io.write_all(&json_answer(&request.plan)).await?;
        }
        io.flush().await?;
    }
    Ok(())
}

struct Request {
    plan: Plan,
    framing: Framing,
    expects_continue: bool,
}

/// Reads up to the end of a request's head; `None` if the client left before one began.
async fn read_head(io: &mut impl Io, buffer: &mut ReadBuffer) -> io::Result<Option<Request>> {
    loop {
        if let Some((request, head_len)) = parse_head(buffer.filled())? {
            buffer.consume(head_len);
            return Ok(Some(request));
        }
        if buffer.fill(io).await? == 0 {
            return if buffer.filled().is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

fn parse_head(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Status::Complete(head_len) = request.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let headers = &*request.headers;
    let parsed = Request {
        plan: Plan::of_request(request.path.unwrap_or_default(), headers),
        framing: http1::framing_of(headers)?.unwrap_or(Framing::Length(0)),
        expects_continue: http1::header(headers, "expect").is_some(),
    };
    Ok(Some((parsed, head_len)))
}

async fn skip_body(io: &mut impl Io, buffer: &mut ReadBuffer, framing: Framing) -> io::Result<()> {
    each_piece(io, buffer, framing, |_| ()).await
}

async fn read_body(
    io: &mut impl Io,
    buffer: &mut ReadBuffer,
    framing: Framing,
) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    each_piece(io, buffer, framing, |piece| read.extend_from_slice(piece)).await?;
    Ok(read)
}

async fn each_piece(
    io: &mut impl Io,
    buffer: &mut ReadBuffer,
    framing: Framing,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    if !matches!(framing, Framing::Length(length) if length <= HEAD_BUFFER as u64) {
        buffer.grow_to(BODY_BUFFER);
    }
    let mut body = BodyDecoder::new(framing);
    while !body.is_done() {
        let (used, piece) = body.step(buffer.filled())?;
        take(piece);
        buffer.consume(used);
        if used == 0 && buffer.fill(io).await? == 0 {
            return Err(fault("the client left within its body"));
        }
    }
    Ok(())
}

/// Writes one event per write, on a schedule that does not drift.
async fn write_stream(io: &mut impl Io, plan: &Plan) -> io::Result<()> {
    let (mut delta, mut completed) = if plan.chat {
        (EventTemplate::chat_delta(), EventTemplate::chat_delta())
    } else {
        (EventTemplate::delta(), EventTemplate::completed())
    };
    io.write_all(STREAM_HEAD).await?;
    let start = Instant::now();
    for number in 0..plan.events {
        if plan.gap_us > 0 && number > 0 {
            let due = Duration::from_micros(plan.gap_us * u64::from(number));
            tokio::time::sleep_until(start + due).await;
        }
        let last = number + 1 == plan.events;
        let event = if last { &mut completed } else { &mut delta };
        io.write_all(event.stamped_now()).await?;
        io.flush().await?;
    }
    if plan.chat {
        io.write_all(&chat_tail()).await?;
    }
    io.write_all(b"0\r\n\r\n").await
}

/// What ends a stream of Chat Completions: the reason, the usage, and the word that it is over.
fn chat_tail() -> Vec<u8> {
    let mut chunks = Vec::new();
    for event in CHAT_TAIL {
        let event = format!("data: {event}\n\n");
        chunks.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
    }
    chunks
}

/// An answer's one object padded to the size asked for, with its head. Built per request: a copy of a
/// kilobyte costs less than a cache's lookup would save.
fn json_answer(plan: &Plan) -> Vec<u8> {
    let (start, end) = if plan.chat {
        (CHAT_START, CHAT_END)
    } else {
        (JSON_START, JSON_END)
    };
    let padding = plan.size.saturating_sub(start.len() + end.len());
    let length = padding + start.len() + end.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut answer = Vec::with_capacity(head.len() + length);
    answer.extend_from_slice(head.as_bytes());
    answer.extend_from_slice(start);
    answer.resize(answer.len() + padding, b'x');
    answer.extend_from_slice(end);
    answer
}

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";
const JSON_START: &[u8] = br#"{"id":"resp_bench","object":"response","status":"completed","model":"mock","output":[{"type":"message","id":"msg_bench","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":""#;
const JSON_END: &[u8] = br#""}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#;
const CHAT_START: &[u8] = br#"{"id":"chatcmpl-bench","object":"chat.completion","created":1,"model":"mock","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":""#;
const CHAT_END: &[u8] =
    br#""}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
const CHAT_TAIL: [&str; 3] = [
    r#"{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"mock","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    r#"{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"mock","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    "[DONE]",
];
/// The most that Linux grants unless told otherwise.
const BACKLOG: u32 = 4096;
const HEAD_BUFFER: usize = 16 << 10;
/// Large bodies are read in as few calls as a socket's buffer allows.
const BODY_BUFFER: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_of_the_size_asked_for() {
        for (size, chat) in [(1024, false), (100_000, false), (1024, true)] {
            let plan = Plan {
                chat,
                ..Plan::json(size)
            };
            let answer = String::from_utf8(json_answer(&plan)).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {size}")));
            assert_eq!(body.len(), size);
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
        }
    }

    #[tokio::test]
    async fn a_stream_of_chat_has_its_chunks_a_reason_the_usage_and_an_end() {
        let plan = Plan {
            chat: true,
            ..Plan::stream(3, 0)
        };
        let (mut client, mut server) = tokio::io::duplex(8192);
        write_stream(&mut server, &plan).await.unwrap();
        drop(server);
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut client, &mut answer)
            .await
            .unwrap();
        assert_eq!(answer.matches("\"content\":\"t=").count(), 3);
        assert_eq!(answer.matches("\"finish_reason\":\"stop\"").count(), 1);
        assert_eq!(answer.matches("\"usage\":").count(), 1);
        assert!(answer.ends_with("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"));
    }

    #[tokio::test]
    async fn a_request_with_a_chunked_body_is_answered_by_its_plan() {
        let request = b"POST /x?events=2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n0\r\n\r\n";
        let (mut client, server) = tokio::io::duplex(4096);
        client.write_all(request).await.unwrap();
        client.shutdown().await.unwrap();
        serve(server).await.unwrap();

        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut client, &mut answer)
            .await
            .unwrap();
        assert_eq!(answer.matches("event: ").count(), 2);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(answer.ends_with("\r\n0\r\n\r\n"));
    }
}
