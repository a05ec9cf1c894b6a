//! Small files below `$LLMX_HOME/cache`. Without one, or with a wrong entry in it, something is asked
//! once more; so nothing that goes wrong here stops a conversation.

use std::fs;
use std::io;
use std::path::Path;

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
        fs::create_dir_all(directory)?;
    }
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, serde_json::to_vec_pretty(value)?)?;
    fs::rename(&draft, path)
}
