//! The `llmx-bench` program; everything is in the library.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    llmx_bench::main()
}

#[cfg(not(target_os = "linux"))]
#[expect(
    clippy::print_stderr,
    reason = "a program without a terminal owner of its own"
)]
fn main() -> ExitCode {
    eprintln!("llmx-bench reads /proc and runs on Linux only");
    ExitCode::FAILURE
}
