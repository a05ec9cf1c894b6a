//! A Responses request, told to a Chat upstream.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::request::to_chat, "responses");
