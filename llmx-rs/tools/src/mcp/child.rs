//! Starts a server that is a program, keeps the end of what it writes to standard error, and ends it
//! with everything that it has started.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::exec::Capture;
use crate::group::Group;

/// A server under way. Dropping it kills what is left of it.
#[derive(Debug)]
pub(crate) struct Child {
    group: Group,
    reading: JoinHandle<()>,
}

impl Child {
    /// Starts `command`; what it writes to standard error goes into `tail`.
    pub(crate) fn start(
        command: &str,
        args: &[String],
        environment: &[(OsString, OsString)],
        cwd: &Path,
        tail: &Tail,
    ) -> Result<(Self, ChildStdout, ChildStdin), String> {
        let cannot = |why: String| format!("`{command}` cannot be started: {why}");
        let mut starting = Command::new(command);
        starting
            .args(args)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut group = Group::start(starting).map_err(|error| cannot(error.to_string()))?;
        let (Some(input), Some(output), Some(errors)) = group.pipes() else {
            return Err(cannot("it has no streams".to_owned()));
        };
        let child = Self {
            group,
            reading: tokio::spawn(read(errors, tail.clone())),
        };
        Ok((child, output, input))
    }

    /// Gives the server, whose input is closed by now, a moment to end, then asks it, then kills it.
    pub(crate) async fn end(mut self) {
        if timeout(GRACE, self.group.leader_ended()).await.is_err() {
            self.group.signal(Signal::TERM);
            // Whether or not that was enough, the rest is killed as this value is dropped.
            let _late = timeout(GRACE, self.group.leader_ended()).await;
        }
    }

    /// Waits a moment for the last words of a server that has closed its output.
    pub(crate) async fn last_words(&mut self) {
        let _late = timeout(LAST_WORDS, async {
            let _ended = self.group.leader_ended().await;
            let _read = (&mut self.reading).await;
        })
        .await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(mut errors: ChildStderr, tail: Tail) {
    let mut buffer = vec![0; 4 << 10];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        tail.push(buffer.get(..count).unwrap_or_default());
    }
}

/// The end of what a server has written to standard error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
}

impl Tail {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.lock();
        kept.extend(bytes);
        let excess = kept.len().saturating_sub(TAIL);
        kept.drain(..excess);
    }

    /// Forgets the words of a server that is started again.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Returns it without what only a terminal understands, from the beginning of a line.
    pub(crate) fn text(&self) -> Option<String> {
        let bytes: Vec<u8> = self.lock().iter().copied().collect();
        let is_cut = bytes.len() == TAIL;
        let mut capture = Capture::default();
        capture.push(&bytes);
        let text = capture.take(false).plain(2 * TAIL, true);
        let whole = match text.split_once('\n') {
            Some((_, rest)) if is_cut => rest,
            _ => text.as_str(),
        };
        let whole = whole.trim();
        (!whole.is_empty()).then(|| whole.to_owned())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server gets to put its files in order, once for each kind of request to end.
pub(crate) const GRACE: Duration = Duration::from_millis(500);
const LAST_WORDS: Duration = Duration::from_millis(300);
const TAIL: usize = 2 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_holds_whole_lines_and_nothing_for_terminals() {
        let tail = Tail::default();
        assert_eq!(tail.text(), None);
        for n in 0..1_000 {
            tail.push(format!("line {n}\n").as_bytes());
        }
        tail.push(b"\x1b[31mred\x1b[0m\n");
        let text = tail.text().unwrap();
        assert!(text.len() <= TAIL);
        assert!(text.starts_with("line "), "{text}");
        assert!(text.ends_with("line 999\nred"), "{text}");
    }
}
