//! Proves that every rule is checked: a small tree that keeps them all, broken in one place at a
//! time.

use std::fs;
use std::path::Path;

use crate::findings;
use crate::tree::Tree;

/// A tree that breaks no rule.
const SOUND: &[(&str, &str)] = &[
    (
        "llmx-rs/wire/Cargo.toml",
        "[package]\nname = \"llmx-wire\"\n[lints]\nworkspace = true\n",
    ),
    (
        "llmx-rs/wire/src/lib.rs",
        "//! The bytes of a dialect.\n#![forbid(unsafe_code)]\n",
    ),
    (
        "llmx-rs/responses-api-proxy/Cargo.toml",
        "[package]\nname = \"llmx-responses-api-proxy\"\n[dependencies]\nllmx-upstream = \"1\"\n[lints]\nworkspace = true\n",
    ),
    (
        "llmx-rs/responses-api-proxy/src/lib.rs",
        "//! Holds a key and forwards.\n",
    ),
    (
        "llmx-rs/responses-api-proxy/src/secret.rs",
        "//! The file that may be unsafe.\n#![expect(unsafe_code, reason = \"x\")]\nfn f() { unsafe { g() } }\n",
    ),
    (
        "llmx-rs/upstream/Cargo.toml",
        "[package]\nname = \"llmx-upstream\"\n[dependencies]\ntokio = \"1\"\n[target.'cfg(unix)'.dependencies]\nllmx-wire = \"1\"\n[lints]\nworkspace = true\n",
    ),
    (
        "llmx-rs/upstream/src/lib.rs",
        "//! Sends a request to a provider.\n#![forbid(unsafe_code)]\n",
    ),
    (
        "llmx-rs/core/Cargo.toml",
        "[package]\nname = \"llmx-core\"\n[lints]\nworkspace = true\n",
    ),
    (
        "llmx-rs/core/src/lib.rs",
        "//! Runs a conversation.\n#![forbid(unsafe_code)]\n",
    ),
    (
        "llmx-rs/core/src/turn/mod.rs",
        "//! Decides the next step.\nuse std::collections::BTreeMap;\nuse super::x;\n",
    ),
    (
        "llmx-rs/config/Cargo.toml",
        "[package]\nname = \"llmx-config\"\n[lints]\nworkspace = true\n",
    ),
    (
        "llmx-rs/config/src/lib.rs",
        "//! Resolves the settings.\n#![forbid(unsafe_code)]\nuse llmx_wire::Dialect;\n",
    ),
    ("Cargo.lock", "[[package]]\n"),
];

fn findings_with(path: &str, text: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let sound = SOUND.iter().filter(|(other, _)| *other != path);
    for (path, text) in sound.chain([&(path, text)]) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, text).unwrap();
    }
    findings(&Tree::read(root.path()))
}

#[track_caller]
fn assert_found(path: &str, text: &str, finding: &str) {
    let found = findings_with(path, text);
    let [only] = found.as_slice() else {
        panic!("{finding}: found {found:?}")
    };
    assert!(only.contains(finding), "{only}");
}

const WIRE: &str = "llmx-rs/wire/src/lib.rs";

#[test]
fn the_sound_tree_breaks_no_rule() {
    let (path, text) = SOUND[0];
    assert_eq!(findings_with(path, text), Vec::<String>::new());
}

#[test]
fn a_dependency_outside_the_table_is_found_wherever_it_is_declared() {
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"llmx-{name}\"\n{rest}\n[lints]\nworkspace = true\n")
    };
    for (path, name, rest, finding) in [
        (
            "llmx-rs/protocol/Cargo.toml",
            "protocol",
            "[dependencies]\nllmx-config = \"1\"",
            "protocol may not use config",
        ),
        (
            "llmx-rs/protocol/Cargo.toml",
            "protocol",
            "[build-dependencies]\nllmx-core = \"1\"",
            "protocol may not use core",
        ),
        (
            "llmx-rs/protocol/Cargo.toml",
            "protocol",
            "[target.'cfg(unix)'.dependencies]\nllmx-core = \"1\"",
            "protocol may not use core",
        ),
        (
            "llmx-rs/protocol/Cargo.toml",
            "protocol",
            "[dev-dependencies]\nllmx-core = \"1\"",
            "not even in tests",
        ),
        (
            "llmx-rs/protocol/Cargo.toml",
            "protocol",
            "[dependencies]\ntokio = \"1\"",
            "protocol is pure and may not use tokio",
        ),
        (
            "llmx-rs/core/Cargo.toml",
            "core",
            "[dependencies]\nanyhow = \"1\"",
            "may not use anyhow",
        ),
        (
            "llmx-rs/protocol/Cargo.toml",
            "bytes",
            "",
            "not llmx-protocol",
        ),
    ] {
        assert_found(path, &manifest(name, rest), finding);
    }
    assert_found(
        "llmx-rs/protocol/Cargo.toml",
        "[package]\nname = \"llmx-protocol\"\n",
        "lints",
    );
    assert_found(
        "llmx-rs/extra/Cargo.toml",
        &manifest("extra", ""),
        "no row in the table",
    );
}

