//! `cargo xtask interop`: builds llmx and runs real clients and servers against it.
//!
//! The checks are scripts in `interop/`, in the languages of the SDKs that they call; here is only
//! what they need from cargo: a fresh binary and a folder that `cargo clean` empties.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::cargo::{cargo, root};

/// Builds, then runs every step, or those that `args` name.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> io::Result<ExitStatus> {
    let built = cargo(&["build", "--package", PACKAGE]).status()?;
    if !built.success() {
        return Ok(built);
    }
    run_command(&debug_dir(&env::current_exe()?), args).status()
}

fn run_command(debug: &Path, args: impl IntoIterator<Item = OsString>) -> Command {
    let folder = debug.parent().unwrap_or(debug).join("interop");
    let mut python = Command::new("python3");
    python
        // Without -B the interpreter would leave its caches in the source tree.
        .arg("-B")
        .arg(script())
        .arg("--llmx")
        .arg(debug.join(format!("llmx{}", env::consts::EXE_SUFFIX)))
        .arg("--folder")
        .arg(folder)
        .args(args);
    python
}

/// xtask lies beside the debug binaries, whatever the target directory is.
fn debug_dir(xtask: &Path) -> PathBuf {
    let debug = xtask.parent().unwrap_or(Path::new("target/debug"));
    debug.to_owned()
}

fn script() -> PathBuf {
    root().join("interop/run.py")
}

const PACKAGE: &str = "llmx-cli";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_where_they_are_looked_for() {
        assert!(script().is_file(), "{}", script().display());
    }

    #[test]
    fn what_is_installed_lies_below_the_target_directory() {
        let debug = debug_dir(Path::new("/t/debug/llmx-xtask"));
        let command = run_command(&debug, ["codex".into()]);
        let args: Vec<_> = command.get_args().filter_map(|arg| arg.to_str()).collect();
        let llmx = format!("/t/debug/llmx{}", env::consts::EXE_SUFFIX);
        assert_eq!(
            args[2..],
            ["--llmx", &llmx, "--folder", "/t/interop", "codex"]
        );
    }
}
