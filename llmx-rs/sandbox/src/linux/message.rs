//! What keeper and command tell the front, and what the front tells the user.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

/// The one answer that goes from the keeper to the front.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The command ran and ended with this raw wait status.
    Ended(i32),
    /// The sandbox could not be set up, and the command did not run.
    SetUp(String),
    /// The command itself could not be started: the error number, for the shell's exit codes.
    Exec(i32),
}

impl Answer {
    /// Writes the answer. Nobody is left to tell if that fails: the front is gone.
    pub(super) fn send(&self, to: &OwnedFd) {
        let (kind, body) = match self {
            Self::Ended(status) => (b'=', status.to_le_bytes().to_vec()),
            Self::Exec(number) => (b'?', number.to_le_bytes().to_vec()),
            Self::SetUp(text) => (b'!', text.clone().into_bytes()),
        };
        let Ok(length) = u32::try_from(body.len()) else {
            return;
        };
        let bytes = [&[kind], length.to_le_bytes().as_slice(), &body].concat();
        let _gone = rustix::io::write(to, &bytes);
    }

    /// Reads the first answer that was sent; a failed start is followed by an end that says less.
    pub(super) fn read(from: OwnedFd) -> Option<Self> {
        let mut bytes = Vec::new();
        File::from(from).read_to_end(&mut bytes).ok()?;
        let (kind, rest) = bytes.split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let body = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let number = || Some(i32::from_le_bytes(*body.first_chunk()?));
        match kind {
            b'=' => number().map(Self::Ended),
            b'?' => number().map(Self::Exec),
            b'!' => Some(Self::SetUp(String::from_utf8_lossy(body).into_owned())),
            _ => None,
        }
    }
}

/// Says on standard error what went wrong. If that is closed there is nobody to tell.
pub(super) fn complain(text: &str) {
    let _closed = writeln!(io::stderr(), "llmx sandbox: {text}");
}

/// Adds what was being done to an error of the system.
pub(super) trait Doing<T> {
    fn doing(self, what: &str) -> Result<T, String>;
}

impl<T, E: std::fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Result<T, String> {
        self.map_err(|error| format!("{what}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts() {
        for answer in [
            Answer::Ended(0x0100),
            Answer::Exec(2),
            Answer::SetUp("no mount".to_owned()),
        ] {
            let (read, write) = rustix::pipe::pipe().unwrap();
            answer.send(&write);
            if answer != Answer::Ended(0x0100) {
                Answer::Ended(127 << 8).send(&write);
            }
            drop(write);
            assert_eq!(Answer::read(read), Some(answer));
        }
    }

    #[test]
    fn a_keeper_that_was_killed_has_not_answered() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        drop(write);
        assert_eq!(Answer::read(read), None);
    }
}
