//! Any text as a script for a shell.
#![no_main]

llmx_fuzz::byte_target!(llmx_fuzz::shell::judge, "shell");
