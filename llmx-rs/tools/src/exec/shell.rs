//! Chooses the shell that runs the model's commands.

use std::env::split_paths;
use std::path::Path;

use crate::confine::Confinement;

/// Returns the command that has the user's shell run `script`.
///
/// The environment of the agent is that of the user's login already. So the profile files are read
/// on demand only: they take time with every command, and on some systems they set `PATH` back.
pub(super) fn command(confinement: &Confinement, script: &str, login: bool) -> Vec<String> {
    let flag = if login { "-lc" } else { "-c" };
    [&shell(confinement), flag, script]
        .map(str::to_owned)
        .to_vec()
}

/// Returns the user's own shell if models know its language.
fn shell(confinement: &Confinement) -> String {
    let own = confinement.variable("SHELL").map(Path::new);
    let own = own.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        path.is_absolute() && path.is_file() && name.is_some_and(|name| KNOWN.contains(&name))
    });
    if let Some(own) = own.and_then(Path::to_str) {
        return own.to_owned();
    }
    let has_bash = confinement
        .variable("PATH")
        .is_some_and(|path| split_paths(path).any(|place| place.join("bash").is_file()));
    if has_bash { "bash" } else { "sh" }.to_owned()
}

const KNOWN: &[&str] = &["bash", "zsh", "sh"];
