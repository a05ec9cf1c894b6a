//! Plays the part of `llmx` in the tests: an owner of commands that is its own helper, and, inside
//! a sandbox, a program that tries what no shell can.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "attempts are bare system calls")
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code: a panic is a failed test"
)]

#[cfg(target_os = "linux")]
mod attempt;
#[cfg(target_os = "linux")]
mod owner;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = llmx_sandbox::run_as_helper() {
        return code;
    }
    #[cfg(target_os = "linux")]
    {
        let arguments: Vec<_> = std::env::args().skip(1).collect();
        let (verb, rest) = arguments.split_first().expect("a verb");
        match verb.as_str() {
            "run" => owner::run(rest),
            "time" => owner::time(rest),
            "attempt" => attempt::run(rest),
            other => panic!("unknown verb {other}"),
        }
    }
    #[cfg(not(target_os = "linux"))]
    ExitCode::FAILURE
}
