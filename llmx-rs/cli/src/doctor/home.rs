//! Whether the home of llmx can be written, is its user's alone, and has room.

use std::fs;
use std::path::Path;

use super::check::Check;

/// Looks at `$LLMX_HOME`, or where it will be.
pub(super) fn checks() -> Vec<Check> {
    match llmx_config::home() {
        Ok(home) => {
            let mut checks = vec![home_check(&home)];
            checks.extend(disk(&home));
            checks
        }
        Err(errors) => {
            let cure = "set $LLMX_HOME to a directory of yours";
            vec![Check::fail(HOME, errors.to_string(), cure)]
        }
    }
}

fn home_check(home: &Path) -> Check {
    let shown = home.display();
    let Some(existing) = existing(home) else {
        return Check::fail(
            HOME,
            format!("{shown} can nowhere be made"),
            "set $LLMX_HOME to a directory of yours",
        );
    };
    if let Err(error) = tempfile::tempfile_in(existing) {
        let at = existing.display();
        return Check::fail(
            HOME,
            format!("{shown} cannot be written: {error}"),
            format!(
                "run `chown` or `chmod u+rwx` on {at}, or set $LLMX_HOME to a directory of yours"
            ),
        );
    }
    if existing != home {
        return Check::ok(HOME, format!("{shown} will be made when it is needed"));
    }
    privacy(home)
}

#[cfg(unix)]
fn privacy(home: &Path) -> Check {
    let shown = home.display();
    let exposed: Vec<_> = credentials(home)
        .into_iter()
        .filter_map(|path| Some((mode(&path).filter(|mode| mode & 0o077 != 0)?, path)))
        .collect();
    if let [(_, first), ..] = exposed.as_slice() {
        let cure = format!("run `chmod 600 {}`", first.display());
        let told = |(mode, path): &(u32, std::path::PathBuf)| {
            format!("{} has mode {mode:04o}", path.display())
        };
        return Check::fail(HOME, "other users can reach files of keys", cure)
            .with_details(exposed.iter().map(told).collect());
    }
    match mode(home) {
        Some(mode) if mode & 0o022 != 0 => Check::fail(
            HOME,
            format!("{shown} can be changed by other users (mode {mode:04o})"),
            format!("run `chmod 700 {shown}`"),
        ),
        Some(mode) if mode & 0o077 != 0 => Check::warning(
            HOME,
            format!("{shown} can be listed by other users (mode {mode:04o})"),
            format!("run `chmod 700 {shown}`"),
        ),
        _ => Check::ok(HOME, format!("{shown} is writable, and yours alone")),
    }
}

#[cfg(not(unix))]
fn privacy(home: &Path) -> Check {
    Check::ok(HOME, format!("{} is writable", home.display()))
}

/// Returns the files of `home` that hold keys or tokens.
#[cfg(unix)]
fn credentials(home: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(home).into_iter().flatten().flatten();
    let is_of_keys = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        CREDENTIALS.iter().any(|start| name.starts_with(start)) && entry.path().is_file()
    };
    let mut paths: Vec<_> = entries
        .filter(is_of_keys)
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}

#[cfg(unix)]
fn disk(home: &Path) -> Option<Check> {
    let known = rustix::fs::statvfs(existing(home)?).ok()?;
    Some(room(known.f_bavail.saturating_mul(known.f_frsize)))
}

#[cfg(not(unix))]
fn disk(_home: &Path) -> Option<Check> {
    None
}

#[cfg(unix)]
fn room(free: u64) -> Check {
    let mebibytes = free >> 20;
    let summary = match mebibytes {
        0..=9999 => format!("{mebibytes} MiB are free for sessions"),
        _ => format!("{} GiB are free for sessions", mebibytes >> 10),
    };
    let cure =
        "remove old sessions with `llmx sessions delete`, or make room on the disk of $LLMX_HOME";
    match mebibytes {
        0..LEAST_MIB => Check::fail(DISK, summary, cure),
        LEAST_MIB..SCARCE_MIB => Check::warning(DISK, summary, cure),
        _ => Check::ok(DISK, summary),
    }
}

/// Returns the directory, or the nearest one above it that exists.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| fs::metadata(path).is_ok())
}

const HOME: &str = "home";
#[cfg(unix)]
const DISK: &str = "disk";
/// How the names of files with keys or tokens begin.
#[cfg(unix)]
const CREDENTIALS: &[&str] = &["auth", "credentials", ".credentials"];
/// Less than this and a session with long output may not fit.
#[cfg(unix)]
const LEAST_MIB: u64 = 16;
/// Less than this and the disk is full soon.
#[cfg(unix)]
const SCARCE_MIB: u64 = 256;

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::check::Status;
    use super::*;

    #[test]
    fn a_home_is_private_down_to_its_keys() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        let key = home.join("auth.json");
        fs::write(&key, "{}").unwrap();
        for (of_home, of_key, expected) in [
            (0o700, 0o600, Status::Ok),
            (0o755, 0o600, Status::Warning),
            (0o777, 0o600, Status::Fail),
            (0o700, 0o640, Status::Fail),
        ] {
            fs::set_permissions(home, fs::Permissions::from_mode(of_home)).unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(of_key)).unwrap();
            let check = home_check(home);
            assert_eq!(check.status(), expected, "{check:?}");
        }
    }

    #[test]
    fn a_home_that_does_not_exist_yet_is_fine_where_it_can_be_made() {
        let directory = tempfile::tempdir().unwrap();
        let check = home_check(&directory.path().join("a/b"));
        assert!(check.text().contains("will be made"), "{check:?}");
    }

    #[test]
    fn room_is_told_in_sizes_that_mean_something() {
        for (free, expected, said) in [
            (15 << 20, Status::Fail, "15 MiB"),
            (255 << 20, Status::Warning, "255 MiB"),
            (20 << 30, Status::Ok, "20 GiB"),
        ] {
            let check = room(free);
            assert_eq!(check.status(), expected);
            assert!(check.text().contains(said), "{check:?}");
        }
    }
}
