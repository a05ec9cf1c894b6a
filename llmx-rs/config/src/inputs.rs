//! What a configuration is made of: everything that the outside world has to say, as values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::keyring::KeyringFault;
use crate::private::PrivateFault;
use crate::secret::Secret;

/// The inputs of [`resolve`](crate::resolve), which reads nothing else.
pub struct Inputs<'a> {
    /// The directory of configuration and sessions.
    pub home: PathBuf,
    /// The directory llmx was started in, absolute.
    pub cwd: PathBuf,
    /// The home directory of the user, for which `~` stands.
    pub user_home: Option<PathBuf>,
    /// The file of the machine, where there is one.
    pub system: Option<SourceText>,
    /// The text of the user's `config.toml`, where there is one.
    pub file: Option<String>,
    /// Whether other users can read the user's file.
    pub file_exposed: bool,
    /// The project around the directory that the agent works in.
    pub project: Project,
    /// Reads a file of a trusted project, or says why it cannot.
    pub read: &'a dyn Fn(&Path) -> Result<String, String>,
    /// Reads a file of secrets that may be missing.
    pub read_private: &'a dyn Fn(&Path) -> Result<Option<Secret>, PrivateFault>,
    /// Looks an account up in the keyring of this system.
    pub read_keyring: &'a dyn Fn(&str) -> Result<Option<Secret>, KeyringFault>,
    /// Looks a variable up in the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The arguments of `-c`, in the order given.
    pub overrides: &'a [String],
    /// The flags that set a value of their own.
    pub flags: Flags,
}

/// A configuration file and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Its path.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Whether users other than its owner can read it.
    pub exposed: bool,
}

/// A directory with settings of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The directory that holds `.git`, else the one the agent works in.
    pub root: PathBuf,
    /// The configuration files that exist from the root down, the root's first.
    pub files: Vec<PathBuf>,
}

/// Command line flags that set one value each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-m`, `--model`.
    pub model: Option<String>,
    /// `-p`, `--profile`.
    pub profile: Option<String>,
    /// `-s`, `--sandbox`: one of [`SANDBOX_MODES`](crate::SANDBOX_MODES).
    pub sandbox_mode: Option<String>,
    /// `-C`, `--cd`.
    pub cd: Option<PathBuf>,
}

impl Default for Inputs<'_> {
    fn default() -> Self {
        Self {
            home: PathBuf::new(),
            cwd: PathBuf::new(),
            user_home: None,
            system: None,
            file: None,
            file_exposed: false,
            project: Project::default(),
            read: &|_| Err("it does not exist".to_owned()),
            read_private: &|_| Ok(None),
            read_keyring: &|_| Ok(None),
            env: &|_| None,
            overrides: &[],
            flags: Flags::default(),
        }
    }
}

impl Inputs<'_> {
    /// Returns the path of the user's configuration file, whether or not it exists.
    pub(crate) fn file_path(&self) -> PathBuf {
        self.home.join(FILE_NAME)
    }

    /// Returns the directory the agent works in.
    pub(crate) fn workdir(&self) -> PathBuf {
        match &self.flags.cd {
            Some(cd) => self.cwd.join(cd),
            None => self.cwd.clone(),
        }
    }

    /// Returns a path of the configuration, in which `~` stands for the user's home.
    pub(crate) fn expand(&self, path: &str) -> PathBuf {
        let below = path
            .strip_prefix('~')
            .map(|rest| rest.trim_start_matches('/'));
        match (below, &self.user_home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }
}

pub(crate) const FILE_NAME: &str = "config.toml";
