//! Opens files for the tools that read without a command, and refuses what the sandbox hides.
//!
//! What is judged is the file that was opened, not the name that led to it: a name can lead
//! elsewhere a moment later.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use llmx_sandbox::Concealed;
use rustix::fs::OFlags;

/// What the tools of a session may read.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) workspace: PathBuf,
    pub(crate) concealed: Concealed,
}

/// A file or directory that may be read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
    /// Where it really is.
    pub(crate) path: PathBuf,
}

impl View {
    /// Opens what is at `path`, as the model named it.
    pub(crate) fn open(&self, path: &str) -> Result<Opened, String> {
        let full = self.workspace.join(path);
        self.open_path(&full).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.not_found(path, &full),
            _ => format!("{path} cannot be read: {error}"),
        })
    }

    /// Opens a file for its text or bytes.
    pub(crate) fn open_file(&self, path: &str) -> Result<Opened, String> {
        let opened = self.open(path)?;
        match opened.metadata.is_file() {
            true => Ok(opened),
            false => Err(format!("{path} is a directory; use `list_dir`")),
        }
    }

    pub(crate) fn open_path(&self, path: &Path) -> io::Result<Opened> {
        // Opening a device may do something already.
        check_kind(&fs::metadata(path)?)?;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)?;
        let metadata = file.metadata()?;
        check_kind(&metadata)?;
        let real = real_path(&file, path)?;
        if self.concealed.is_hidden(&real) {
            return Err(io::Error::other(HIDDEN));
        }
        // Without a name, nothing tells where it was.
        if metadata.nlink() == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        if tells_of_processes(&file) {
            return Err(io::Error::other(PROCESSES));
        }
        Ok(Opened {
            file,
            metadata,
            path: real,
        })
    }

    /// Returns `path` as it is shown: from the workspace if it is inside.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> &'a Path {
        let workspace = self.workspace.canonicalize();
        let workspace = workspace.as_deref().unwrap_or(&self.workspace);
        path.strip_prefix(workspace).unwrap_or(path)
    }

    /// Names what is called nearly so.
    fn not_found(&self, path: &str, full: &Path) -> String {
        let name = full.file_name().unwrap_or_default().to_string_lossy();
        let parent = full.parent().unwrap_or(full);
        let Ok(opened) = self.open_path(parent) else {
            return format!("{path} does not exist, and neither does its directory");
        };
        let name = name.to_lowercase();
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        let similar = |other: &String| {
            let other = other.to_lowercase();
            other == name || !stem.is_empty() && other.split('.').next() == Some(&stem)
        };
        let entries = fs::read_dir(&opened.path).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.take(MOST_NAMES).filter(similar).collect();
        names.sort();
        names.truncate(4);
        match names.as_slice() {
            [] => format!("{path} does not exist"),
            names => format!("{path} does not exist; there is {}", names.join(", ")),
        }
    }
}

fn check_kind(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() || metadata.is_dir() {
        true => Ok(()),
        false => Err(io::Error::other("it is neither a file nor a directory")),
    }
}

#[cfg(target_os = "linux")]
fn real_path(file: &File, _path: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd as _;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(target_vendor = "apple")]
fn real_path(file: &File, _path: &Path) -> io::Result<PathBuf> {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let path = rustix::fs::getpath(file)?;
    Ok(OsString::from_vec(path.into_bytes()).into())
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn real_path(_file: &File, path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Returns whether the file shows the memory or the environment of processes: this one's hold the
/// key.
#[cfg(target_os = "linux")]
fn tells_of_processes(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn tells_of_processes(_file: &File) -> bool {
    false
}

const HIDDEN: &str = "credentials are kept there, and this session hides them";
const PROCESSES: &str = "this tool does not read /proc; use a command";
const MOST_NAMES: usize = 10_000;
