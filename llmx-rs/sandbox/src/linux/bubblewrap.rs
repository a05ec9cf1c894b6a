//! The rung for machines that let only `bwrap` make user namespaces.
//!
//! `bwrap` makes the view; then this program runs inside it as keeper and does the rest, which
//! `bwrap` does not do: the filter, the reaping, the signals, the tidy end.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io::{FdFlags, fcntl_setfd};

use super::message::{Answer, Doing};
use super::{keeper, sys};
use crate::plan::{HELPER, Plan, Stage, VARIABLE};

/// Becomes `bwrap`, which starts this program again, inside. Does not return.
pub(super) fn become_it(
    plan: &Plan,
    command: &[OsString],
    orders: &OwnedFd,
    status: &OwnedFd,
) -> ! {
    let error = match execute(plan, command, orders, status) {
        Ok(error) => format!("{}: {error}", plan.bwrap.display()),
        Err(error) => error,
    };
    Answer::SetUp(error).send(status);
    sys::exit(1)
}

/// Continues as keeper inside what `bwrap` made.
pub(super) fn inside(plan: &Plan, command: &[OsString], orders: i32, status: i32) -> ExitCode {
    match (sys::adopt(orders), sys::adopt(status)) {
        (Ok(orders), Ok(status)) => keeper::run(plan, command, &orders, &status),
        _ => ExitCode::FAILURE,
    }
}

fn execute(
    plan: &Plan,
    command: &[OsString],
    orders: &OwnedFd,
    status: &OwnedFd,
) -> Result<std::io::Error, String> {
    let itself = File::options()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open("/proc/self/exe")
        .doing("finding this program")?;
    let itself = OwnedFd::from(itself);
    for fd in [orders, status, &itself] {
        fcntl_setfd(fd, FdFlags::empty()).doing("passing files on")?;
    }
    let inside = Plan {
        stage: Stage::Inside {
            orders: orders.as_raw_fd(),
            status: status.as_raw_fd(),
            probe: plan.is_probe(),
        },
        ..plan.clone()
    };
    let text = serde_json::to_string(&inside).doing("writing the plan")?;
    let error = Command::new(&plan.bwrap)
        .args(view(plan))
        .arg("--")
        .arg(format!("/proc/self/fd/{}", itself.as_raw_fd()))
        .args([HELPER, "--"])
        .args(command)
        .env(VARIABLE, text)
        .exec();
    Ok(error)
}

/// Returns the options that make the view which the plan asks for.
fn view(plan: &Plan) -> Vec<OsString> {
    let mut options: Vec<OsString> = [
        // As pid 1 the keeper is the only process in there besides the command, and it hides.
        "--unshare-pid",
        "--as-pid-1",
        "--unshare-ipc",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
    ]
    .map(OsString::from)
    .to_vec();
    if !plan.network {
        options.push("--unshare-net".into());
    }
    let mut add = |option: &str, paths: &[&OsStr]| {
        options.push(option.into());
        options.extend(paths.iter().map(OsString::from));
    };
    for root in &plan.writable {
        add("--bind", &[root.as_os_str(), root.as_os_str()]);
    }
    let devices = OsStr::new("/dev");
    add("--dev", &[devices]);
    add("--tmpfs", &[OsStr::new("/dev/shm")]);
    add("--remount-ro", &[devices]);
    add("--proc", &[OsStr::new("/proc")]);
    add("--remount-ro", &[OsStr::new("/proc")]);
    let granted =
        |path: &&std::path::PathBuf| plan.writable.iter().any(|root| path.starts_with(root));
    for (option, paths) in [
        ("--bind", &plan.protected.pinned),
        ("--ro-bind", &plan.protected.read_only),
    ] {
        let mut paths: Vec<_> = paths.iter().filter(granted).collect();
        paths.sort();
        for path in paths {
            add(option, &[path.as_os_str(), path.as_os_str()]);
        }
    }
    for store in &plan.hidden {
        let path = store.path.as_os_str();
        if !store.path.is_dir() {
            // A device on a mount that allows none cannot be opened.
            add("--ro-bind", &[OsStr::new("/dev/null"), path]);
            continue;
        }
        let mode = if store.exposed.is_empty() {
            "0000"
        } else {
            "0111"
        };
        add("--perms", &[OsStr::new(mode)]);
        add("--tmpfs", &[path]);
        for shown in &store.exposed {
            let writable = granted(&shown);
            let option = if writable { "--bind" } else { "--ro-bind" };
            add(option, &[shown.as_os_str(), shown.as_os_str()]);
        }
        add("--remount-ro", &[path]);
    }
    add("--chdir", &[OsStr::new("/")]);
    options
}
