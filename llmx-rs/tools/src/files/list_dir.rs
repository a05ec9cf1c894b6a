//! The tool `list_dir`: what is in a directory, as a tree.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, statat};
use serde_json::json;

use super::reading::{Answer, Reading, Stop};
use super::size;
use super::view::{Opened, View};
use crate::confine::Confinement;
use crate::fields::Fields;
use crate::tool::{Input, Job, Takes, Tool, ToolSpec};

/// The tool `list_dir`.
#[derive(Debug)]
pub(crate) struct ListDir {
    pub(crate) confinement: Arc<Confinement>,
}

impl Tool for ListDir {
    fn name(&self) -> &str {
        NAME
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("list_dir.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "The directory"},
                    "depth": {"type": "integer", "description": "How many levels to show"},
                    "limit": {"type": "integer", "description": "How many entries to show at most"},
                },
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let fields = Fields::read(input, "path", EXAMPLE)?;
        let names = ["path", "dir_path", "dir", "directory"];
        let path = fields.text(&names)?.filter(|path| !path.is_empty());
        let path = path.unwrap_or_else(|| ".".to_owned());
        let depth = fields.count(&["depth", "max_depth"])?.unwrap_or(2);
        let limit = fields.count(&["limit", "max_entries"])?.unwrap_or(200);
        let bounds = Bounds {
            depth: depth.clamp(1, MOST_LEVELS),
            limit: limit.clamp(1, MOST_ENTRIES),
        };
        Ok(Box::new(Reading {
            tool: NAME,
            arguments: fields.to_value(),
            confinement: Arc::clone(&self.confinement),
            work: move |view: &View, stop: &Stop| list(view, &path, bounds, stop),
        }))
    }
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    depth: usize,
    limit: usize,
}

fn list(view: &View, path: &str, bounds: Bounds, stop: &Stop) -> Result<Answer, String> {
    let opened = view.open(path)?;
    if !opened.metadata.is_dir() {
        return Err(format!("{path} is a file; use `read_file`"));
    }
    let root = opened.path.clone();
    let mut tree = Tree::default();
    let mut room = bounds.limit;
    let mut open = VecDeque::from([(opened, 1)]);
    // Level by level, so that a deep directory leaves room for its neighbours.
    while let Some((directory, level)) = open.pop_front() {
        if stop.is_set() {
            break;
        }
        let mut listed =
            read(&directory).map_err(|error| format!("{path} cannot be read: {error}"))?;
        let more = listed.entries.len().saturating_sub(room);
        listed.entries.truncate(room);
        listed.more += more;
        room -= listed.entries.len();
        for entry in &mut listed.entries {
            if !matches!(entry.kind, Kind::Directory(_)) || level == bounds.depth {
                continue;
            }
            if NOISY.contains(&entry.name.as_str()) {
                entry.kind = Kind::Directory(Some("not listed"));
                continue;
            }
            match view.open_path(&directory.path.join(&entry.name)) {
                Ok(inner) if room > 0 => open.push_back((inner, level + 1)),
                Ok(_) => {}
                Err(_) => entry.kind = Kind::Directory(Some("cannot be read")),
            }
        }
        tree.directories.insert(directory.path, listed);
    }
    let mut text = format!("{}/\n", root.display().to_string().trim_end_matches('/'));
    tree.write(&root, 1, &mut text);
    Ok(text.into())
}

/// Directories by their path.
#[derive(Default)]
struct Tree {
    directories: BTreeMap<PathBuf, Listed>,
}

#[derive(Default)]
struct Listed {
    entries: Vec<Entry>,
    /// How many there is no room for.
    more: usize,
}

struct Entry {
    name: String,
    kind: Kind,
}

enum Kind {
    /// With why it is not listed, if there is a reason.
    Directory(Option<&'static str>),
    File(u64),
    Link(String),
    Other,
}

impl Tree {
    fn write(&self, directory: &Path, level: usize, text: &mut String) {
        let Some(listed) = self.directories.get(directory) else {
            return;
        };
        let indent = "  ".repeat(level);
        for Entry { name, kind } in &listed.entries {
            // Writing to a string does not fail.
            let _infallible = match kind {
                Kind::Directory(None) => writeln!(text, "{indent}{name}/"),
                Kind::Directory(Some(why)) => writeln!(text, "{indent}{name}/ ({why})"),
                Kind::File(bytes) => writeln!(text, "{indent}{name}  {}", size::human(*bytes)),
                Kind::Link(to) => writeln!(text, "{indent}{name} -> {to}"),
                Kind::Other => writeln!(text, "{indent}{name} (no regular file)"),
            };
            if matches!(kind, Kind::Directory(_)) {
                self.write(&directory.join(name), level + 1, text);
            }
        }
        match (listed.more, listed.entries.is_empty()) {
            (0, true) if level == 1 => text.push_str("  (empty)\n"),
            (0, _) => {}
            (more, _) => text.push_str(&format!("{indent}[{more} more]\n")),
        }
    }
}

fn read(directory: &Opened) -> std::io::Result<Listed> {
    let mut listed = Listed::default();
    for entry in Dir::read_from(&directory.file)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if listed.entries.len() == MOST_READ {
            listed.more += 1;
            continue;
        }
        // What has gone meanwhile is not there.
        let Ok(stat) = statat(&directory.file, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Kind::Directory(None),
            FileType::RegularFile => Kind::File(stat.st_size.cast_unsigned()),
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(&directory.file, name, Vec::new());
                Kind::Link(
                    target.map_or_else(|_| "?".to_owned(), |to| to.to_string_lossy().into_owned()),
                )
            }
            _ => Kind::Other,
        };
        let name = std::ffi::OsStr::from_bytes(name.to_bytes());
        listed.entries.push(Entry {
            name: name.to_string_lossy().into_owned(),
            kind,
        });
    }
    listed.entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

const NAME: &str = "list_dir";
const EXAMPLE: &str = r#"{"path": "src"}"#;
const MOST_LEVELS: usize = 8;
const MOST_ENTRIES: usize = 1000;
/// What is held of one directory; some have millions.
const MOST_READ: usize = 20_000;
/// Directories of tools, whose insides nobody asks for by accident.
const NOISY: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    "__pycache__",
    ".venv",
    ".cache",
    ".rustup",
    ".npm",
];
