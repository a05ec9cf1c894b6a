//! Holds the layers, the purity rules and the shape of files that ARCHITECTURE.md describes.
//!
//! A rule that only prose holds does not last, so each is checked against every manifest and
//! source file, and each check is proved against a tree that breaks it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is a failed test with a backtrace"
)]

mod broken;
mod files;
mod graph;
mod table;
mod tree;

use std::path::Path;

use tree::Tree;

/// Returns every broken rule, one line each.
fn findings(tree: &Tree) -> Vec<String> {
    let mut findings = graph::check(tree);
    findings.extend(files::check(tree));
    findings
}

#[test]
fn the_workspace_keeps_its_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::read(&root);
    assert!(tree.crates.len() >= 5, "the workspace was not found");
    let findings = findings(&tree);
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
