//! A stream of Responses, lawful or not, told to a Chat client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::client::chat, "responses");
