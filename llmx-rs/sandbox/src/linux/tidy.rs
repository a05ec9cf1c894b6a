//! Looks after what no mount can protect: paths that do not exist, and on the Landlock rung those
//! that do. What changed is put back once the command and all its processes have ended.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use crate::plan::Plan;
use crate::rung::Rung;

/// What was there before the command.
pub(super) struct Watch {
    absent: Vec<PathBuf>,
    pinned: Vec<PathBuf>,
    copies: Vec<(PathBuf, Entry)>,
}

/// A copy of what is at a path.
#[derive(PartialEq, Eq)]
enum Entry {
    File(Vec<u8>, u32),
    Directory(Vec<(PathBuf, Entry)>, u32),
    Link(PathBuf),
    /// A socket, pipe or device, which nothing protected is.
    Other,
}

impl Watch {
    /// Notes what the plan protects and mounts do not.
    pub(super) fn begin(plan: &Plan) -> Result<Self, String> {
        let within = |paths: &[PathBuf]| -> Vec<PathBuf> {
            let granted = |path: &&PathBuf| plan.writable.iter().any(|root| path.starts_with(root));
            paths.iter().filter(granted).cloned().collect()
        };
        let mut watch = Self {
            absent: within(&plan.protected.absent),
            pinned: Vec::new(),
            copies: Vec::new(),
        };
        let mut copied = within(&plan.protected.links);
        if plan.rung == Rung::Landlock {
            watch.pinned = within(&plan.protected.pinned);
            copied.extend(within(&plan.protected.read_only));
        }
        let mut budget = LARGEST_COPY;
        for path in copied {
            let entry = Entry::read(&path, &mut budget)
                .map_err(|error| format!("copying {}: {error}", path.display()))?;
            watch.copies.push((path, entry));
        }
        Ok(watch)
    }

    /// Puts back what changed, and returns a sentence for each change.
    pub(super) fn end(self) -> Vec<String> {
        let mut changes = Vec::new();
        for path in &self.pinned {
            let replaced = fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir());
            if replaced && leads_nowhere_else(path) {
                changes.push(outcome("removed what replaced", path, remove(path)));
            }
        }
        for path in &self.absent {
            if fs::symlink_metadata(path).is_ok() && leads_nowhere_else(path) {
                changes.push(outcome(
                    "removed, as commands may not create it:",
                    path,
                    remove(path),
                ));
            }
        }
        for (path, before) in &self.copies {
            let now = Entry::read(path, &mut LARGEST_COPY.clone());
            if now.is_ok_and(|now| now == *before) || !leads_nowhere_else(path) {
                continue;
            }
            let restored = remove(path).and_then(|()| before.write(path));
            changes.push(outcome(
                "restored, as commands may not change it:",
                path,
                restored,
            ));
        }
        changes
    }
}

/// Whether the directory of `path` is there and reached without a link. The command may have moved
/// what was there and left a link to a directory that is none of its business.
fn leads_nowhere_else(path: &Path) -> bool {
    let Some(parent) = path.parent() else {
        return false;
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
    openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).is_ok()
}

fn outcome(what: &str, path: &Path, result: io::Result<()>) -> String {
    match result {
        Ok(()) => format!("{what} {}", path.display()),
        Err(error) => format!("not {what} {}: {error}", path.display()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

impl Entry {
    fn read(path: &Path, budget: &mut u64) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let mode = metadata.permissions().mode() & 0o7777;
        // Every entry costs something, so that a tree of empty ones is bounded too.
        let size = metadata.len().max(ENTRY_COST);
        *budget = budget
            .checked_sub(size)
            .ok_or_else(|| io::Error::other("it is too large to be guarded by a copy"))?;
        if metadata.is_file() {
            return Ok(Self::File(fs::read(path)?, mode));
        }
        if metadata.is_symlink() {
            return Ok(Self::Link(fs::read_link(path)?));
        }
        if !metadata.is_dir() {
            return Ok(Self::Other);
        }
        let mut below: Vec<(PathBuf, Self)> = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            below.push((entry.file_name().into(), Self::read(&entry.path(), budget)?));
        }
        below.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self::Directory(below, mode))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::File(bytes, mode) => {
                fs::write(path, bytes)?;
                fs::set_permissions(path, Permissions::from_mode(*mode))
            }
            Self::Directory(below, mode) => {
                fs::create_dir(path)?;
                for (name, entry) in below {
                    entry.write(&path.join(name))?;
                }
                fs::set_permissions(path, Permissions::from_mode(*mode))
            }
            Self::Link(target) => symlink(target, path),
            Self::Other => Ok(()),
        }
    }
}

/// Hooks and configurations are a few kilobytes; this bounds the memory and time for a copy.
const LARGEST_COPY: u64 = 8 << 20;
const ENTRY_COST: u64 = 1 << 10;
