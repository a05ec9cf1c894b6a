//! Asks a program: tells it something, hears what it says to the end, and leaves nothing of it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::Group;

/// How a program ended by itself, and what it has said.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: Kept,
    /// What it wrote to its standard error.
    pub stderr: Kept,
}

/// The beginning of what a program wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// As much as there was room for.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub is_cut: bool,
}

/// Why there is no answer. Each continues a sentence that names the program.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    /// The program could not be started.
    #[error("cannot be started: {0}")]
    NotStarted(io::Error),
    /// The program went on for too long, and was killed.
    #[error("has not ended within {} s", .0.as_secs_f64())]
    TooSlow(Duration),
    /// How the program ended is not known.
    #[error("cannot be waited for: {0}")]
    Lost(io::Error),
}

/// Runs `command` with `told` on its standard input, and keeps `room` bytes of each of its outputs.
///
/// What it has left behind when it ends, and all of it at the end of `limit`, is killed.
pub async fn ask(
    command: impl Into<Command>,
    told: &[u8],
    room: usize,
    limit: Duration,
) -> Result<Answer, AskFault> {
    let mut command = command.into();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let group = Group::start(command).map_err(AskFault::NotStarted)?;
    match timeout(limit, hear_out(group, told, room)).await {
        Ok(answer) => answer.map_err(AskFault::Lost),
        Err(_) => Err(AskFault::TooSlow(limit)),
    }
}

/// Tells and hears at the same time: a program that is not read does not read either.
async fn hear_out(mut group: Group, told: &[u8], room: usize) -> io::Result<Answer> {
    let (stdin, stdout, stderr) = group.pipes();
    let telling = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is told.
            let _unread = stdin.write_all(told).await;
        }
    };
    let (mut out, mut err) = (Kept::default(), Kept::default());
    let status = {
        let hearing =
            async { tokio::join!(out.listen(stdout, room), err.listen(stderr, room), telling) };
        tokio::pin!(hearing);
        let all_heard = tokio::select! {
            biased;
            ended = group.leader_ended() => ended.map(|()| false)?,
            _ = &mut hearing => true,
        };
        group.leader_ended().await?;
        // What it has left behind could hold its output open for ever.
        let status = group.end().await?;
        if !all_heard {
            let _late = timeout(LAST_WORDS, &mut hearing).await;
        }
        status
    };
    Ok(Answer {
        status,
        stdout: out,
        stderr: err,
    })
}

impl Kept {
    /// Hears all, so that the program can go on, and keeps what there is room for.
    async fn listen(&mut self, stream: Option<impl AsyncRead + Unpin>, room: usize) {
        let Some(mut stream) = stream else {
            return;
        };
        let mut buffer = vec![0; 8 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            let new = buffer.get(..count).unwrap_or_default();
            let room = room.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(new.get(..room).unwrap_or(new));
            self.is_cut |= new.len() > room;
        }
    }
}

/// What is in the pipes when the program ends is there to be read at once.
const LAST_WORDS: Duration = Duration::from_millis(200);
