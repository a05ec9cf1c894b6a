//! A model provider that does exactly what a test scripts: bytes, pauses, cuts.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::message::{Message, read_head};

/// What a scripted upstream does in answer to one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes these bytes at once.
    Send(Vec<u8>),
    /// Does nothing for this long.
    Pause(Duration),
    /// Waits until the client hangs up, then counts a hang-up.
    AwaitHangup,
    /// Closes the connection in an orderly way.
    Close,
}

/// The steps that answer one request.
pub type Reply = Vec<Step>;

impl Step {
    /// A whole response with a JSON body.
    pub fn json(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::Send(
            format!(
                "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }

    /// The head of a chunked event stream.
    pub fn sse_head() -> Self {
        Self::Send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
              transfer-encoding: chunked\r\n\r\n"
                .to_vec(),
        )
    }

    /// One chunk of a chunked body.
    pub fn chunk(data: &str) -> Self {
        Self::Send(format!("{:x}\r\n{data}\r\n", data.len()).into_bytes())
    }

    /// One server-sent event, named by the `type` in its data as Responses does, in a chunk.
    pub fn event(data: &str) -> Self {
        Self::chunk(&format!("data: {data}\n\n"))
    }

    /// The chunk that ends a chunked body.
    pub fn last_chunk() -> Self {
        Self::Send(b"0\r\n\r\n".to_vec())
    }
}

/// A provider on a loopback port; it stops with the test.
pub struct ScriptedUpstream {
    addr: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Default)]
struct Log {
    requests: Vec<Message>,
    hangups: usize,
    connections: usize,
}

impl ScriptedUpstream {
    /// Starts a provider that answers every request with what `script` returns for it. Only what is
    /// fetched finds nothing and is not counted: agents look for facts about models beside their work.
    pub fn start(script: impl Fn(&Message) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_for(script, Scope::WhatIsPosted)
    }

    /// Starts a provider that answers what is fetched with what `script` returns for it, too.
    pub fn start_with_facts(script: impl Fn(&Message) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_for(script, Scope::Everything)
    }

    fn start_for(script: impl Fn(&Message) -> Reply + Send + Sync + 'static, scope: Scope) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let script = Arc::new(script);
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (Arc::clone(&shared), Arc::clone(&script));
                thread::spawn(move || serve(&stream, &seen, &*script, scope));
            }
        });
        Self { addr, seen }
    }

    /// Starts a provider that gives the n-th request the n-th reply, and the last one ever after.
    pub fn with_replies(replies: Vec<Reply>) -> Self {
        let count = Mutex::new(0);
        Self::start(move |_| {
            let mut count = count.lock().unwrap();
            let reply = replies[(*count).min(replies.len() - 1)].clone();
            *count += 1;
            reply
        })
    }

    /// Returns where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns its URL for `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Returns the requests read so far.
    pub fn requests(&self) -> Vec<Message> {
        self.seen.log.lock().unwrap().requests.clone()
    }

    /// Returns how many connections were accepted.
    pub fn connections(&self) -> usize {
        self.seen.log.lock().unwrap().connections
    }

    /// Waits until `count` requests have been read whole, at most ten seconds.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Message> {
        self.wait(|log| log.requests.len() >= count);
        self.requests()
    }

    /// Waits until `count` clients have hung up on a step that awaits it, at most ten seconds.
    pub fn wait_for_hangups(&self, count: usize) -> Duration {
        let begun = Instant::now();
        self.wait(|log| log.hangups >= count);
        begun.elapsed()
    }

    fn wait(&self, done: impl Fn(&Log) -> bool) {
        let log = self.seen.log.lock().unwrap();
        let (log, timeout) = self
            .seen
            .changed
            .wait_timeout_while(log, Duration::from_secs(10), |log| !done(log))
            .unwrap();
        assert!(
            !timeout.timed_out(),
            "after 10 s: {} requests, {} hang-ups",
            log.requests.len(),
            log.hangups
        );
    }
}

impl Seen {
    fn note(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.log.lock().unwrap());
        self.changed.notify_all();
    }
}

/// What a script answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    WhatIsPosted,
    Everything,
}

fn serve(stream: &TcpStream, seen: &Seen, script: &dyn Fn(&Message) -> Reply, scope: Scope) {
    stream.set_nodelay(true).unwrap();
    seen.note(|log| log.connections += 1);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Ok(Some(mut request)) = read_head(&mut reader) {
        if request.read_body(&mut reader, false).is_err() {
            seen.note(|log| log.hangups += 1);
            return;
        }
        if scope == Scope::WhatIsPosted && request.method() == "GET" {
            let refusal = Step::json(404, r#"{"error":{"message":"nothing to fetch"}}"#);
            if !perform(refusal, stream, &mut reader, seen) {
                return;
            }
            continue;
        }
        let reply = script(&request);
        seen.note(|log| log.requests.push(request));
        for step in reply {
            if !perform(step, stream, &mut reader, seen) {
                return;
            }
        }
    }
}

/// Performs one step; false ends the connection.
#[expect(
    clippy::disallowed_methods,
    reason = "this thread belongs to the script; sleeping is its pause"
)]
fn perform(step: Step, mut stream: &TcpStream, reader: &mut impl Read, seen: &Seen) -> bool {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes).is_ok(),
        Step::Pause(time) => {
            thread::sleep(time);
            true
        }
        Step::AwaitHangup => {
            let mut byte = [0];
            while matches!(reader.read(&mut byte), Ok(1..)) {}
            seen.note(|log| log.hangups += 1);
            false
        }
        Step::Close => {
            let _gone = stream.shutdown(Shutdown::Both);
            false
        }
    }
}
