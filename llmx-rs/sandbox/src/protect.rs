//! Finds what stays as it is inside a directory that commands may write.
//!
//! Git runs programs that a repository names: its hooks, and a dozen settings of its
//! configuration. Whoever can write those runs as the user at the user's next `git status`. So
//! they stay read-only, while the objects, references and index that a commit writes do not.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::text;

/// What commands may not change although a writable directory holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protected {
    /// Files and directories that stay read-only.
    #[serde(with = "text::paths")]
    pub(crate) read_only: Vec<PathBuf>,
    /// Directories that may be written but not moved: what they hold is protected by its place.
    #[serde(with = "text::paths")]
    pub(crate) pinned: Vec<PathBuf>,
    /// Paths that must not come into being.
    #[serde(with = "text::paths")]
    pub(crate) absent: Vec<PathBuf>,
    /// Links, which no mount can hold: they are put back after the command.
    #[serde(with = "text::paths")]
    pub(crate) links: Vec<PathBuf>,
    /// Directories of Git outside the writable ones that a commit here writes.
    #[serde(with = "text::paths")]
    pub(crate) git_directories: Vec<PathBuf>,
}

impl Protected {
    /// Adds what is to be protected directly below `root`, an absolute path without links.
    pub(crate) fn add(&mut self, root: &Path, names: &[PathBuf]) {
        for name in names {
            self.hold(root.join(name));
        }
        self.add_repository(root);
    }

    /// Adds what is to be protected of a repository somewhere below a writable directory. It opens
    /// nothing: a Git directory outside stays out of reach.
    pub(crate) fn add_nested(&mut self, root: &Path, names: &[PathBuf]) {
        let known = self.git_directories.len();
        self.add(root, names);
        self.git_directories.truncate(known);
    }

    fn add_repository(&mut self, root: &Path) {
        let dot_git = root.join(".git");
        let Ok(metadata) = fs::symlink_metadata(&dot_git) else {
            return;
        };
        if metadata.is_file() {
            self.read_only.push(dot_git.clone());
            if let Some(directory) = pointed_at(&dot_git) {
                self.add_linked(root, &dot_git, &directory);
            }
        } else if let Ok(directory) = dot_git.canonicalize() {
            if metadata.is_symlink() {
                self.links.push(dot_git);
            }
            self.add_directory(&directory, 0);
        }
    }

    /// A worktree or a submodule, whose Git directory is elsewhere.
    ///
    /// The pointer is a file that a command may have written at another time. It counts only if
    /// the other side, which commands cannot write, points back.
    fn add_linked(&mut self, root: &Path, dot_git: &Path, directory: &Path) {
        let common = pointed_at_by_line(&directory.join("commondir"), directory);
        let points_back = match &common {
            // A worktree's directory is in the repository's, so who wrote the one could write both.
            Some(common) => {
                directory.parent() == Some(&common.join("worktrees"))
                    && pointed_at_by_line(&directory.join("gitdir"), directory).as_deref()
                        == Some(dot_git)
            }
            None => worktree_of(directory).as_deref() == Some(root),
        };
        if !points_back {
            return;
        }
        self.git_directories.push(directory.to_owned());
        self.add_directory(directory, 0);
        if let Some(common) = common
            && common != directory
        {
            self.add_directory(&common, 0);
            self.git_directories.push(common);
        }
    }

    fn add_directory(&mut self, directory: &Path, depth: usize) {
        if self.pinned.iter().any(|known| known == directory) {
            return;
        }
        self.pinned.push(directory.to_owned());
        for name in HELD_BY_GIT {
            self.hold(directory.join(name));
        }
        for name in entries(&directory.join("worktrees")) {
            self.pinned.push(name.clone());
            for file in ["commondir", "gitdir", "config.worktree"] {
                self.hold(name.join(file));
            }
        }
        self.add_modules(&directory.join("modules"), depth);
    }

    /// The Git directories of submodules, whose names may have several parts.
    fn add_modules(&mut self, directory: &Path, depth: usize) {
        if depth >= DEEPEST_MODULE {
            return;
        }
        for entry in entries(directory) {
            if entry.join("HEAD").exists() {
                self.add_directory(&entry, depth + 1);
            } else {
                self.add_modules(&entry, depth + 1);
            }
        }
    }

    fn hold(&mut self, path: PathBuf) {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() || metadata.is_dir() => self.read_only.push(path),
            Ok(metadata) if metadata.is_symlink() => {
                let target = path.canonicalize().ok();
                // One that holds the link would make all around it read-only.
                let target = target.filter(|target| !path.starts_with(target));
                self.read_only.extend(target);
                self.links.push(path);
            }
            // A socket, pipe or device, which nobody reads settings from.
            Ok(_) => {}
            Err(_) => self.absent.push(path),
        }
    }
}

/// Returns whether `path` is, by its name alone, what commands may not change below the writable
/// directory `root`. That it is not says little: a link can lead there too.
pub fn is_protected(root: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else {
        return false;
    };
    let in_git = HELD_BY_GIT.iter().map(|name| Path::new(".git").join(name));
    let mut held = PROTECTED_NAMES.iter().map(PathBuf::from).chain(in_git);
    held.any(|name| below.starts_with(name))
}

/// Returns the directories directly below `directory`, without following links.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .take(MOST_ENTRIES)
        .collect()
}

/// Returns the directory that a `.git` file names.
fn pointed_at(dot_git: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(dot_git).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    dot_git.parent()?.join(target).canonicalize().ok()
}

/// Returns the path that the one line of `file` names, relative to `base`.
fn pointed_at_by_line(file: &Path, base: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    base.join(text.trim_end_matches(['\n', '\r']))
        .canonicalize()
        .ok()
}

/// Returns `core.worktree` of a Git directory, which Git writes for submodules.
fn worktree_of(directory: &Path) -> Option<PathBuf> {
    let config = fs::read_to_string(directory.join("config")).ok()?;
    let value = config.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "worktree").then(|| value.trim().trim_matches('"'))
    })?;
    directory.join(value).canonicalize().ok()
}

/// Directly below a writable directory: a project's own settings say how far commands may reach.
pub(crate) const PROTECTED_NAMES: &[&str] = &[".llmx"];
/// What Git reads from a Git directory that can name a program, or another such directory.
const HELD_BY_GIT: &[&str] = &["config", "config.worktree", "hooks", "commondir", "gitdir"];
/// Submodules of submodules of submodules are as deep as real projects go.
const DEEPEST_MODULE: usize = 6;
/// Bounds the mounts of one command against a repository that is made to have many.
const MOST_ENTRIES: usize = 64;
