//! What the fuzz targets do with an input: read it as the bridge's drivers would, and hold the laws.
//!
//! The targets are `src/bin/`, one per parser of untrusted input; `cargo xtask fuzz` builds and runs
//! them. A panic is a finding, and so is a broken law, which panics too.
#![forbid(unsafe_code)]

mod case;
pub mod client;
#[path = "../../llmx-rs/bridge/tests/it/laws.rs"]
mod laws;
pub mod mutate;
mod options;
pub mod patch;
#[path = "../../llmx-rs/core/tests/it/plain.rs"]
mod plain;
pub mod request;
pub mod rollout;
pub mod shell;
pub mod smoke;
pub mod sse;
pub mod upstream;
pub mod whole;

/// Makes a target of a function that takes JSON, with the words of the dialect it is in.
#[macro_export]
macro_rules! json_target {
    ($run:path, $dialect:literal) => {
        const WORDS: &str = include_str!(concat!("../../dictionaries/", $dialect, ".dict"));
        libfuzzer_sys::fuzz_target!(
            init: $crate::smoke::run_if_asked($run, WORDS),
            |bytes: &[u8]| -> libfuzzer_sys::Corpus { $run(bytes) }
        );
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate::mutate(data, size, max_size, seed, WORDS)
        });
    };
}

/// Makes a target of a function that takes bytes of any kind.
#[macro_export]
macro_rules! byte_target {
    ($run:path, $dictionary:literal) => {
        const WORDS: &str = include_str!(concat!("../../dictionaries/", $dictionary, ".dict"));
        libfuzzer_sys::fuzz_target!(
            init: $crate::smoke::run_if_asked($run, WORDS),
            |bytes: &[u8]| $run(bytes)
        );
    };
}

/// Panics, which is how libFuzzer learns of a finding, unless the law holds.
fn hold(law: laws::Law) {
    if let Err(broken) = law {
        panic!("{broken}");
    }
}
