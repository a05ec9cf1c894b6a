//! Holds the sandbox to its promises, on every rung that this machine has.
fn main() {}
