//! The ends of a pipe or a terminal that stay with the agent, and those that a command gets.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{Receiver, Sender};

/// What a command gets as standard input, output and error.
pub(super) struct Streams {
    pub(super) input: Stdio,
    pub(super) output: Stdio,
    pub(super) error: Stdio,
}

/// The agent's end of what a command prints.
pub(super) struct Printed(Receiver);

/// The agent's end of what is typed to a command.
#[derive(Debug)]
pub(super) struct Keyboard(Sender);

/// Makes one pipe for both kinds of output, which keeps what they say in the order they said it.
/// The input is empty: some programs that find a pipe there wait for it.
pub(super) fn pipe() -> io::Result<(Streams, Printed)> {
    let (reader, writer) = io::pipe()?;
    let streams = Streams {
        input: Stdio::null(),
        output: writer.try_clone()?.into(),
        error: writer.into(),
    };
    Ok((streams, Printed(Receiver::from_owned_fd(reader.into())?)))
}

/// Makes a terminal of the usual size.
pub(super) fn terminal() -> io::Result<(Streams, Printed, Keyboard)> {
    let ours = open_ours()?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    tcsetwinsize(&ours, SIZE)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(ptsname(&ours, Vec::new())?, flags, Mode::empty())?;
    let streams = Streams {
        input: theirs.try_clone()?.into(),
        output: theirs.try_clone()?.into(),
        error: theirs.into(),
    };
    // A terminal is no pipe, but is read and written like one, once it does not block.
    rustix::io::ioctl_fionbio(&ours, true)?;
    let keyboard = Sender::from_owned_fd_unchecked(ours.try_clone()?)?;
    let printed = Receiver::from_owned_fd_unchecked(ours)?;
    Ok((streams, Printed(printed), Keyboard(keyboard)))
}

/// Opens the agent's end, which no command may inherit.
fn open_ours() -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    // There it cannot be said while it is opened.
    #[cfg(target_vendor = "apple")]
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC)?;
    Ok(ours)
}

impl Printed {
    /// Reads what there is; zero bytes at the end.
    ///
    /// An error is an end as well: Linux reports one on a terminal that nobody holds any more.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.0.read(buffer).await.unwrap_or(0)
    }
}

impl Keyboard {
    /// Types as much as the terminal takes, but something, and returns how many bytes.
    pub(super) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};
