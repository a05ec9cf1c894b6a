//! The layers: what each crate is and which others it may use. This is the table of
//! ARCHITECTURE.md; a new crate needs a row here.

/// One row.
pub(crate) struct Row {
    /// The folder under `llmx-rs/`; the package is `llmx-<folder>`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The crates of this workspace it may depend on.
    pub(crate) may_use: &'static [&'static str],
}

/// What rules apply to a crate beyond its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No runtime, no files, no clock, no environment.
    Pure,
    /// Typed errors only.
    Library,
    /// May end in `anyhow`: a person reads the error next.
    Front,
    /// For contributors; not part of the product.
    Development,
}

const fn row(name: &'static str, kind: Kind, may_use: &'static [&'static str]) -> Row {
    Row {
        name,
        kind,
        may_use,
    }
}

pub(crate) const TABLE: &[Row] = &[
    row("wire", Kind::Pure, &[]),
    row("protocol", Kind::Pure, &[]),
    row("process-hardening", Kind::Library, &[]),
    row("bridge", Kind::Pure, &["wire"]),
    row("config", Kind::Library, &["wire", "protocol"]),
    row("sandbox", Kind::Library, &["protocol"]),
    row("serve", Kind::Library, &["wire"]),
    row("upstream", Kind::Library, &["wire", "bridge"]),
    row("tools", Kind::Library, &["protocol", "sandbox"]),
    row(
        "core",
        Kind::Library,
        &["wire", "protocol", "config", "upstream", "tools"],
    ),
    row(
        "responses-api-proxy",
        Kind::Library,
        &["wire", "bridge", "serve", "upstream", "process-hardening"],
    ),
    row(
        "gateway",
        Kind::Library,
        &["wire", "bridge", "serve", "upstream", "config"],
    ),
    row("demo", Kind::Library, &["wire", "serve"]),
    row("tui", Kind::Front, &["protocol", "config", "core"]),
    row("exec", Kind::Front, &["protocol", "config", "core"]),
    row(
        "cli",
        Kind::Front,
        &[
            "core",
            "responses-api-proxy",
            "gateway",
            "demo",
            "tools",
            "tui",
            "exec",
            "config",
            "protocol",
            "sandbox",
            "process-hardening",
        ],
    ),
    row("test-support", Kind::Development, &[]),
    row("bench", Kind::Development, &[]),
    row("xtask", Kind::Development, &[]),
];

/// What the process that holds the key must never contain.
pub(crate) const NOT_IN_THE_PROXY: &[&str] = &["core", "config", "tools", "tui", "exec", "demo"];

/// Where `unsafe` may stand: whole crates, or one file.
pub(crate) const UNSAFE: &[&str] = &[
    "process-hardening/src/",
    "sandbox/src/",
    "responses-api-proxy/src/secret.rs",
];

/// The most packages that `Cargo.lock` may hold: a ceiling that is raised on purpose, never by
/// accident. MCP (rmcp) is the largest part of it; the check of answers against a JSON schema
/// (jsonschema, without its HTTP client) is 37, the keyrings of three systems are 6.
pub(crate) const LOCKED_PACKAGES: usize = 333;

pub(crate) fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}
