//! What contributors and CI run: `cargo xtask test`, `check`, `bench`, `interop`.

mod bench;
mod cargo;
mod interop;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [ARGS]      run every test; ARGS go to `cargo test`, e.g. `-p llmx-serve smuggling`
  check            formatting, lints and documentation, warnings denied
  bench [ARGS]     build for release and measure the proxy; `cargo xtask bench --help` lists ARGS
  interop [STEPS]  real clients and servers against llmx; downloads them once, docs/interop.md
";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let result = match command.to_str() {
        Some("test") => cargo::test(args),
        Some("check") => cargo::check(),
        Some("bench") => bench::run(args),
        Some("interop") => interop::run(args),
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_said_why_itself) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!(
                "cargo xtask: a program cannot be started: {error}\n"
            ));
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "xtask speaks to the person who called it"
)]
fn say(text: &str) {
    eprint!("{text}");
}
