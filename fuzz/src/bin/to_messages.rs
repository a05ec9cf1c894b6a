//! A Responses request, told to a Messages upstream.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::request::to_messages, "responses");
