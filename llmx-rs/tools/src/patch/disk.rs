//! The files of a patch on disk: looks at them, and changes all of them or none.
//!
//! First everything new is written beside its place and everything old gets a second name. Only
//! then are the places changed, each by one rename, and every rename can be undone by another.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::{Builder, TempPath};

use super::plan::{Files, Plan, Seen, Step, What};

/// The files as they are named from a directory.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) cwd: PathBuf,
}

impl Files for Disk {
    fn look(&self, path: &str) -> Result<Seen, String> {
        let path = self.cwd.join(path);
        let failed = |error: io::Error| error.to_string();
        let place = place(&path).map_err(failed)?;
        let Ok(own) = fs::symlink_metadata(&place) else {
            return Ok(Seen {
                target: place.clone(),
                place,
                what: What::Absent,
            });
        };
        if !own.is_symlink() {
            let what = what(&place, &own).map_err(failed)?;
            return Ok(Seen {
                target: place.clone(),
                place,
                what,
            });
        }
        let (target, what) = match place.canonicalize() {
            Ok(target) => {
                let metadata = fs::metadata(&target).map_err(failed)?;
                let what = what(&target, &metadata).map_err(failed)?;
                (target, what)
            }
            // A link to nothing: it can be deleted, and nothing else.
            Err(_) => (PathBuf::new(), What::Other),
        };
        Ok(Seen {
            place,
            target,
            what,
        })
    }
}

fn what(path: &Path, metadata: &Metadata) -> io::Result<What> {
    if metadata.is_dir() {
        return Ok(What::Directory);
    }
    if !metadata.is_file() {
        return Ok(What::Other);
    }
    if metadata.len() > LARGEST_FILE {
        return Err(io::Error::other(format!(
            "it has {} bytes, and a patch changes files of up to {LARGEST_FILE}",
            metadata.len()
        )));
    }
    fs::read(path).map(What::File)
}

/// Resolves everything but the last name of `path`. What does not exist yet has no links in it.
fn place(path: &Path) -> io::Result<PathBuf> {
    let ends = (path.parent(), path.components().next_back());
    let (Some(parent), Some(Component::Normal(name))) = ends else {
        // `..` and `/` are directories.
        return path.canonicalize();
    };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place(parent)?.join(name)),
        Err(error) => Err(error),
    }
}

/// Why a plan was not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Every file is as it was.
    Undone(String),
    /// Something could not be undone.
    Partly(String),
}

/// Carries out `plan`, or undoes what it did of it.
pub(super) fn carry_out(plan: &Plan) -> Result<(), Failure> {
    let mut made = Directories::default();
    let mut staged = Vec::new();
    for step in &plan.steps {
        let stage = Staged::new(step, &mut made);
        staged.push(stage.map_err(|error| Failure::Undone(refused(&step.path, &error)))?);
    }
    let mut done: Vec<Staged> = Vec::new();
    for mut stage in staged {
        if let Err(error) = stage.commit() {
            return Err(undo(done, refused(&stage.path, &error)));
        }
        done.push(stage);
    }
    made.keep();
    Ok(())
}

fn undo(done: Vec<Staged>, mut said: String) -> Failure {
    let mut is_undone = true;
    for mut stage in done.into_iter().rev() {
        if let Err(error) = stage.undo() {
            is_undone = false;
            let path = stage.path.display();
            said.push_str(&format!(
                " {path} was changed and could not be changed back: {error}."
            ));
            // Its second name is all that is left of it.
            if let Some(Ok(kept)) = stage.old.take().map(TempPath::keep) {
                said.push_str(&format!(" What it held is in {}.", kept.display()));
            }
        }
    }
    match is_undone {
        true => Failure::Undone(said),
        false => Failure::Partly(said),
    }
}

fn refused(path: &Path, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            " The sandbox of this session may be what does not allow it."
        }
        _ => "",
    };
    // Which temporary name did not work is of no use to anybody.
    let error = error.to_string();
    let error = error.split(" at path ").next().unwrap_or_default();
    format!("{} cannot be changed: {error}.{hint}", path.display())
}

