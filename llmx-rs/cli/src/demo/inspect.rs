//! Looks for the key inside another process: its arguments, its environment, its memory.

use super::check::Check;

/// Checks that the process `pid` does not hold `secret`; `control` is text that it must hold.
pub(super) fn checks(pid: Option<u32>, secret: &str, control: &str) -> Vec<Check> {
    match pid {
        Some(pid) => platform::checks(pid, secret, control),
        None => vec![Check::unknown(
            "the agent does not hold the key",
            "it has already ended",
        )],
    }
}

/// Checks that the memory of the proxy `pid` cannot be opened, not even by its own user.
pub(super) fn proxy_check(pid: Option<u32>) -> Check {
    let claim = "the proxy's memory cannot be opened, not even by the user who started it";
    match pid {
        Some(pid) => platform::closed(pid, claim),
        None => Check::unknown(claim, "it has already ended"),
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use std::fs::{self, File};
    use std::io;
    use std::os::unix::fs::FileExt;

    use memchr::memmem::Finder;

    use super::Check;

    pub(super) fn checks(pid: u32, secret: &str, control: &str) -> Vec<Check> {
        vec![
            words(pid, "environ", "environment", secret),
            words(pid, "cmdline", "command line", secret),
            memory(pid, secret, control),
        ]
    }

    fn words(pid: u32, file: &str, name: &str, secret: &str) -> Check {
        let claim = |count| format!("the agent's {name} ({count} entries) does not hold the key");
        match fs::read(format!("/proc/{pid}/{file}")) {
            Ok(bytes) => {
                let count = bytes
                    .split(|byte| *byte == 0)
                    .filter(|entry| !entry.is_empty())
                    .count();
                Check::new(claim(count), Finder::new(secret).find(&bytes).is_none())
            }
            Err(error) => {
                Check::unknown(format!("the agent's {name} does not hold the key"), error)
            }
        }
    }

    fn memory(pid: u32, secret: &str, control: &str) -> Check {
        let claim = "the agent's memory does not hold the key";
        match scan(pid, secret, control) {
            Ok(Scan {
                has_control: false, ..
            }) => Check::unknown(claim, "the search did not find what is surely there"),
            Ok(scan) => {
                let size = scan.bytes >> 20;
                Check::new(
                    format!("the agent's memory ({size} MiB searched) does not hold the key"),
                    !scan.has_secret,
                )
            }
            Err(error) => Check::unknown(claim, error),
        }
    }

    pub(super) fn closed(pid: u32, claim: &str) -> Check {
        if rustix::process::geteuid().is_root() {
            return Check::unknown(claim, "you are root, who may open anything");
        }
        let opened = File::open(format!("/proc/{pid}/mem"));
        let refused = opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        Check::new(claim, refused)
    }

    #[derive(Debug, Default)]
    pub(super) struct Scan {
        pub(super) bytes: u64,
        pub(super) has_control: bool,
        pub(super) has_secret: bool,
    }

    /// Reads every readable area of a process.
    pub(super) fn scan(pid: u32, secret: &str, control: &str) -> io::Result<Scan> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        let memory = File::open(format!("/proc/{pid}/mem"))?;
        let (secret, control) = (Finder::new(secret), Finder::new(control));
        let overlap = secret.needle().len().max(control.needle().len());
        let mut scan = Scan::default();
        let mut window = vec![0; WINDOW];
        for (mut at, end) in maps.lines().filter_map(readable_area) {
            while at < end {
                let room = usize::try_from(end - at).unwrap_or(WINDOW).min(WINDOW);
                let Some(window) = window.get_mut(..room) else {
                    break;
                };
                // Areas of the kernel (`vvar`) are listed as readable and are not.
                let Ok(read @ 1..) = memory.read_at(window, at) else {
                    break;
                };
                let bytes = window.get(..read).unwrap_or_default();
                scan.bytes += read as u64;
                scan.has_secret |= secret.find(bytes).is_some();
                scan.has_control |= control.find(bytes).is_some();
                // What straddles two windows is whole in the next one.
                let step = if read > overlap { read - overlap } else { read };
                at += step as u64;
                if at + overlap as u64 >= end {
                    break;
                }
            }
        }
        Ok(scan)
    }

    /// Reads `begin-end perms …` of a readable area that is not a device's.
    fn readable_area(line: &str) -> Option<(u64, u64)> {
        let mut fields = line.split_whitespace();
        let (begin, end) = fields.next()?.split_once('-')?;
        let readable = fields.next()?.starts_with('r');
        let area = (
            u64::from_str_radix(begin, 16).ok()?,
            u64::from_str_radix(end, 16).ok()?,
        );
        readable.then_some(area)
    }

    const WINDOW: usize = 1 << 20;

    #[cfg(test)]
    mod tests {
        use std::hint::black_box;

        use super::*;

        #[test]
        fn a_scan_finds_what_a_process_holds() {
            let held = black_box(format!("held-{}", std::process::id() * 7919));
            let scan = scan(std::process::id(), &held, "no-such-text-\u{1}").unwrap();
            assert!(scan.has_secret && scan.bytes > 0, "{scan:?}");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::Check;

    pub(super) fn checks(_pid: u32, _secret: &str, _control: &str) -> Vec<Check> {
        ["environment", "command line", "memory"]
            .map(|name| Check::unknown(format!("the agent's {name} does not hold the key"), REASON))
            .into()
    }

    pub(super) fn closed(_pid: u32, claim: &str) -> Check {
        Check::unknown(claim, REASON)
    }

    const REASON: &str = "only on Linux can this program look into another";
}
