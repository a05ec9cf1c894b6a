//! Tells other programs where the proxy listens, through a file they read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use crate::error::ProxyError;

/// Writes `{"port":…,"pid":…}` to `path` in one step: a reader sees the whole file or none.
///
/// The text goes to a new file beside `path` that is then renamed over it, so a symbolic link at
/// `path` is replaced and never followed. The file is readable by everyone: its reader is the
/// user who may not see the key.
pub(crate) fn write(
    path: &Path,
    port: Option<u16>,
    unix_socket: Option<&Path>,
) -> Result<(), ProxyError> {
    let mut info = serde_json::Map::new();
    if let Some(port) = port {
        info.insert("port".to_owned(), json!(port));
    }
    info.insert("pid".to_owned(), json!(std::process::id()));
    if let Some(socket) = unix_socket {
        info.insert("unix_socket".to_owned(), json!(socket));
    }
    let line = format!("{}\n", serde_json::Value::Object(info));
    replace(path, line.as_bytes()).map_err(|source| ProxyError::ServerInfo {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("the path names no file"))?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        fs::create_dir_all(parent)?;
    }
    let mut draft_name = name.to_owned();
    draft_name.push(format!(".{}.tmp", std::process::id()));
    let draft = path.with_file_name(draft_name);
    let written = write_new(&draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The first failure is the one to report.
        let _left_behind = fs::remove_file(&draft);
    }
    written
}

fn write_new(draft: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // create_new fails on anything that exists, symbolic links included.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let mut file = options.open(draft)?;
    file.write_all(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_one_line_of_json_and_its_folder_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder/info.json");
        write(&path, Some(8080), None).unwrap();
        let pid = std::process::id();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{{\"port\":8080,\"pid\":{pid}}}\n")
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_symbolic_link_is_replaced_and_its_target_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("info.json"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        write(&path, Some(1), None).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = write(dir.path(), Some(1), None).unwrap_err().to_string();
        assert!(error.contains("--server-info") && error.contains(dir.path().to_str().unwrap()));
    }
}
