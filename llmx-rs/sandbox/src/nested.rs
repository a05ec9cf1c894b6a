//! Finds the repositories below a workspace: Git reads their hooks and settings too, as soon as
//! somebody goes there.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the directories below `root` that hold a `.git`, those near it first, as far as the
/// bounds reach. Links are not followed; what Git ignores is looked through like the rest.
pub(crate) fn repositories(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([root.to_owned()]);
    let mut entries_left = MOST_ENTRIES;
    for _ in 0..MOST_DIRECTORIES {
        let Some(directory) = open.pop_front() else {
            break;
        };
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok).take(entries_left) {
            entries_left -= 1;
            if entry.file_name() == ".git" {
                if directory != root {
                    found.push(directory.clone());
                }
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push_back(entry.path());
            }
        }
        if entries_left == 0 || found.len() >= MOST_REPOSITORIES {
            break;
        }
    }
    found
}

/// Together these are a few milliseconds, spent once in a session.
const MOST_DIRECTORIES: usize = 300;
const MOST_ENTRIES: usize = 5_000;
/// Each costs a handful of mounts with every command.
const MOST_REPOSITORIES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_found_wherever_they_are_but_behind_links() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for path in [".git", "a/.git", "a/b/c/.git", "d/e"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        fs::write(root.join("d/.git"), "gitdir: ../.git/modules/d").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
        let mut found = repositories(root);
        found.sort();
        assert_eq!(found, ["a", "a/b/c", "d"].map(|path| root.join(path)));
    }

    #[test]
    fn the_search_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for number in 0..MOST_REPOSITORIES + 5 {
            fs::create_dir_all(root.join(format!("{number}/.git"))).unwrap();
        }
        assert_eq!(repositories(root).len(), MOST_REPOSITORIES);
    }
}
