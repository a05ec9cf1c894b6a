//! Any text as a patch of any files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| llmx_fuzz::patch::apply(bytes));
