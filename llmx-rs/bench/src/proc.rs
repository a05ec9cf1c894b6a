//! CPU time, memory and threads of a process, as `/proc` tells them.

use std::fs;
use std::io;

use crate::fault;

/// CPU time of a process so far, user and system together, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = Stat::parse(&stat)
        .ok_or_else(|| fault(format!("/proc/{pid}/stat has an unknown form")))?
        .ticks;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// Resident memory now and at its highest, and the number of threads.
pub(crate) fn status(pid: u32) -> io::Result<Status> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Status::parse(&status).ok_or_else(|| fault(format!("/proc/{pid}/status has an unknown form")))
}

/// Resets the peak of resident memory. The kernel refuses it for processes of other users and for
/// hardened ones; a process started for one measurement does not need it.
pub(crate) fn forget_peak(pid: u32) {
    let _refused = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// The process and its direct children: nginx works in children of its master.
pub(crate) fn with_children(pid: u32) -> io::Result<Vec<u32>> {
    let mut family = vec![pid];
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(other) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the reading.
        let stat = fs::read_to_string(format!("/proc/{other}/stat")).unwrap_or_default();
        if Stat::parse(&stat).is_some_and(|stat| stat.parent == pid) {
            family.push(other);
        }
    }
    Ok(family)
}

/// The part of `/proc/PID/stat` that the bench uses.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    /// The command name stands in parentheses and may hold spaces and parentheses itself, so
    /// fields are counted from the last `)`.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let user: u64 = fields.nth(9)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Self {
            parent,
            ticks: user + system,
        })
    }
}

/// The part of `/proc/PID/status` that the bench uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Status {
    pub(crate) rss_kib: u64,
    pub(crate) peak_rss_kib: u64,
    pub(crate) threads: u64,
}

impl Status {
    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Self {
            rss_kib: field("VmRSS:")?,
            peak_rss_kib: field("VmHWM:")?,
            threads: field("Threads:")?,
        })
    }
}

/// `USER_HZ`, which the kernel's interface fixes at 100 on every architecture llmx builds for.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_user_plus_system_whatever_the_name_holds() {
        let stat = "4242 (a) b (c) S 17 4242 4242 0 -1 4194560 312 0 0 0 25 17 9 9 20 0 1 0 7725";
        assert_eq!(
            Stat::parse(stat),
            Some(Stat {
                parent: 17,
                ticks: 42
            })
        );
    }

    #[test]
    fn a_cut_stat_line_is_refused() {
        assert_eq!(Stat::parse("4242 (x) S 17 4242"), None);
    }

    #[test]
    fn memory_and_threads_come_from_status() {
        let text = "Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  800 kB\nVmRSS:\t  700 kB\nThreads:\t3\n";
        let want = Status {
            rss_kib: 700,
            peak_rss_kib: 800,
            threads: 3,
        };
        assert_eq!(Status::parse(text), Some(want));
        assert_eq!(Status::parse("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        assert!(status(pid).unwrap().rss_kib > 0);
        assert!(cpu_seconds(pid).unwrap() >= 0.0);
        assert_eq!(with_children(pid).unwrap()[0], pid);
    }
}