/// One step, prepared so that carrying it out and undoing it are renames. Dropping it removes what
/// it put beside the file.
struct Staged {
    path: PathBuf,
    new: Option<TempPath>,
    /// A second name of the file as it was.
    old: Option<TempPath>,
}

impl Staged {
    fn new(step: &Step, made: &mut Directories) -> io::Result<Self> {
        let directory = step.path.parent().unwrap_or(Path::new("/"));
        made.make(directory)?;
        let mut staged = Self {
            path: step.path.clone(),
            new: None,
            old: None,
        };
        if let Some(content) = &step.content {
            let like = step.mode_of.as_ref().map(fs::metadata).transpose()?;
            staged.new = Some(write(directory, content, like.as_ref())?);
        }
        if step.exists {
            staged.old = Some(second_name(&step.path, directory)?);
        }
        Ok(staged)
    }

    fn commit(&mut self) -> io::Result<()> {
        match (&self.new, &self.old) {
            (Some(new), Some(_)) => fs::rename(new, &self.path),
            // A link, because a rename would replace what came into being meanwhile.
            (Some(new), None) => match fs::hard_link(new, &self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
                // Not every file system has links.
                Err(_) if fs::symlink_metadata(&self.path).is_err() => fs::rename(new, &self.path),
                other => other,
            },
            (None, _) => fs::remove_file(&self.path),
        }
    }

    fn undo(&mut self) -> io::Result<()> {
        match &self.old {
            Some(old) => fs::rename(old, &self.path),
            None => fs::remove_file(&self.path),
        }
    }
}

fn write(directory: &Path, content: &[u8], like: Option<&Metadata>) -> io::Result<TempPath> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any program asks for; the mask of the process takes away what it should.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(content)?;
    if let Some(like) = like {
        resemble(file.as_file(), like)?;
    }
    Ok(file.into_temp_path())
}

/// Gives `file` the owner, group and mode of another. In a container the agent is often root, and
/// the files are not.
#[cfg(unix)]
fn resemble(file: &File, other: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let (owner, group) = (other.uid(), other.gid());
    let own = file.metadata()?;
    let is_alike =
        (own.uid(), own.gid()) == (owner, group) || fchown(file, Some(owner), Some(group)).is_ok();
    let mut mode = other.permissions();
    if !is_alike {
        // Who may not give files away can still keep the group. What runs with the rights of the
        // owner must not do so with those of another.
        let _not_a_member = fchown(file, None, Some(group));
        mode.set_mode(mode.mode() & 0o777);
    }
    file.set_permissions(mode)
}

#[cfg(not(unix))]
fn resemble(file: &File, other: &Metadata) -> io::Result<()> {
    file.set_permissions(other.permissions())
}

/// Gives the file at `path` a second name, or makes a copy where it cannot have one.
fn second_name(path: &Path, directory: &Path) -> io::Result<TempPath> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    let linked = builder.make_in(directory, |name| {
        let is_link = fs::symlink_metadata(path)?.is_symlink();
        match fs::hard_link(path, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(error) if is_link => Err(error),
            Err(_) => copy(path, name),
            Ok(()) => Ok(()),
        }
    })?;
    Ok(linked.into_temp_path())
}

fn copy(path: &Path, name: &Path) -> io::Result<()> {
    let mut copy = File::create_new(name)?;
    let mut original = File::open(path)?;
    io::copy(&mut original, &mut copy)?;
    resemble(&copy, &original.metadata()?)
}

/// Directories that were made for new files; they go again unless they are kept.
#[derive(Default)]
struct Directories(Vec<PathBuf>);

impl Directories {
    fn make(&mut self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent() {
            self.make(parent)?;
        }
        fs::create_dir(directory)?;
        self.0.push(directory.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Directories {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            // One that somebody else has used meanwhile stays.
            let _used = fs::remove_dir(directory);
        }
    }
}

const TEMPORARY: &str = ".llmx-patch-";
/// What is read whole into memory; no file that people edit is as large.
const LARGEST_FILE: u64 = 64 << 20;

#[cfg(test)]
mod tests;
