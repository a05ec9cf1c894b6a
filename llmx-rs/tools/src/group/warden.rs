//! Ends the groups of a process that was killed and could not end them itself.
//!
//! The sandbox ends what it holds when llmx ends, however that happens. Groups that nothing holds
//! have nobody, and what the kernel offers (`PR_SET_PDEATHSIG`) reaches one process of each only, and
//! goes by threads. So the first such group brings a small process with it, the warden, in a group of
//! its own and at the end of a pipe. It knows the groups by number; once nobody holds the other end
//! of the pipe it kills those that are left, and ends.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, PipeWriter, Write as _};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// The warden, as long as there is something to watch over.
#[derive(Debug)]
pub(crate) struct Warden {
    line: Arc<PipeWriter>,
    /// Waited for by the runtime once it has ended.
    _process: Child,
}

/// A group that the warden kills if this process is killed before this value is dropped.
#[derive(Debug)]
pub(super) struct Watched {
    line: Arc<PipeWriter>,
    group: Pid,
}

impl Warden {
    /// Starts `program`, which must call [`run_as_warden`].
    pub(crate) fn start(program: &str) -> io::Result<Self> {
        let (theirs, line) = io::pipe()?;
        let process = Command::new(program)
            .arg(WARDEN)
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self {
            line: Arc::new(line),
            _process: process,
        })
    }

    pub(super) fn watch(&self, group: Pid) -> Watched {
        let watched = Watched {
            line: Arc::clone(&self.line),
            group,
        };
        watched.tell('+');
        watched
    }
}

impl Watched {
    fn tell(&self, what: char) {
        let word = format!("{what}{}\n", self.group.as_raw_nonzero());
        // A warden that is gone is no reason to do without the command. One write of so few bytes
        // is not mixed up with another.
        let _gone = (&*self.line).write_all(word.as_bytes());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.tell('-');
    }
}

/// Becomes the warden, if this process was started as one.
///
/// Must come before anything else that looks at arguments.
pub fn run_as_warden() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != WARDEN || arguments.next().is_some() {
        return None;
    }
    for group in left_at_the_end(io::stdin().lock()) {
        // It may have ended meanwhile.
        let _gone = kill_process_group(group, Signal::KILL);
    }
    Some(ExitCode::SUCCESS)
}

/// Returns the groups that were there when nobody was left to speak of them.
fn left_at_the_end(words: impl io::BufRead) -> Vec<Pid> {
    let mut groups = BTreeSet::new();
    for word in words.lines().map_while(Result::ok) {
        let number = |digits: &str| digits.parse().ok().filter(|number| *number > 1);
        if let Some(group) = word.strip_prefix('+').and_then(number) {
            groups.insert(group);
        } else if let Some(group) = word.strip_prefix('-').and_then(number) {
            groups.remove(&group);
        }
    }
    groups.into_iter().filter_map(Pid::from_raw).collect()
}

/// The argument that makes this program the warden.
const WARDEN: &str = "command-warden";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_or_is_no_group_is_not_killed() {
        let words = "+12\n+345\n-12\n+0\n+1\n+-7\n--7\n+99999999999\nx\n\n+6\n+345\n+7";
        let left: Vec<_> = left_at_the_end(words.as_bytes())
            .into_iter()
            .map(|group| group.as_raw_nonzero().get())
            .collect();
        assert_eq!(left, [6, 7, 345]);
    }
}
