//! Rules about what depends on what.

use std::collections::BTreeSet;

use crate::table::{self, Kind, LOCKED_PACKAGES, NOT_IN_THE_PROXY};
use crate::tree::{Package, Tree};

/// What pure crates have no business with: runtimes, clients, the operating system.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "hyper-util",
    "rustls",
    "libc",
    "rustix",
    "dirs",
    "tempfile",
];

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, package) in &tree.crates {
        check_package(name, package, &mut findings);
    }
    for name in reachable(tree, "responses-api-proxy") {
        if NOT_IN_THE_PROXY.contains(&name.as_str()) {
            findings.push(format!(
                "responses-api-proxy reaches {name}, which the holder of the key must not"
            ));
        }
    }
    if tree.locked_packages > LOCKED_PACKAGES {
        let count = tree.locked_packages;
        findings.push(format!(
            "Cargo.lock holds {count} packages, more than {LOCKED_PACKAGES}"
        ));
    }
    findings
}

fn check_package(name: &str, package: &Package, findings: &mut Vec<String>) {
    let Some(row) = table::find(name) else {
        findings.push(format!("{name} has no row in the table of layers"));
        return;
    };
    if package.package_name != format!("llmx-{name}") {
        findings.push(format!(
            "{name} is called {}, not llmx-{name}",
            package.package_name
        ));
    }
    if !package.inherits_lints {
        findings.push(format!("{name} does not take the lints of the workspace"));
    }
    for used in internal(&package.dependencies) {
        if !row.may_use.contains(&used) {
            findings.push(format!("{name} may not use {used}"));
        }
    }
    for used in internal(&package.dev_dependencies) {
        if !row.may_use.contains(&used) && !["test-support", "demo"].contains(&used) {
            findings.push(format!("{name} may not use {used}, not even in tests"));
        }
    }
    for dependency in &package.dependencies {
        if row.kind == Kind::Pure && IMPURE.contains(&dependency.as_str()) {
            findings.push(format!("{name} is pure and may not use {dependency}"));
        }
        let may_be_vague = matches!(row.kind, Kind::Front | Kind::Development);
        if dependency == "anyhow" && !may_be_vague {
            findings.push(format!("{name} is a library and may not use anyhow"));
        }
    }
}

fn internal(dependencies: &[String]) -> impl Iterator<Item = &str> {
    dependencies
        .iter()
        .filter_map(|dependency| dependency.strip_prefix("llmx-"))
}

/// Returns every crate of the workspace that `name` depends on, directly or not.
fn reachable(tree: &Tree, name: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Some(package) = tree.crates.get(&name) else {
            continue;
        };
        for used in internal(&package.dependencies) {
            if reached.insert(used.to_owned()) {
                open.push(used.to_owned());
            }
        }
    }
    reached
}
