//! Replaces a file as a whole: whoever reads it sees the old text or the new one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `text` in place of the file; a new file gets `mode`, an existing one keeps its own
/// unless `mode` is narrower.
pub(crate) fn write(path: &Path, text: &[u8], mode: Option<u32>) -> io::Result<()> {
    // Where the file is a link, such as into a repository of settings, its target is meant.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().unwrap_or(Path::new("."));
    create_private(directory)?;
    let beside = beside(&path);
    let result = fill(&beside, text, mode, &path).and_then(|()| fs::rename(&beside, &path));
    if result.is_err() {
        // The reason for the failure is what matters; a leftover would only be untidy.
        let _leftover = fs::remove_file(&beside);
    }
    result
}

fn fill(beside: &Path, text: &[u8], mode: Option<u32>, target: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

        let existing = fs::metadata(target).map(|metadata| metadata.permissions().mode() & 0o777);
        let mode = mode.or(existing.ok()).unwrap_or(0o600);
        options.mode(mode);
    }
    let mut file = options.open(beside)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Creates the directory, and those above it that are missing, for their owner alone.
pub fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Returns a name in the same directory that no other process uses at this time.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
