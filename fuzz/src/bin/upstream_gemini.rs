//! A stream of Gemini, told to every client.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::upstream::gemini, "gemini");
