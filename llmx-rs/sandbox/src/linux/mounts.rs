//! Makes the file system of the sandbox: all of it read-only, but for what is granted.
//!
//! The view is made in place, from detached copies of mounts that are then put where they belong.
//! Every path is opened without following links, so whoever swaps a directory for a link meanwhile
//! gains nothing; and every mount goes over something that exists, so nothing is left behind.

use std::fs;
use std::io::IsTerminal;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_change,
    move_mount, open_tree,
};

use super::message::Doing;
use super::sys;
use crate::credentials::Hidden;
use crate::plan::Plan;

/// Makes the view that the plan asks for. The caller is in a mount namespace of its own.
pub(super) fn set_up(plan: &Plan) -> Result<(), String> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).doing("detaching from the mounts of the machine")?;
    let devices = Devices::collect()?;
    let writable = copies(plan.writable.iter(), WRITABLE)?;
    let root = open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLOEXEC).doing("opening /")?;
    sys::mount_setattr(&root, true, READ_ONLY).doing("making all mounts read-only")?;
    put(writable)?;
    devices.put()?;
    fresh_proc()?;
    hold(plan)?;
    hide(&plan.hidden)
}

/// A copy of a mount, and the place it goes to.
type Copy = (OwnedFd, PathBuf);

fn copies<'a>(
    paths: impl Iterator<Item = &'a PathBuf>,
    attributes: u64,
) -> Result<Vec<Copy>, String> {
    paths.map(|path| copy(path, attributes)).collect()
}

/// Copies what is mounted at and below `path`.
fn copy(path: &Path, attributes: u64) -> Result<Copy, String> {
    let tree = open(path)
        .and_then(|place| open_tree(&place, "", CLONE))
        .doing(&format!("copying the mount of {}", path.display()))?;
    sys::mount_setattr(&tree, true, attributes).doing("setting mount attributes")?;
    Ok((tree, path.to_owned()))
}

fn put(copies: Vec<Copy>) -> Result<(), String> {
    copies
        .into_iter()
        .try_for_each(|(tree, path)| place(&tree, &path))
}

fn place(tree: &OwnedFd, path: &Path) -> Result<(), String> {
    open(path)
        .and_then(|place| move_mount(tree, "", &place, "", ONTO))
        .doing(&format!("mounting on {}", path.display()))
}

/// Opens a path as a place, without following a link anywhere in it.
fn open(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// Pins directories in their place, and makes what is protected read-only.
fn hold(plan: &Plan) -> Result<(), String> {
    let protected = &plan.protected;
    let pinned = in_writable(plan, &protected.pinned);
    for path in pinned {
        let (tree, path) = copy(path, WRITABLE)?;
        place(&tree, &path)?;
    }
    for path in in_writable(plan, &protected.read_only) {
        let (tree, path) = copy(path, READ_ONLY)?;
        place(&tree, &path)?;
    }
    Ok(())
}

/// Returns those of `paths` that a command could write, outer ones first.
fn in_writable<'a>(plan: &Plan, paths: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let mut paths: Vec<_> = paths
        .iter()
        .filter(|path| plan.writable.iter().any(|root| path.starts_with(root)))
        .collect();
    paths.sort();
    paths
}

/// Covers credential stores with something empty that cannot be opened.
fn hide(stores: &[Hidden]) -> Result<(), String> {
    for store in stores {
        let Ok(metadata) = fs::symlink_metadata(&store.path) else {
            continue;
        };
        let exposed = copies(store.exposed.iter(), 0)?;
        if metadata.is_dir() {
            let mode = if exposed.is_empty() {
                "mode=0"
            } else {
                "mode=0111"
            };
            cover(&store.path, mode)?;
            for (tree, path) in exposed {
                expose(&store.path, &tree, &path)?;
            }
            seal(&store.path, READ_ONLY)?;
        } else {
            let (mask, _) = copy(Path::new(MASK), READ_ONLY)?;
            place(&mask, &store.path)?;
        }
    }
    seal(Path::new("/dev"), SEALED)
}

/// Puts a read-only copy over what was mounted at `path` and filled; what is mounted below stays as
/// it is. The mount itself may refuse with `EBUSY`, on a loaded machine for seconds. A copy has had
/// no writer that could hold it.
fn seal(path: &Path, attributes: u64) -> Result<(), String> {
    let what = format!("sealing {}", path.display());
    let filled = open(path).and_then(|place| open_tree(&place, "", CLONE));
    let tree = filled.doing(&what)?;
    sys::mount_setattr(&tree, false, attributes).doing(&what)?;
    place(&tree, path)
}

