//! Any text as a patch of any files.
#![no_main]

llmx_fuzz::byte_target!(llmx_fuzz::patch::apply, "patch");
