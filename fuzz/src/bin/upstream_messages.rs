//! A stream of Messages, told to every client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::upstream::messages, "messages");
