//! Any bytes, in any cuts, through the decoder of server-sent events.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| llmx_fuzz::sse::decode(bytes));
