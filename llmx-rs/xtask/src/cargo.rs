//! `cargo xtask test` and `check`: the commands that a change must pass.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Runs every test of the workspace, or what `args` choose.
pub(crate) fn test(args: impl Iterator<Item = OsString>) -> io::Result<ExitStatus> {
    let mut args = args.peekable();
    let mut tests = cargo(&["test"]);
    if args.peek().is_none() {
        tests.arg("--workspace");
    }
    tests.args(args).status()
}

/// Runs formatting, lints and documentation; stops at the first that fails.
pub(crate) fn check() -> io::Result<ExitStatus> {
    let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    docs.env("RUSTDOCFLAGS", "--deny warnings");
    let mut fuzz_format = cargo(&["fmt", "--check", "--manifest-path"]);
    fuzz_format.arg(root().join("fuzz/Cargo.toml"));
    let steps = [
        cargo(&["fmt", "--all", "--check"]),
        fuzz_format,
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]),
        docs,
    ];
    let mut last = ExitStatus::default();
    for mut step in steps {
        last = step.status()?;
        if !last.success() {
            break;
        }
    }
    Ok(last)
}

/// The folder that the workspace's manifest is in.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.unwrap_or(Path::new(".")).to_owned()
}

/// Calls the cargo that called us, so that a chosen toolchain stays chosen.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    cargo
}
