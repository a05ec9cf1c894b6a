//! A stream of Chat, told to every client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::upstream::chat, "chat");
