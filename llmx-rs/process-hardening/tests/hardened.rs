//! Hardens this test process for real and looks at it from outside.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "test code: a panic is a failed test")]

use std::fs;
use std::process::Command;

use llmx_process_hardening::{Measure, harden};

/// One test only: the measures cannot be undone, and the environment may change only while no
/// other test runs. A child process is hardened, so that the harness stays as it is.
#[test]
fn a_hardened_process_is_hard_to_inspect_from_outside() {
    if std::env::var_os("LLMX_TEST_HARDEN").is_some() {
        hardened_child();
        return;
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .arg("a_hardened_process_is_hard_to_inspect_from_outside")
        .env("LLMX_TEST_HARDEN", "1")
        .env("LD_LIBRARY_PATH", "/nowhere")
        .status()
        .unwrap();
    assert!(status.success());
}

fn hardened_child() {
    let report = harden();
    assert!(report.all_held(), "{:?}", report.weak().collect::<Vec<_>>());
    assert_eq!(report.steps().len(), Measure::ALL.len());

    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");

    // The switch belongs to a thread, and the harness runs a test outside the main one.
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");

    assert!(std::env::var_os("LD_LIBRARY_PATH").is_none());
    // A process that is not dumpable hands its /proc files to root.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self/mem").unwrap());
    assert_eq!(owner, 0);
}
