//! Finds the standing instructions of the user and of the project: `AGENTS.md` files.
//!
//! The user's own file comes first, then those of the project from its root down to the working
//! directory, so that the closest word is the last one. In each directory an `AGENTS.override.md`
//! stands in for the `AGENTS.md`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Returns the text of all instruction files for work in `cwd`, if there is any.
pub(super) fn find(home: &Path, cwd: &Path) -> Option<String> {
    let mut budget = MAX_BYTES;
    let own = in_directory(home, &mut budget);
    let project: Vec<_> = project_directories(cwd)
        .iter()
        .filter_map(|directory| in_directory(directory, &mut budget))
        .collect();
    let project = Some(project.join("\n\n")).filter(|text| !text.is_empty());
    let parts: Vec<_> = own.into_iter().chain(project).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n--- project-doc ---\n\n"))
}

/// Returns the directories from the root of the repository that holds `cwd` down to `cwd`; only
/// `cwd` itself outside of a repository.
fn project_directories(cwd: &Path) -> Vec<PathBuf> {
    let root = cwd
        .ancestors()
        .find(|directory| directory.join(".git").exists())
        .unwrap_or(cwd);
    let mut directories: Vec<_> = cwd
        .ancestors()
        .take_while(|directory| directory.starts_with(root))
        .map(Path::to_owned)
        .collect();
    directories.reverse();
    directories
}

/// Returns the first instruction file of `directory` that says anything, within the budget.
fn in_directory(directory: &Path, budget: &mut u64) -> Option<String> {
    let text = FILE_NAMES
        .iter()
        .filter_map(|name| read(&directory.join(name), *budget).ok())
        .find(|text| !text.trim().is_empty())?;
    *budget = budget.saturating_sub(text.len() as u64);
    Some(text)
}

/// Reads at most `limit` bytes. A pipe or a device of this name could block for ever, so only
/// regular files count.
fn read(path: &Path, limit: u64) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const FILE_NAMES: [&str; 2] = ["AGENTS.override.md", "AGENTS.md"];
/// What all files together may take of the model's context.
const MAX_BYTES: u64 = 32 << 10;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_joined_from_the_users_own_to_the_closest() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        for (path, text) in [
            ("AGENTS.md", "outside the repository"),
            ("home/AGENTS.md", "own"),
            ("repo/.git/HEAD", ""),
            ("repo/AGENTS.md", "root"),
            ("repo/a/AGENTS.md", "hidden by the override"),
            ("repo/a/AGENTS.override.md", "override"),
            ("repo/a/b/AGENTS.md", " \n"),
        ] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        }
        assert_eq!(
            find(&at("home"), &at("repo/a/b")).unwrap(),
            "own\n\n--- project-doc ---\n\nroot\n\noverride"
        );
        assert_eq!(find(&at("none"), &at("repo")).unwrap(), "root");
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("AGENTS.md")).unwrap();
        assert_eq!(find(directory.path(), directory.path()), None);
    }

    #[test]
    fn all_files_together_stay_within_the_budget() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("AGENTS.md"), "é".repeat(15_000)).unwrap();
        fs::write(directory.path().join("AGENTS.md"), "x".repeat(100_000)).unwrap();
        let text = find(&home, directory.path()).unwrap();
        assert_eq!(text.matches('x').count(), (32 << 10) - 30_000);
    }
}
