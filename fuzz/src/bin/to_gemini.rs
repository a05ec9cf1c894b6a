//! A Responses request, told to a Gemini upstream.
#![no_main]

llmx_fuzz::json_target!(llmx_fuzz::request::to_gemini, "responses");