fn cover(path: &Path, mode: &str) -> Result<(), String> {
    let what = format!("hiding {}", path.display());
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let text = std::ffi::CString::new(mode).doing(&what)?;
    mount("tmpfs", path, "tmpfs", flags, text.as_c_str()).doing(&what)
}

/// Puts `tree` back where it was, on a path that is made inside the cover.
fn expose(cover: &Path, tree: &OwnedFd, path: &Path) -> Result<(), String> {
    let what = format!("showing {}", path.display());
    let below = path.strip_prefix(cover).doing(&what)?;
    let mut parts = below.components().peekable();
    let mut at = cover.to_owned();
    while let Some(Component::Normal(name)) = parts.next() {
        at.push(name);
        let last = parts.peek().is_none();
        let file = last && !fs::metadata(fd_path(tree)).doing(&what)?.is_dir();
        let made = match file {
            true => fs::write(&at, ""),
            false => fs::DirBuilder::new()
                .mode(0o111)
                .recursive(true)
                .create(&at),
        };
        made.doing(&what)?;
    }
    place(tree, path)
}

fn fd_path(fd: &OwnedFd) -> PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd()).into()
}

/// The process information of this namespace only, and none of it writable: to root the files
/// below `/proc/sys` would be, whatever capabilities it lacks.
fn fresh_proc() -> Result<(), String> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    mount("proc", "/proc", "proc", flags, None).doing("mounting a fresh /proc")
}

/// The devices that every program may expect, and no others: to root a disk is just a file.
struct Devices {
    nodes: Vec<Copy>,
    terminal: Option<OwnedFd>,
}

impl Devices {
    fn collect() -> Result<Self, String> {
        let mut nodes = Vec::new();
        for name in NODES {
            let path = Path::new("/dev").join(name);
            match open(&path).and_then(|node| open_tree(&node, "", CLONE)) {
                Ok(tree) => nodes.push((tree, path)),
                Err(Errno::NOENT) => {}
                Err(error) => return Err(format!("copying {}: {error}", path.display())),
            }
        }
        // Programs look for the name of their terminal; of all that is in the old /dev/pts they
        // get this one, under the name that the kernel reserves for it.
        let terminal = std::io::stdin()
            .is_terminal()
            .then(|| open_tree(CWD, "/proc/self/fd/0", CLONE).ok())
            .flatten();
        Ok(Self { nodes, terminal })
    }

    fn put(self) -> Result<(), String> {
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        mount("tmpfs", "/dev", "tmpfs", flags, Some(c"mode=0755")).doing("making /dev")?;
        let made = |result: std::io::Result<()>| result.doing("filling /dev");
        for (tree, path) in &self.nodes {
            made(fs::write(path, ""))?;
            place(tree, path)?;
        }
        for (target, name) in LINKS {
            made(symlink(target, Path::new("/dev").join(name)))?;
        }
        for directory in ["/dev/pts", "/dev/shm"] {
            made(fs::create_dir(directory))?;
        }
        let options = c"newinstance,ptmxmode=0666,mode=0620";
        mount("devpts", "/dev/pts", "devpts", flags, Some(options)).doing("making /dev/pts")?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", "/dev/shm", "tmpfs", flags, Some(c"mode=1777")).doing("making /dev/shm")?;
        if let Some(terminal) = &self.terminal {
            made(fs::write("/dev/console", ""))?;
            place(terminal, Path::new("/dev/console"))?;
        }
        Ok(())
    }
}

const NODES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: &[(&str, &str)] = &[
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
];
/// What is put over files: a device on a mount that allows none cannot be opened, not even by root.
const MASK: &str = "/dev/null";

const WRITABLE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const READ_ONLY: u64 = WRITABLE | libc::MOUNT_ATTR_RDONLY;
/// Read-only too, but it has devices.
const SEALED: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC | libc::MOUNT_ATTR_RDONLY;
const CLONE: OpenTreeFlags = OpenTreeFlags::OPEN_TREE_CLONE
    .union(OpenTreeFlags::OPEN_TREE_CLOEXEC)
    .union(OpenTreeFlags::AT_RECURSIVE)
    .union(OpenTreeFlags::AT_EMPTY_PATH);
const ONTO: MoveMountFlags =
    MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH.union(MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH);
