//! Any bytes, in any cuts, through the decoder of server-sent events.
#![no_main]

llmx_fuzz::byte_target!(llmx_fuzz::sse::decode, "sse");
