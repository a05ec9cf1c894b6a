//! The thin edge: reads environment, directories and file, then lets [`resolve`] decide.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::error::{ConfigError, ConfigErrors};
use crate::inputs::{FILE_NAME, Flags, Inputs, Project, SourceText};
use crate::keyring;
use crate::private;
use crate::problem::Problem;
use crate::resolve::resolve;
use crate::resolved::Config;
use crate::source::{Place, Source};

/// Loads the configuration of this process.
///
/// # Errors
///
/// Those of [`resolve`], and directories or files that cannot be used.
pub fn load(overrides: &[String], flags: Flags) -> Result<Config, ConfigErrors> {
    let cd_given = flags.cd.is_some();
    let config = with_inputs(overrides, flags, resolve)??;
    if cd_given {
        must_be_directory(&config.cwd, Source::Flag { name: "--cd" })?;
    }
    Ok(config)
}

/// Collects the inputs of this process and lets `decide` have them.
///
/// # Errors
///
/// Directories or files that cannot be used.
pub fn with_inputs<T>(
    overrides: &[String],
    flags: Flags,
    decide: impl FnOnce(&Inputs<'_>) -> T,
) -> Result<T, ConfigErrors> {
    let cwd = current_dir()?;
    let home = home_in(env::var_os(HOME_VARIABLE), &cwd)?;
    let user = read(&home.join(FILE_NAME))?;
    let workdir = flags
        .cd
        .as_ref()
        .map_or_else(|| cwd.clone(), |cd| cwd.join(cd));
    Ok(decide(&Inputs {
        project: project(&workdir, &home),
        home,
        cwd,
        user_home: dirs::home_dir(),
        system: read(Path::new(SYSTEM_FILE))?,
        file_exposed: user.as_ref().is_some_and(|file| file.exposed),
        file: user.map(|file| file.text),
        read: &|path| fs::read_to_string(path).map_err(|error| reason(&error)),
        read_private: &private::read,
        read_keyring: &keyring::read,
        env: &|name| env::var_os(name),
        overrides,
        flags,
    }))
}

/// Finds the project around a directory, and the files in it that configure llmx.
fn project(workdir: &Path, home: &Path) -> Project {
    let workdir = fs::canonicalize(workdir).unwrap_or_else(|_| workdir.to_owned());
    let home = fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    let root = workdir
        .ancestors()
        .find(|directory| directory.join(".git").exists());
    let root = root.unwrap_or(&workdir);
    let mut files: Vec<_> = workdir
        .ancestors()
        .take_while(|directory| directory.starts_with(root))
        .map(|directory| directory.join(PROJECT_DIRECTORY))
        // The user's own directory may stand in a repository, too.
        .filter(|directory| fs::canonicalize(directory).is_ok_and(|real| real != home))
        .map(|directory| directory.join(FILE_NAME))
        .filter(|path| path.is_file())
        .collect();
    files.reverse();
    Project {
        root: root.to_owned(),
        files,
    }
}

/// Finds the home of llmx for this process, whatever its configuration says.
pub fn home() -> Result<PathBuf, ConfigErrors> {
    Ok(home_in(env::var_os(HOME_VARIABLE), &current_dir()?)?)
}

fn current_dir() -> Result<PathBuf, ConfigError> {
    env::current_dir().map_err(|error| {
        ConfigError::of_nothing(Problem::NoCurrentDirectory {
            reason: reason(&error),
        })
    })
}

/// Finds the home of llmx, which need not exist yet.
fn home_in(variable: Option<OsString>, cwd: &Path) -> Result<PathBuf, ConfigError> {
    match variable.filter(|value| !value.is_empty()) {
        Some(value) => {
            let home = cwd.join(value);
            if home.exists() {
                must_be_directory(
                    &home,
                    Source::Environment {
                        name: HOME_VARIABLE.to_owned(),
                    },
                )?;
            }
            Ok(home)
        }
        None => dirs::home_dir()
            .map(|home| home.join(".llmx"))
            .ok_or_else(|| ConfigError::of_nothing(Problem::NoHome)),
    }
}

/// Reads a file that may be missing.
fn read(path: &Path) -> Result<Option<SourceText>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(SourceText {
            path: path.to_owned(),
            text,
            exposed: fs::metadata(path).is_ok_and(|metadata| private::exposed(&metadata).is_some()),
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::of_nothing(Problem::Unreadable {
            path: path.to_owned(),
            reason: reason(&error),
        })),
    }
}

fn must_be_directory(path: &Path, source: Source) -> Result<(), ConfigError> {
    let reason = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => "it is a file".to_owned(),
        Err(error) => reason(&error),
    };
    let path = path.to_owned();
    Err(ConfigError::new(
        Problem::NoDirectory { path, reason },
        &Place::whole(source),
    ))
}

/// Says what the system said, in the words of a person where they are common.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

const PROJECT_DIRECTORY: &str = ".llmx";
const SYSTEM_FILE: &str = "/etc/llmx/config.toml";
const HOME_VARIABLE: &str = "LLMX_HOME";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_home_is_made_absolute_and_need_not_exist() {
        let cwd = tempfile::tempdir().unwrap();
        let home = home_in(Some("x".into()), cwd.path()).unwrap();
        assert_eq!(home, cwd.path().join("x"));
    }

    #[test]
    fn a_home_that_is_a_file_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = home_in(Some(file.path().into()), Path::new("/"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("$LLMX_HOME: "), "{error}");
        assert!(error.contains("it is a file"), "{error}");
    }

    #[test]
    fn a_missing_file_is_no_file_and_a_directory_in_its_place_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(&dir.path().join(FILE_NAME)).unwrap(), None);
        let error = read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}
