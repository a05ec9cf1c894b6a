//! Reads the workspace as text: manifests and sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A workspace.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) crates: BTreeMap<String, Package>,
    pub(crate) locked_packages: usize,
}

/// A crate.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) package_name: String,
    pub(crate) inherits_lints: bool,
    /// Names of dependencies, those for one target included.
    pub(crate) dependencies: Vec<String>,
    pub(crate) dev_dependencies: Vec<String>,
    /// Sources by their path below `llmx-rs/`.
    pub(crate) sources: BTreeMap<String, String>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Self {
        let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
        let crates = fs::read_dir(root.join("llmx-rs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("Cargo.toml").exists())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let package = Package::read(&name, &path);
                (name, package)
            })
            .collect();
        Self {
            crates,
            locked_packages: lock.matches("[[package]]").count(),
        }
    }
}

impl Package {
    fn read(name: &str, path: &Path) -> Self {
        let text = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let mut sources = BTreeMap::new();
        read_sources(path, name, &mut sources);
        Self {
            package_name: manifest["package"]["name"].as_str().unwrap().to_owned(),
            inherits_lints: manifest
                .get("lints")
                .and_then(|lints| lints.get("workspace"))
                .and_then(toml::Value::as_bool)
                .unwrap_or_default(),
            dependencies: dependencies(&manifest, &["dependencies", "build-dependencies"]),
            dev_dependencies: dependencies(&manifest, &["dev-dependencies"]),
            sources,
        }
    }
}

fn dependencies(manifest: &toml::Table, kinds: &[&str]) -> Vec<String> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(toml::Table::values)
            .filter_map(toml::Value::as_table),
    );
    tables
        .into_iter()
        .flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)))
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys().cloned())
        .collect()
}

fn read_sources(folder: &Path, name: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let below = format!("{name}/{file}");
        if path.is_dir() {
            read_sources(&path, &below, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.insert(below, fs::read_to_string(&path).unwrap());
        }
    }
}
