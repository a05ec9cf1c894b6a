//! Rules about what stands in a source file.

use crate::table::{self, Kind, UNSAFE};
use crate::tree::Tree;

const MAX_LINES: usize = 500;
const MAX_MAIN_LINES: usize = 30;

/// What a pure crate may not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
];

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, package) in &tree.crates {
        let kind = table::find(name).map_or(Kind::Library, |row| row.kind);
        for (path, text) in &package.sources {
            let problems = [
                check_opening(text),
                check_length(path, text),
                check_main(kind, path, text),
                check_unsafe(path, text),
                check_purity(kind, path, text),
                check_turn(path, text),
                check_config(path, text),
            ];
            let told = problems.into_iter().flatten();
            findings.extend(told.map(|problem| format!("{path}: {problem}")));
        }
    }
    findings
}

fn check_opening(text: &str) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let opens = first.strip_prefix("//! ").is_some_and(|why| why.len() > 10);
    (!opens).then(|| "does not open with //! and its reason to exist".to_owned())
}

fn check_length(path: &str, text: &str) -> Option<String> {
    let lines = product_lines(text).count();
    (!in_tests(path) && lines > MAX_LINES)
        .then(|| format!("has {lines} lines, more than {MAX_LINES}"))
}

fn check_main(kind: Kind, path: &str, text: &str) -> Option<String> {
    let lines = product_lines(text).count();
    (path.ends_with("src/main.rs") && kind != Kind::Development && lines > MAX_MAIN_LINES)
        .then(|| format!("has {lines} lines; main is a sentence of at most {MAX_MAIN_LINES}"))
}

/// Everywhere but in the few places that need it, the compiler itself forbids `unsafe`.
fn check_unsafe(path: &str, text: &str) -> Option<String> {
    let crate_name = path.split('/').next().unwrap_or_default();
    let has_some = UNSAFE.iter().any(|place| place.starts_with(crate_name));
    let may = UNSAFE.iter().any(|place| path.starts_with(place));
    let root = path == format!("{crate_name}/src/lib.rs");
    if root && !has_some && !text.contains("#![forbid(unsafe_code)]") {
        return Some("does not forbid unsafe code".to_owned());
    }
    let uses = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .any(|code| {
            ["unsafe {", "unsafe fn", "unsafe impl", "(unsafe_code"]
                .iter()
                .any(|form| code.contains(form) && !code.contains("forbid(unsafe_code)"))
        });
    (uses && !may && !in_tests(path)).then(|| "may not use unsafe".to_owned())
}

fn check_purity(kind: Kind, path: &str, text: &str) -> Option<String> {
    if kind != Kind::Pure || in_tests(path) {
        return None;
    }
    let named = IMPURE
        .iter()
        .find(|name| product_lines(text).any(|line| line.contains(**name)))?;
    Some(format!("is pure and may not name {named}"))
}

/// The turn machine decides; its driver acts. So it sees only words and values.
fn check_turn(path: &str, text: &str) -> Option<String> {
    if !path.starts_with("core/src/turn/") && path != "core/src/turn.rs" {
        return None;
    }
    const MAY_IMPORT: &[&str] = &[
        "std::collections",
        "std::fmt",
        "std::mem",
        "llmx_wire",
        "llmx_protocol",
        "super",
        "self",
        "crate::turn",
        "serde_json",
    ];
    let import = product_lines(text)
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.strip_prefix("use ")
        })
        .find(|import| !MAY_IMPORT.iter().any(|allowed| import.starts_with(allowed)))?;
    Some(format!(
        "is part of the pure turn machine and may not import {import}"
    ))
}

/// Configuration knows the names of dialects, not their bytes.
fn check_config(path: &str, text: &str) -> Option<String> {
    if !path.starts_with("config/src/") {
        return None;
    }
    let line = product_lines(text)
        .find(|line| line.contains("llmx_wire::") && !line.contains("Dialect"))?;
    Some(format!(
        "may use only Dialect of wire, but has `{}`",
        line.trim()
    ))
}

fn in_tests(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
}

/// Returns the lines before the test module at the end of a file.
fn product_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
}
