//! Plays the part of `llmx` in the tests: the program that becomes the helpers of its own tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    llmx_sandbox::run_as_helper()
        .or_else(llmx_tools::run_as_patcher)
        .or_else(llmx_tools::group::run_as_warden)
        .unwrap_or(ExitCode::FAILURE)
}
