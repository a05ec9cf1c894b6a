//! `cargo xtask test` and `check`: the commands that a change must pass.

use std::env;
use std::ffi::OsString;
use std::io;
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
    let steps = [
        cargo(&["fmt", "--all", "--check"]),
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

/// Calls the cargo that called us, so that a chosen toolchain stays chosen.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    cargo
}
