//! Finds the standing instructions of the user and of the project: `AGENTS.md` files.
//!
//! The user's own file comes first, then those of the project from its root down to the working
//! directory, so that the closest word is the last one. In each directory an `AGENTS.override.md`
//! stands in for the `AGENTS.md`.
//!
//! A project may come from anybody. A link in it is followed only to what the tools of the session
//! may read: what stands in an instruction file is sent to the provider.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use llmx_config::Config;
use llmx_tools::Confinement;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The text of all files, if there is any.
    pub(super) text: Option<String>,
    /// What of it had no room.
    pub(super) cut: Option<Cut>,
    /// Which files could not be read, and why.
    pub(super) unread: Vec<String>,
}

/// Instructions that had no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The first file of which not all was read.
    file: PathBuf,
    /// The room there was, in bytes.
    room: usize,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the instruction files are longer than {} bytes: the rest of {} and what follows it is left out; \
             make them shorter, or raise project_doc_max_bytes",
            self.room,
            self.file.display()
        )
    }
}

/// Finds the instructions for work in the directory of `config`, whose tools are held like this.
pub(super) fn find(config: &Config, confinement: &Confinement) -> Found {
    let fallbacks = config.project_doc_fallback_filenames.iter();
    let mut search = Search {
        names: FILE_NAMES
            .into_iter()
            .chain(fallbacks.map(String::as_str))
            .collect(),
        room: config.project_doc_max_bytes,
        left: config.project_doc_max_bytes,
        cut: None,
        unread: Vec::new(),
    };
    let own = search.in_directory(&config.home, |path| File::open(path));
    let open = |path: &Path| match path.is_symlink() {
        true => confinement.open(path),
        false => File::open(path),
    };
    let project: Vec<_> = project_directories(&config.cwd)
        .iter()
        .filter_map(|directory| search.in_directory(directory, open))
        .collect();
    let project = Some(project.join("\n\n")).filter(|text| !text.is_empty());
    let parts: Vec<_> = own.into_iter().chain(project).collect();
    Found {
        text: (!parts.is_empty()).then(|| parts.join("\n\n--- project-doc ---\n\n")),
        cut: search.cut,
        unread: search.unread,
    }
}

/// A search under way.
struct Search<'a> {
    names: Vec<&'a str>,
    room: usize,
    left: usize,
    cut: Option<Cut>,
    unread: Vec<String>,
}

impl Search<'_> {
    /// Returns the first instruction file of `directory` that says anything, as far as there is room.
    fn in_directory(
        &mut self,
        directory: &Path,
        open: impl Fn(&Path) -> io::Result<File>,
    ) -> Option<String> {
        let (path, mut text) = self.names.iter().find_map(|name| {
            let path = directory.join(name);
            match read(&path, self.left, &open) {
                Ok(text) => (!text.trim().is_empty()).then_some((path, text)),
                Err(error) if is_no_file(&error) => None,
                Err(error) => {
                    let unread = format!("{} is not read: {error}", path.display());
                    self.unread.push(unread);
                    None
                }
            }
        })?;
        if text.len() > self.left {
            let end = (0..=self.left)
                .rev()
                .find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
            let room = self.room;
            // Room for nothing is a way to say that none of them is wanted.
            if room > 0 {
                self.cut.get_or_insert(Cut { file: path, room });
            }
        }
        self.left = self.left.saturating_sub(text.len());
        (!text.is_empty()).then_some(text)
    }
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

/// Reads what there is room for, and a little more, so that what is cut can be told. A pipe or a
/// device of this name could block for ever, so only regular files count.
fn read(path: &Path, room: usize, open: impl Fn(&Path) -> io::Result<File>) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(4);
    open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns whether nothing of that name was there to be read.
fn is_no_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput
    )
}

const FILE_NAMES: [&str; 2] = ["AGENTS.override.md", "AGENTS.md"];

#[cfg(test)]
mod tests {
    use std::fs;

    use llmx_tools::{Owner, SandboxSettings};

    use super::*;

    fn config(home: &Path, cwd: &Path) -> Config {
        let mut config = crate::session::tests::config(cwd, "http://127.0.0.1:1");
        home.clone_into(&mut config.home);
        config
    }

    fn find(config: &Config) -> Found {
        let settings = SandboxSettings::new(Owner {
            home: Some(config.home.clone()),
            ..Owner::default()
        });
        let policy = config.sandbox_policy();
        let confinement = Confinement::new(policy, config.cwd.clone(), settings, Vec::new());
        super::find(config, &confinement)
    }

    fn text(home: &Path, cwd: &Path) -> Option<String> {
        find(&config(home, cwd)).text
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_the_project_does_not_lead_to_credentials() {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let (home, work) = (root.join("home"), root.join("work"));
        for path in [&home.join(".ssh"), &work] {
            fs::create_dir_all(path).unwrap();
        }
        fs::write(home.join(".ssh/id"), "sealed").unwrap();
        fs::write(work.join("NOTES.md"), "notes").unwrap();
        let mut config = config(&home, &work);
        config.sandbox_mode = llmx_protocol::SandboxMode::ReadOnly;
        symlink(home.join(".ssh/id"), work.join("AGENTS.override.md")).unwrap();
        symlink("NOTES.md", work.join("AGENTS.md")).unwrap();
        let found = find(&config);
        assert_eq!(found.text.as_deref(), Some("notes"));
        let [unread] = found.unread.as_slice() else {
            panic!("{:?}", found.unread);
        };
        assert!(
            unread.contains("AGENTS.override.md is not read: credentials"),
            "{unread}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_of_the_project_does_not_lead_to_the_environment_of_this_process() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("AGENTS.md");
        std::os::unix::fs::symlink("/proc/self/environ", link).unwrap();
        let found = find(&config(&directory.path().join("none"), directory.path()));
        assert_eq!((found.text, found.unread.len()), (None, 1));
    }

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
            ("repo/a/b/CLAUDE.md", "fallback"),
        ] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        }
        assert_eq!(
            text(&at("home"), &at("repo/a/b")).unwrap(),
            "own\n\n--- project-doc ---\n\nroot\n\noverride"
        );
        assert_eq!(text(&at("none"), &at("repo")).unwrap(), "root");
        let mut config = config(&at("none"), &at("repo/a/b"));
        config.project_doc_fallback_filenames = vec!["CLAUDE.md".to_owned()];
        assert_eq!(find(&config).text.unwrap(), "root\n\noverride\n\nfallback");
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("AGENTS.md")).unwrap();
        assert_eq!(text(directory.path(), directory.path()), None);
    }

    #[test]
    fn what_has_no_room_is_left_out_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("AGENTS.md"), "é".repeat(15_000)).unwrap();
        fs::write(directory.path().join("AGENTS.md"), "x".repeat(100_000)).unwrap();
        let mut config = config(&home, directory.path());
        let found = find(&config);
        let text = found.text.unwrap();
        assert_eq!(text.matches('x').count(), (32 << 10) - 30_000);
        let cut = found.cut.unwrap().to_string();
        assert!(
            cut.contains("32768 bytes") && cut.contains("AGENTS.md"),
            "{cut}"
        );
        config.project_doc_max_bytes = 0;
        assert_eq!(find(&config), Found::default());
        config.project_doc_max_bytes = 3;
        assert_eq!(find(&config).text.unwrap(), "é\n\n--- project-doc ---\n\nx");
    }
}