#[test]
fn what_the_proxy_reaches_in_two_steps_is_found() {
    let found = findings_with(
        "llmx-rs/upstream/Cargo.toml",
        "[package]\nname = \"llmx-upstream\"\n[dependencies]\nllmx-config = \"1\"\n[lints]\nworkspace = true\n",
    );
    let reached = "responses-api-proxy reaches config";
    assert!(
        found.iter().any(|finding| finding.contains(reached)),
        "{found:?}"
    );
}

#[test]
fn a_lock_file_over_the_ceiling_is_found() {
    assert_found("Cargo.lock", &"[[package]]\n".repeat(1000), "1000 packages");
}

#[test]
fn a_file_without_a_reason_to_exist_is_found() {
    assert_found("llmx-rs/wire/src/a.rs", "fn f() {}\n", "reason to exist");
    assert_found(
        "llmx-rs/wire/src/a.rs",
        "//! \nfn f() {}\n",
        "reason to exist",
    );
    assert_found("llmx-rs/wire/tests/a.rs", "", "reason to exist");
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let lines = "fn f() {}\n".repeat(499);
    let long = format!("//! Far too long a file.\n{lines}fn g() {{}}\n");
    assert_found("llmx-rs/wire/src/a.rs", &long, "501 lines");
    let tested =
        format!("//! Long only by its tests.\n{lines}#[cfg(test)]\nmod tests {{\n{lines}}}\n");
    assert!(findings_with("llmx-rs/wire/src/a.rs", &tested).is_empty());
    assert!(findings_with("llmx-rs/wire/tests/a.rs", &long).is_empty());
    let main = format!(
        "//! A main that does the work.\n{}",
        "fn f() {}\n".repeat(30)
    );
    assert_found("llmx-rs/core/src/main.rs", &main, "main is a sentence");
}

#[test]
fn unsafe_code_in_the_wrong_place_is_found() {
    assert_found(
        WIRE,
        "//! The bytes of a dialect.\n",
        "does not forbid unsafe",
    );
    let block = "//! The wrong place for it.\nfn f() { unsafe { g() } }\n";
    assert_found(
        "llmx-rs/responses-api-proxy/src/other.rs",
        block,
        "may not use unsafe",
    );
    assert_found("llmx-rs/wire/src/a.rs", block, "may not use unsafe");
    let leave = "//! The wrong place for it.\n#![allow(unsafe_code)]\n";
    assert_found("llmx-rs/upstream/src/a.rs", leave, "may not use unsafe");
}

#[test]
fn impure_names_in_pure_crates_are_found() {
    for (text, finding) in [
        ("use std::fs;", "std::fs"),
        ("fn f() { std::env::var(\"x\"); }", "std::env"),
        ("use std::time::Instant;", "Instant"),
    ] {
        let source = format!("//! A file in a pure crate.\n{text}\n");
        assert_found("llmx-rs/wire/src/a.rs", &source, finding);
    }
    let tested = "//! A file in a pure crate.\n#[cfg(test)]\nmod tests { use std::fs; }\n";
    assert!(findings_with("llmx-rs/wire/src/a.rs", tested).is_empty());
}

#[test]
fn an_import_that_acts_is_found_in_the_turn_machine() {
    for import in [
        "tokio::fs::File",
        "llmx_upstream::Client",
        "std::time::Instant",
        "crate::driver::X",
    ] {
        let source = format!("//! Decides the next step.\nuse {import};\n");
        assert_found("llmx-rs/core/src/turn/mod.rs", &source, import);
    }
}

#[test]
fn configuration_that_knows_more_than_dialects_is_found() {
    let source = "//! Resolves the settings.\nuse llmx_wire::responses::Request;\n";
    assert_found("llmx-rs/config/src/a.rs", source, "only Dialect");
}
