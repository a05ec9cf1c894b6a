//! A Gemini client's request, told to every upstream.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::request::gemini, "gemini");
