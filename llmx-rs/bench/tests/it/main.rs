//! The bench itself, end to end: one tiny case, direct against the hyper proxy.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    reason = "a test that cannot start its program has failed"
)]

use std::process::{Command, Output};

use serde_json::Value;

#[test]
fn a_quick_case_yields_figures_for_direct_and_hyper() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("out.json");
    let output = bench(&[
        "--quick",
        "--only",
        "flushed-200",
        "--without",
        "nginx",
        "--json",
        json.to_str().unwrap(),
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("\nflushed-200: 200 events"), "{text}");

    let json: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    for side in ["direct", "hyper"] {
        let side = json.pointer(&format!("/cases/0/sides/{side}")).unwrap();
        assert_eq!(side.pointer("/faults"), Some(&Value::Array(Vec::new())));
        let figure = |name: &str| {
            side.pointer(&format!("/rounds/0/{name}"))
                .and_then(Value::as_f64)
        };
        assert!(figure("complete").unwrap() >= 3.0);
        assert!(figure("total_ms").unwrap() > 0.0);
        assert_eq!(
            figure("units").unwrap(),
            figure("complete").unwrap() * 200.0
        );
    }
}

#[test]
fn tls_to_the_upstream_works_directly_and_through_hyper() {
    let output = bench(&[
        "--quick",
        "--only",
        "tls-requests-c16",
        "--without",
        "nginx",
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(!text.contains("failures"), "{text}");
    assert!(
        text.contains("\n  direct ") && text.contains("\n  hyper "),
        "{text}"
    );
}

#[test]
fn an_unknown_case_is_named_with_those_there_are() {
    let output = bench(&["--only", "nonsense"]);
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("requests-c1 ") && text.contains("tls-first-event"),
        "{text}"
    );
}

fn bench(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmx-bench"));
    command
        .arg("run")
        .args(args)
        .output()
        .expect("the bench starts")
}
