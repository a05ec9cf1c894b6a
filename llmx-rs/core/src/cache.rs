//! Small files below `$LLMX_HOME/cache`. Without one, or with a wrong entry in it, something is asked
//! once more; so nothing that goes wrong here stops a conversation.

use std::fs;
use std::io;
use std::path::Path;

use llmx_config::create_private;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns what the file holds; nothing if it holds nothing readable.
pub(crate) fn read<T: DeserializeOwned + Default>(path: &Path) -> T {
    let bytes = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Replaces the file in one step, since other runs may read it at the same time.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        create_private(directory)?;
    }
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, serde_json::to_vec_pretty(value)?)?;
    fs::rename(&draft, path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_home_that_begins_with_a_cache_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        let file = home.join("cache/models.json");
        write(&file, &vec![1, 2]).unwrap();
        assert_eq!(read::<Vec<u8>>(&file), [1, 2]);
        for private in [&home, &home.join("cache")] {
            let mode = private.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", private.display());
        }
    }
}
