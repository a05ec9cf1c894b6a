//! `cargo xtask bench`: builds the release binaries and runs llmx-bench with the right paths.
//!
//! All measuring lives in the `llmx-bench` crate; xtask itself stays free of dependencies, so that
//! `cargo xtask` starts at once.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::cargo::cargo;

/// Builds, then runs every case; `args` go to `llmx-bench run` as they are.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> io::Result<ExitStatus> {
    let built = build_command().status()?;
    if !built.success() {
        return Ok(built);
    }
    run_command(&release_dir(&env::current_exe()?), args).status()
}

fn build_command() -> Command {
    let mut cargo = cargo(&["build", "--release"]);
    for package in [BENCH, PROXY, AGENT] {
        cargo.args(["--package", package]);
    }
    cargo
}

fn run_command(release: &Path, args: impl IntoIterator<Item = OsString>) -> Command {
    let program = |name: &str| release.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let mut bench = Command::new(program(BENCH));
    bench
        .arg("run")
        .arg("--llmx")
        .arg(program(PROXY))
        .arg("--agent")
        .arg(program("llmx"))
        .args(args);
    bench
}

/// xtask runs from `TARGET/debug`; the release binaries are next door, whatever TARGET is.
fn release_dir(xtask: &Path) -> PathBuf {
    let target = xtask.ancestors().nth(2).unwrap_or(Path::new("target"));
    target.join("release")
}

const BENCH: &str = "llmx-bench";
const PROXY: &str = "llmx-responses-api-proxy";
const AGENT: &str = "llmx-cli";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_binaries_are_beside_the_debug_ones() {
        let release = release_dir(Path::new("/t/debug/llmx-xtask"));
        assert_eq!(release, Path::new("/t/release"));
    }

    #[test]
    fn arguments_reach_the_bench_after_the_paths_of_the_programs() {
        let command = run_command(Path::new("/t/release"), ["--quick".into()]);
        let args: Vec<_> = command.get_args().filter_map(|arg| arg.to_str()).collect();
        assert_eq!(args.len(), 6);
        assert_eq!((args[0], args[1], args[5]), ("run", "--llmx", "--quick"));
        assert_eq!(args[3..5], ["--agent", "/t/release/llmx"]);
        assert!(args[2].starts_with("/t/release/llmx-responses-api-proxy"));
    }

    #[test]
    fn all_programs_are_built_for_release() {
        let command = build_command();
        let args: Vec<_> = command.get_args().filter_map(|arg| arg.to_str()).collect();
        assert_eq!(
            args,
            [
                "build",
                "--release",
                "--package",
                BENCH,
                "--package",
                PROXY,
                "--package",
                AGENT
            ]
        );
    }
}
