//! A server process of the bench, ended by its own id when no longer needed.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{fault, os};

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command
            .stdout(Stdio::null())
            .spawn()
            .map_err(crate::context(&format!("cannot start {command:?}")))?;
        Ok(Self { child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Hands over what the server reads on stdin, and closes it.
    pub(crate) fn feed(&mut self, input: &[u8]) -> io::Result<()> {
        match self.child.stdin.take() {
            Some(mut stdin) => io::Write::write_all(&mut stdin, input),
            None => Err(fault("the server was started without a stdin")),
        }
    }

    /// Waits until `ready` has an answer, the server ends, or the wait has lasted too long.
    pub(crate) fn wait_until<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> io::Result<T> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ready() {
                return Ok(answer);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(fault(format!(
                    "a server ended before it was ready: {status}"
                )));
            }
            if start.elapsed() > START_LIMIT {
                return Err(fault("a server was not ready in time"));
            }
            nap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        os::ask_to_end(&self.child);
        let asked = Instant::now();
        while asked.elapsed() < END_LIMIT {
            match self.child.try_wait() {
                Ok(None) => nap(),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        // It neither ended when asked nor can anything more be done if this fails.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The port in a server-info file, once the file is whole.
pub(crate) fn announced_port(file: &Path) -> Option<u16> {
    let info: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    u16::try_from(info.get("port")?.as_u64()?).ok()
}

/// A pause short enough to time a start of a few milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench is one thread that waits for a process; the runtime's timer is too coarse"
)]
fn nap() {
    std::thread::sleep(Duration::from_micros(50));
}

const START_LIMIT: Duration = Duration::from_secs(10);
const END_LIMIT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_too_early_is_reported() {
        let mut server = Server::spawn(&mut Command::new("false")).unwrap();
        let error = server.wait_until(|| None::<()>).unwrap_err();
        assert!(error.to_string().contains("ended before it was ready"));
    }

    #[test]
    fn a_dropped_server_is_gone() {
        let server = Server::spawn(Command::new("sleep").arg("60")).unwrap();
        let pid = server.pid();
        drop(server);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn the_port_is_known_once_the_file_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("info.json");
        assert_eq!(announced_port(&file), None);
        std::fs::write(&file, "{\"port\":12").unwrap();
        assert_eq!(announced_port(&file), None);
        std::fs::write(&file, "{\"port\":1234,\"pid\":1}").unwrap();
        assert_eq!(announced_port(&file), Some(1234));
    }
}
