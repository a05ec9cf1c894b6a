//! Starts the proxy under test and ends it with the test.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use llmx_test_support::{Answer, RawClient, ScriptedUpstream, exchange};

pub(crate) const KEY: &str = "sk-test.canary-0123456789";

/// A running proxy.
pub(crate) struct Proxy {
    child: Child,
    addr: SocketAddr,
    log: Receiver<String>,
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmx-responses-api-proxy"));
    command.env_remove("SSL_CERT_FILE");
    command
}

impl Proxy {
    /// Starts a proxy in front of `upstream` with further `flags`.
    pub(crate) fn start(upstream: &ScriptedUpstream, flags: &[&str]) -> Self {
        let url = upstream.url("/v1/responses");
        let mut command = command();
        command.args(["--upstream-url", &url]).args(flags);
        Self::spawn(command)
    }

    /// Starts `command`, gives it the key, and waits until it says where it listens.
    pub(crate) fn spawn(command: Command) -> Self {
        let (child, log) = launch(command, &format!("{KEY}\n"));
        let line = log.recv_timeout(Duration::from_secs(10)).unwrap();
        let addr = line
            .strip_prefix("responses-api-proxy listening on ")
            .unwrap_or_else(|| panic!("{line}"));
        // A proxy on a Unix socket has no address; its tests connect by path.
        let addr = addr.parse().unwrap_or_else(|_| ([127, 0, 0, 1], 0).into());
        Self { child, addr, log }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> RawClient {
        RawClient::connect(self.addr)
    }

    /// Sends `request`, in which `HOST` stands for our address, on a connection of its own.
    pub(crate) fn exchange(&self, request: &str) -> Option<Answer> {
        exchange(self.addr, self.fill(request))
    }

    pub(crate) fn fill(&self, request: &str) -> String {
        request.replace("HOST", &self.addr.to_string())
    }

    /// Returns a whole request with a JSON body.
    pub(crate) fn post(&self, body: &str) -> String {
        let length = body.len();
        self.fill(&format!(
            "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Waits for the process to end, at most ten seconds.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Returns what it has printed since it listened.
    pub(crate) fn printed(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs `command` with `stdin` to its end and returns its status and standard error.
pub(crate) fn run(command: Command, stdin: &str) -> (ExitStatus, String) {
    let (mut child, log) = launch(command, stdin);
    let status = wait(&mut child);
    (status, log.iter().collect::<Vec<_>>().join("\n"))
}

pub(crate) fn launch(mut command: Command, stdin: &str) -> (Child, Receiver<String>) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe stays open in the child until it has read: a program may end before it reads.
    let _ended_early = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (sender, log) = channel();
    thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    (child, log)
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
fn wait(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > Duration::from_secs(10) {
            let _reaped = child.kill();
            panic!("the process did not end within 10 s");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Ends a process that a test started.
pub(crate) fn end(mut child: Child) {
    let _already_gone = child.kill();
    let _reaped = child.wait();
}

/// An upstream that answers every request with the same small JSON.
pub(crate) fn echo_upstream() -> ScriptedUpstream {
    use llmx_test_support::Step;
    ScriptedUpstream::start(|_| vec![Step::json(200, r#"{"id":"resp_1"}"#)])
}
