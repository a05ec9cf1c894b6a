//! A Chat answer that came whole, told to every client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::whole::chat, "chat");
