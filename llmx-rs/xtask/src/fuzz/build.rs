//! Builds the targets with the counters that libFuzzer steers by.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{cargo, root};

/// Returns whether there is a C++ compiler, which building libFuzzer takes.
pub(super) fn has_compiler() -> bool {
    let named = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut compiler = Command::new(named);
    compiler.arg("--version").stdout(Stdio::null());
    compiler.status().is_ok_and(|status| status.success())
}

/// Builds all targets and returns the folder that they are in, unless cargo failed and said why.
pub(super) fn build() -> io::Result<Option<PathBuf>> {
    let host = host()?;
    let built = build_command(&host).status()?;
    let programs = folder().join("target").join(host).join("release");
    Ok(built.success().then_some(programs))
}

fn build_command(host: &str) -> Command {
    // The host is named, so that build scripts and macros, which run there too, get no counters.
    let mut build = cargo(&["build", "--release", "--locked", "--target", host]);
    build
        .arg("--manifest-path")
        .arg(root().join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(folder().join("target"))
        .env("CARGO_ENCODED_RUSTFLAGS", COUNTERS.join("\u{1f}"));
    build
}

fn host() -> io::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc)
        .args(["--print", "host-tuple"])
        .output()?;
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

/// Where everything that fuzzing writes lies: below the target directory, so git ignores it and
/// `cargo clean` empties it.
pub(super) fn folder() -> PathBuf {
    let xtask = std::env::current_exe().unwrap_or_default();
    let target = xtask.ancestors().nth(2).map(Path::to_owned);
    target.unwrap_or_else(|| root().join("target")).join("fuzz")
}

pub(super) const NO_COMPILER: &str = "\
cargo xtask fuzz needs a C++ compiler, for libFuzzer, and neither `c++` nor what CXX names is one.
Install one (Debian: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install)
or name it in CXX.
";

/// Counters in every basic block, a table of where they are, and both sides of every comparison:
/// what cargo-fuzz asks of rustc. They are named to LLVM directly, since rustc has no stable option.
const COUNTERS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_fuzzed_gets_counters() {
        let command = build_command("some-host");
        let args: Vec<_> = command.get_args().filter_map(|arg| arg.to_str()).collect();
        assert!(
            args.windows(2)
                .any(|pair| pair == ["--target", "some-host"])
        );
        let flags = command
            .get_envs()
            .find(|(name, _)| *name == "CARGO_ENCODED_RUSTFLAGS");
        let flags = flags.and_then(|(_, value)| value?.to_str()).unwrap();
        assert_eq!(flags.split('\u{1f}').count(), COUNTERS.len());
    }
}
