//! Runs a conversation: turn machine, driver, prompt, rollout file.
#![forbid(unsafe_code)]

pub mod turn;
