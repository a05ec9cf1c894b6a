//! The user's own prompts: `$LLMX_HOME/prompts/NAME.md`, called as `/NAME arguments`.
//!
//! A text that begins with a slash may also just be one, such as a path. So a name that is close to
//! a prompt's is a fault, and any other text goes to the model as it is.

mod template;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

pub use self::template::PromptFile;

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// A prompt for the model.
    Plain,
    /// A prompt for the model, though it looks like the name of a file.
    Unknown {
        /// The name.
        name: String,
    },
    /// The call of a file.
    File {
        /// What it becomes.
        text: String,
        /// The file.
        path: PathBuf,
    },
}

/// A prompt file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptFault {
    /// No file has this name, and one has nearly it.
    #[error(
        "there is no prompt `/{name}` in {}; did you mean `/{near}`? To send the text as it is, begin it with a space",
        directory.display()
    )]
    Misspelt {
        /// The name as given.
        name: String,
        /// The name that was probably meant.
        near: String,
        /// Where prompts are.
        directory: PathBuf,
    },
    /// No file has this name, and nothing else can be meant.
    #[error("there is no prompt `{name}` in {}; `llmx prompts` shows those there are", directory.display())]
    Missing {
        /// The name as given.
        name: String,
        /// Where prompts are.
        directory: PathBuf,
    },
    /// The file or the directory cannot be read.
    #[error("the prompt {} cannot be read: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is too large to be a prompt.
    #[error("the prompt {} has more than {} KiB", path.display(), LARGEST >> 10)]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
}

/// Returns what `text` means to a user with this home.
pub fn resolve(home: &Path, text: &str) -> Result<Meant, PromptFault> {
    let Some(call) = text.strip_prefix('/') else {
        return Ok(Meant::Plain);
    };
    let (word, arguments) = call.split_once(char::is_whitespace).unwrap_or((call, ""));
    let (name, is_certain) = match word.strip_prefix(FAMILY) {
        Some(name) => (name, true),
        None => (word, false),
    };
    let directory = home.join(DIRECTORY);
    let path = directory.join(format!("{name}.md"));
    if is_name(name) && path.is_file() {
        let file = read(path)?;
        let text = file.fill(arguments.trim());
        let path = file.path;
        return Ok(Meant::File { text, path });
    }
    if is_certain {
        let name = name.to_owned();
        return Err(PromptFault::Missing { name, directory });
    }
    if !is_name(name) || Path::new("/").join(name).exists() {
        return Ok(Meant::Plain);
    }
    let names = names(&directory)?;
    let known = names.iter().map(|(name, _)| name.as_str());
    match llmx_config::nearest(name, known) {
        Some(near) => Err(PromptFault::Misspelt {
            name: name.to_owned(),
            near: near.to_owned(),
            directory,
        }),
        None => Ok(Meant::Unknown {
            name: name.to_owned(),
        }),
    }
}

/// Lists the prompt files by their names; those that cannot be read come as faults.
pub fn list(home: &Path) -> Result<(Vec<PromptFile>, Vec<PromptFault>), PromptFault> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for (_, path) in names(&home.join(DIRECTORY))? {
        match read(path) {
            Ok(file) => files.push(file),
            Err(fault) => faults.push(fault),
        }
    }
    Ok((files, faults))
}

/// Returns the names that can be called, with their files. Without a directory there are none.
fn names(directory: &Path) -> Result<Vec<(String, PathBuf)>, PromptFault> {
    let cannot = |source| PromptFault::Io {
        path: directory.to_owned(),
        source,
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(cannot)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(cannot)?.path();
        let is_markdown = path.extension().is_some_and(|extension| extension == "md");
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(name) = name.filter(|name| is_markdown && is_name(name) && path.is_file()) {
            names.push((name.to_owned(), path.clone()));
        }
    }
    names.sort();
    Ok(names)
}

fn read(path: PathBuf) -> Result<PromptFile, PromptFault> {
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| {
        let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1)).read_to_string(&mut text)
    });
    match read {
        Ok(length) if length > LARGEST => Err(PromptFault::TooLarge { path }),
        Ok(_) => Ok(PromptFile::parse(path, &text)),
        Err(source) => Err(PromptFault::Io { path, source }),
    }
}

/// Returns whether a word can be the name of a prompt, and not a path or a sentence.
fn is_name(word: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !word.is_empty() && !word.starts_with('.') && word.chars().all(allowed)
}

const DIRECTORY: &str = "prompts";
/// What other agents write before the name, where it cannot be anything else.
const FAMILY: &str = "prompts:";
/// Far more than anybody writes; a larger file is something else.
const LARGEST: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let prompts = home.path().join("prompts");
        fs::create_dir_all(prompts.join("folder.md")).unwrap();
        for (name, text) in [
            (
                "review.md",
                "---\ndescription: \"Looks\"\n---\nReview $1 for $ARGUMENTS.",
            ),
            ("fix.md", "Fix it."),
            ("notes.txt", "no prompt"),
            ("bad.md", "\u{0}"),
        ] {
            fs::write(prompts.join(name), text).unwrap();
        }
        fs::write(prompts.join("bad.md"), [0xff]).unwrap();
        home
    }

    #[test]
    fn a_name_calls_its_file_and_a_slip_is_told() {
        let home = home();
        let said = |text: &str| resolve(home.path(), text);
        for text in ["/review a b", "/prompts:review a b", "/review\na b"] {
            let Ok(Meant::File { text, .. }) = said(text) else {
                panic!("{text}")
            };
            assert_eq!(text, "Review a b for a b.");
        }
        for text in ["/reveiw a", "/Review a", "/fix_"] {
            let fault = said(text).unwrap_err().to_string();
            assert!(fault.contains("did you mean `/"), "{fault}");
        }
        assert!(matches!(
            said("/prompts:x"),
            Err(PromptFault::Missing { .. })
        ));
        assert!(matches!(said("/bad"), Err(PromptFault::Io { .. })));
    }

    #[test]
    fn what_only_begins_with_a_slash_is_a_prompt() {
        let home = home();
        for text in [
            "review",
            " /reveiw",
            "/etc/fix is broken",
            "/",
            "/ fix",
            "/tmp",
            "/// fix?",
            "/../fix",
        ] {
            assert_eq!(resolve(home.path(), text).unwrap(), Meant::Plain, "{text}");
        }
        let unknown = resolve(home.path(), "/deploy now").unwrap();
        assert_eq!(
            unknown,
            Meant::Unknown {
                name: "deploy".to_owned()
            }
        );
        let nowhere = resolve(Path::new("/nowhere"), "/fix").unwrap();
        assert_eq!(
            nowhere,
            Meant::Unknown {
                name: "fix".to_owned()
            }
        );
    }

    #[test]
    fn only_files_that_can_be_called_are_listed() {
        let (files, faults) = list(home().path()).unwrap();
        let names: Vec<_> = files.iter().map(PromptFile::name).collect();
        assert_eq!(names, ["fix", "review"]);
        assert_eq!(faults.len(), 1);
        assert_eq!(files[1].description.as_deref(), Some("Looks"));
        assert!(list(Path::new("/nowhere")).unwrap().0.is_empty());
    }
}
