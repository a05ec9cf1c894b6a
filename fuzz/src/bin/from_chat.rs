//! A Chat client's request, told to every upstream.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::request::chat, "chat");
