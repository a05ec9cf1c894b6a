//! Reads stdin without ever waiting for something that does not come.

use std::io::{self, IsTerminal as _, Read};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

/// Where stdin leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdinKind {
    /// A person at a keyboard.
    Terminal,
    /// A file: all of it is there.
    File,
    /// A pipe, a socket or a device: what comes, and when, is up to someone else.
    Stream,
}

/// Stdin, or what stands for it in a test.
pub struct Stdin {
    /// Where it leads.
    pub kind: StdinKind,
    /// What comes from there.
    pub reader: Box<dyn Read + Send>,
    /// How long a stream may take to begin before it counts as silent.
    pub patience: Duration,
    /// How long a stream that has begun may pause.
    pub longest_gap: Duration,
}

/// What stdin gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// All of it.
    Text(String),
    /// Nothing within the patience, and no end either.
    Silence,
    /// Something, and then nothing for a long time, and no end either.
    Unfinished,
    /// More than a prompt can be.
    TooLarge,
}

impl Stdin {
    /// Returns the stdin of the process.
    pub fn of_process() -> Self {
        let stdin = io::stdin();
        let kind = if stdin.is_terminal() {
            StdinKind::Terminal
        } else if is_file() {
            StdinKind::File
        } else {
            StdinKind::Stream
        };
        Self {
            kind,
            reader: Box::new(stdin),
            patience: PATIENCE,
            longest_gap: LONGEST_GAP,
        }
    }

    /// Reads to the end, however long that takes.
    pub(crate) async fn read_all(self) -> io::Result<Given> {
        self.read(None, None).await
    }

    /// Reads to the end, unless nothing comes.
    pub(crate) async fn read_if_given(self) -> io::Result<Given> {
        let (patience, gap) = (self.patience, self.longest_gap);
        self.read(Some(patience), Some(gap)).await
    }

    async fn read(self, first: Option<Duration>, gap: Option<Duration>) -> io::Result<Given> {
        let mut chunks = read_in_thread(self.reader);
        let mut text = Vec::new();
        loop {
            let limit = if text.is_empty() { first } else { gap };
            let chunk = match limit {
                None => chunks.recv().await,
                Some(limit) => match timeout(limit, chunks.recv()).await {
                    Ok(chunk) => chunk,
                    Err(_) if text.is_empty() => return Ok(Given::Silence),
                    Err(_) => return Ok(Given::Unfinished),
                },
            };
            match chunk {
                Some(chunk) => text.extend(chunk?),
                None => return Ok(Given::Text(String::from_utf8_lossy(&text).into_owned())),
            }
            if text.len() > MAX_BYTES {
                return Ok(Given::TooLarge);
            }
        }
    }
}

/// Reads in a thread of its own, which may stay blocked until the process ends: a task of the
/// runtime would keep the runtime from shutting down.
fn read_in_thread(mut reader: Box<dyn Read + Send>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let chunk = match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => Ok(buffer.get(..read).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

#[cfg(unix)]
fn is_file() -> bool {
    use std::os::fd::AsFd as _;
    let file = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(std::fs::File::from);
    file.and_then(|file| file.metadata())
        .is_ok_and(|metadata| metadata.is_file())
}

#[cfg(not(unix))]
fn is_file() -> bool {
    false
}

/// Enough for the first output of a program that was started in the same pipeline; a pipe that a
/// parent process forgot to close costs no more than this.
const PATIENCE: Duration = Duration::from_secs(2);
/// Whoever has begun to write is given this long for the next piece.
const LONGEST_GAP: Duration = Duration::from_secs(60);
/// More than any model can read.
const MAX_BYTES: usize = 16 << 20;
