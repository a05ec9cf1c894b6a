//! What contributors and CI run: `cargo xtask test`, `bench`, `check`.
fn main() {}
