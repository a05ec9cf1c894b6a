//! Runs the program that prints a key.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::read_provider::is_header_value;
use crate::secret::Secret;

/// A program that gave no key. Nothing of its output is here, since a key may be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandFault {
    /// It did not start.
    #[error(
        "the key_command `{program}` cannot be started ({reason}); name a program in PATH, or its whole path"
    )]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// It ended with an error.
    #[error("the key_command `{program}` failed ({status}); run it by hand to see why")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// It took too long.
    #[error("the key_command `{program}` did not end within {} seconds; run it by hand to see what it waits for", LONGEST.as_secs())]
    TooSlow {
        /// The program.
        program: String,
    },
    /// What it printed is no key.
    #[error(
        "the key_command `{program}` did not print a key: it must be one line of visible ASCII on its standard output"
    )]
    NotAKey {
        /// The program.
        program: String,
    },
}

/// Runs a program, without a shell, and returns the key that it prints.
pub(crate) fn run(command: &[String]) -> Result<Secret, CommandFault> {
    run_within(command, LONGEST)
}

fn run_within(command: &[String], longest: Duration) -> Result<Secret, CommandFault> {
    let (program, arguments) = command.split_first().unwrap_or((&EMPTY, &[]));
    let program = || program.clone();
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| CommandFault::NotStarted {
            program: program(),
            reason: error.to_string(),
        })?;
    let output = read_within(&mut child, longest);
    if output.is_none() {
        // It may have ended just now; either way it is gone after this.
        let _ended = child.kill();
    }
    let status = child.wait();
    let Some(output) = output else {
        return Err(CommandFault::TooSlow { program: program() });
    };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => {
            let status = status.to_string();
            return Err(CommandFault::Failed {
                program: program(),
                status,
            });
        }
        Err(error) => {
            let status = error.to_string();
            return Err(CommandFault::Failed {
                program: program(),
                status,
            });
        }
    }
    let key = str::from_utf8(&output).unwrap_or_default().trim();
    if key.is_empty() || !is_header_value(key) {
        return Err(CommandFault::NotAKey { program: program() });
    }
    Ok(Secret::new(key.to_owned()))
}

/// Reads what the program prints until it closes its output.
fn read_within(child: &mut Child, longest: Duration) -> Option<Zeroizing<Vec<u8>>> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Zeroizing::new(Vec::with_capacity(LIMIT));
        let read = output.take(LIMIT as u64).read_to_end(&mut text);
        // Nobody waits any more where it took too long.
        let _unread = sender.send(read.map(|_| text));
    });
    match receiver.recv_timeout(longest) {
        Ok(read) => Some(read.unwrap_or_default()),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
    }
}

static EMPTY: String = String::new();

/// As long as a person takes to confirm with a token or a finger.
const LONGEST: Duration = Duration::from_secs(60);

/// More than any key has.
const LIMIT: usize = 64 * 1024;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Secret, CommandFault> {
        let command = ["sh", "-c", script].map(str::to_owned);
        run_within(&command, Duration::from_millis(800))
    }

    #[test]
    fn the_key_is_what_the_program_prints() {
        assert_eq!(shell("echo ' sk-1 '").unwrap().expose(), "sk-1");
        let plain = ["printf".to_owned(), "a$HOME".to_owned()];
        assert_eq!(run(&plain).unwrap().expose(), "a$HOME");
    }

    #[test]
    fn a_program_that_gives_no_key_is_named_and_its_output_is_not() {
        for (script, words) in [
            ("echo canary; exit 3", "exit status: 3"),
            ("echo canary; echo canary", "did not print a key"),
            ("true", "did not print a key"),
            ("echo canary; exec sleep 20", "did not end within"),
        ] {
            let error = shell(script).unwrap_err().to_string();
            assert!(error.contains("`sh`") && error.contains(words), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
        let error = run(&["/nowhere/x".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("cannot be started"), "{error}");
    }
}
