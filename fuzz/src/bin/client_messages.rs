//! A stream of Responses, lawful or not, told to a Messages client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::client::messages, "responses");
