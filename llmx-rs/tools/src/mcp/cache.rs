//! Remembers what a server offered, so that the next session can offer it before the server runs.
//!
//! A file that cannot be read or written costs nothing but that, so its faults are not reported.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::listing::Listing;
use super::name::hash;
use super::settings::{McpReach, McpServer};

/// Returns the file for a server that is configured like this. Values of variables and headers do
/// not count: they are secrets, and seldom change what is offered.
pub(crate) fn path(directory: &Path, server: &McpServer) -> PathBuf {
    let mut words = vec![VERSION, &server.id];
    match &server.reach {
        McpReach::Program { command, args, .. } => {
            words.extend(["program", command]);
            words.extend(args.iter().map(String::as_str));
        }
        McpReach::Address { url, .. } => words.extend(["address", url]),
        McpReach::Nowhere(_) => words.push("nowhere"),
    }
    directory.join(format!("{:016x}.json", hash(&words)))
}

/// Returns what is remembered.
pub(crate) fn read(path: &Path) -> Option<Listing> {
    let is_small = fs::metadata(path).ok()?.len() <= LARGEST;
    let text = fs::read(path).ok().filter(|_| is_small)?;
    let listing: Listing = serde_json::from_slice(&text).ok()?;
    Some(listing.bounded())
}

/// Remembers `listing`. The file is replaced as a whole: sessions may run side by side.
pub(crate) fn write(path: &Path, listing: &Listing) -> Option<()> {
    let directory = path.parent()?;
    create_private(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory).ok()?;
    file.write_all(&serde_json::to_vec(listing).ok()?).ok()?;
    file.persist(path).ok()?;
    Some(())
}

/// Returns whether the server has been waited for in vain before.
pub(crate) fn is_shy(path: &Path) -> bool {
    path.with_extension(SHY).exists()
}

/// Remembers whether the server was waited for in vain, so that it is not in every session.
pub(crate) fn set_shy(path: &Path, is_shy: bool) -> Option<()> {
    let mark = path.with_extension(SHY);
    if is_shy {
        create_private(path.parent()?)?;
        fs::write(mark, "").ok()
    } else {
        fs::remove_file(mark).ok()
    }
}

/// Creates the directory, and `$LLMX_HOME` if it is not there either, for their owner alone.
fn create_private(directory: &Path) -> Option<()> {
    let mut directories = DirBuilder::new();
    directories.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut directories, 0o700);
    directories.create(directory).ok()
}

const SHY: &str = "shy";
/// Changes with the shape of the file.
const VERSION: &str = "1";
const LARGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::settings::tests::NoCarrier;
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let server = |url: &str| McpServer {
            id: "s".to_owned(),
            reach: McpReach::Address {
                url: url.to_owned(),
                headers: Vec::new(),
                carrier: Arc::new(NoCarrier),
            },
            startup_timeout: Duration::ZERO,
            tool_timeout: Duration::ZERO,
            enabled_tools: None,
            disabled_tools: Vec::new(),
        };
        let file = path(&dir.path().join("new"), &server("http://a"));
        assert_ne!(file, path(&dir.path().join("new"), &server("http://b")));
        assert_eq!(read(&file), None);
        let listing = Listing {
            resources: true,
            ..Listing::default()
        };
        write(&file, &listing).unwrap();
        assert_eq!(read(&file), Some(listing));
        assert!(!is_shy(&file));
        set_shy(&file, true).unwrap();
        assert!(is_shy(&file));
        set_shy(&file, false).unwrap();
        assert!(!is_shy(&file));
        fs::write(&file, "{").unwrap();
        assert_eq!(read(&file), None);
    }
}
