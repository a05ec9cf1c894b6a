//! `cargo xtask interop` and `tasks`: builds llmx and runs scripts against it.
//!
//! The checks are scripts in the folders of those names, in the languages of what they call; here
//! is only what they need from cargo: a fresh binary and a folder that `cargo clean` empties.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::cargo::{cargo, root};

/// Runs every step with real clients and servers, or those that `args` name.
pub(crate) fn interop(args: impl IntoIterator<Item = OsString>) -> io::Result<ExitStatus> {
    run(INTEROP, args)
}

/// Has every repository repaired by the agent, or those that `args` name.
pub(crate) fn tasks(args: impl IntoIterator<Item = OsString>) -> io::Result<ExitStatus> {
    run(TASKS, args)
}

/// Builds llmx, then runs the script of a folder.
fn run(name: &str, args: impl IntoIterator<Item = OsString>) -> io::Result<ExitStatus> {
    let built = cargo(&["build", "--package", PACKAGE]).status()?;
    if !built.success() {
        return Ok(built);
    }
    run_command(name, &debug_dir(&env::current_exe()?), args).status()
}

fn run_command(name: &str, debug: &Path, args: impl IntoIterator<Item = OsString>) -> Command {
    let folder = debug.parent().unwrap_or(debug).join(name);
    let mut python = Command::new("python3");
    python
        // Without -B the interpreter would leave its caches in the source tree.
        .arg("-B")
        .arg(script(name))
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

fn script(name: &str) -> PathBuf {
    root().join(name).join("run.py")
}

const INTEROP: &str = "interop";
const TASKS: &str = "tasks";
const PACKAGE: &str = "llmx-cli";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_where_they_are_looked_for() {
        for name in [INTEROP, TASKS] {
            assert!(script(name).is_file(), "{}", script(name).display());
        }
    }

    #[test]
    fn what_is_installed_lies_below_the_target_directory() {
        let debug = debug_dir(Path::new("/t/debug/llmx-xtask"));
        let command = run_command(INTEROP, &debug, ["codex".into()]);
        let args: Vec<_> = command.get_args().filter_map(|arg| arg.to_str()).collect();
        let llmx = format!("/t/debug/llmx{}", env::consts::EXE_SUFFIX);
        assert_eq!(
            args[2..],
            ["--llmx", &llmx, "--folder", "/t/interop", "codex"]
        );
    }
}
