//! Any bytes as a session file.
#![no_main]

llmx_fuzz::byte_target!(llmx_fuzz::rollout::read, "rollout");
