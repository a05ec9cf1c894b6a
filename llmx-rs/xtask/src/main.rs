//! What contributors and CI run: `cargo xtask test`, `check`, `bench`, `fuzz`, `interop`, `tasks`.

mod bench;
mod cargo;
mod fuzz;
mod scripts;

use std::env;
use std::process::{ExitCode, ExitStatus};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [ARGS]      run every test; ARGS go to `cargo test`, e.g. `-p llmx-serve smuggling`
  check            formatting, lints and documentation, warnings denied
  bench [ARGS]     build for release and measure proxy and agent; `cargo xtask bench --help` lists ARGS
  fuzz [TARGETS] [--smoke | --seconds N]
                   untrusted bytes against every parser: 600 s each, or with --smoke
                   the same 10,000 inputs every time
  interop [STEPS]  real clients and servers against llmx; downloads them once, docs/interop.md
  tasks [TASKS]    small repositories that `llmx exec` repairs with its tools in its sandbox
";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let ended = |status: ExitStatus| status.success();
    let result = match command.to_str() {
        Some("test") => cargo::test(args).map(ended),
        Some("check") => cargo::check().map(ended),
        Some("bench") => bench::run(args).map(ended),
        Some("fuzz") => fuzz::run(args),
        Some("interop") => scripts::interop(args).map(ended),
        Some("tasks") => scripts::tasks(args).map(ended),
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
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
