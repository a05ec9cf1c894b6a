//! Copies requests and responses to files while they pass, without ever holding them up.
//!
//! Handlers give away references to the bytes that pass; one thread redacts and writes. When the
//! disk is slower than the traffic, bytes are left out of the dump, never out of the traffic.

mod redact;
mod text;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value, json};

use crate::error::ProxyError;
use writer::Writer;

/// How many bytes may wait for the disk before chunks are left out of the dump.
const MAX_QUEUED: usize = 64 * 1024 * 1024;

/// Where handlers send what passes.
pub(crate) struct Dump {
    queue: Queue,
    next: AtomicU64,
    url: String,
}

#[derive(Clone)]
struct Queue {
    sender: Sender<Message>,
    queued: Arc<AtomicUsize>,
}

/// What the writer is told about one file.
enum Message {
    Begin {
        file: u64,
        name: String,
        head: Map<String, Value>,
    },
    Chunk {
        file: u64,
        bytes: Bytes,
    },
    End {
        file: u64,
        ending: Ending,
    },
}

/// How a body ended.
struct Ending {
    /// It came to its own end, as opposed to a cut connection.
    complete: bool,
    /// Bytes of it were left out because the disk was too slow.
    lossy: bool,
}

/// One request and the response to it.
pub(crate) struct Exchange {
    queue: Queue,
    number: u64,
    millis: u128,
    pub(crate) recorder: Option<Recorder>,
}

/// Copies one body; dropping it ends the file.
pub(crate) struct Recorder {
    queue: Queue,
    file: u64,
    ending: Ending,
}

impl Dump {
    /// Makes `dir` and starts the writer. The thread ends when every [`Dump`] and [`Recorder`] is
    /// gone, with everything written.
    pub(crate) fn start(
        dir: &Path,
        key: &'static str,
        url: String,
    ) -> Result<(Self, JoinHandle<()>), ProxyError> {
        let failed = |source| ProxyError::DumpDir {
            path: dir.to_owned(),
            source,
        };
        let writer = Writer::new(dir, key).map_err(failed)?;
        let (sender, receiver) = channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let queue = Queue {
            sender,
            queued: Arc::clone(&queued),
        };
        let thread = std::thread::Builder::new()
            .name("dump".to_owned())
            .spawn(move || writer.run(&receiver, &queued))
            .map_err(failed)?;
        let next = AtomicU64::new(1);
        Ok((Self { queue, next, url }, thread))
    }

    /// Begins the file of a request.
    pub(crate) fn request<B>(&self, request: &Request<B>) -> Exchange {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let millis = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_millis());
        let mut head = Map::new();
        head.insert("method".to_owned(), json!(request.method().as_str()));
        head.insert("url".to_owned(), json!(self.url));
        head.insert("headers".to_owned(), headers(request.headers()));
        let mut exchange = Exchange {
            queue: self.queue.clone(),
            number,
            millis,
            recorder: None,
        };
        exchange.recorder = Some(exchange.begin("request", number * 2, head));
        exchange
    }
}

impl Exchange {
    /// Begins the file of the response.
    pub(crate) fn response<B>(&self, response: &Response<B>) -> Recorder {
        let mut head = Map::new();
        head.insert("status".to_owned(), json!(response.status().as_u16()));
        head.insert("headers".to_owned(), headers(response.headers()));
        self.begin("response", self.number * 2 + 1, head)
    }

    fn begin(&self, kind: &str, file: u64, head: Map<String, Value>) -> Recorder {
        let name = format!("{:06}-{}-{kind}.json", self.number, self.millis);
        self.queue.send(Message::Begin { file, name, head });
        Recorder {
            queue: self.queue.clone(),
            file,
            ending: Ending {
                complete: false,
                lossy: false,
            },
        }
    }
}

impl Recorder {
    /// Copies a part of the body.
    pub(crate) fn chunk(&mut self, bytes: &Bytes) {
        if self.queue.queued.load(Ordering::Relaxed) > MAX_QUEUED {
            self.ending.lossy = true;
            return;
        }
        self.queue.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        self.queue.send(Message::Chunk {
            file: self.file,
            bytes: bytes.clone(),
        });
    }

    /// Notes that the body came to its own end.
    pub(crate) fn complete(&mut self) {
        self.ending.complete = true;
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let Ending { complete, lossy } = self.ending;
        self.queue.send(Message::End {
            file: self.file,
            ending: Ending { complete, lossy },
        });
    }
}

impl Queue {
    fn send(&self, message: Message) {
        // The writer lives as long as any sender; if it died, the traffic goes on without a dump.
        let _writer_gone = self.sender.send(message);
    }
}

fn headers(headers: &HeaderMap) -> Value {
    let list = headers.iter().map(|(name, value)| {
        let value = if value.is_sensitive() || redact::is_secret_header(name.as_str()) {
            redact::MARK.to_owned()
        } else {
            value.as_bytes().escape_ascii().to_string()
        };
        json!({ "name": name.as_str(), "value": value })
    });
    list.collect()
}
