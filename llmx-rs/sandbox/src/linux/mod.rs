//! The helper on Linux: three processes, each with one task.
//!
//! ```text
//! whoever starts the command
//!   └─ front    waits for it, hands signals on, notices the end of its owner, tidies up
//!        └─ keeper   sets up the namespaces and outlives nothing: pid 1, or the reaper of orphans
//!             └─ command   gives up every right it will not need, then becomes the command
//! ```
//!
//! Front and keeper talk through two pipes. *Orders* carry signals to the keeper, and its end tells
//! the keeper that the front is gone. *Status* carries the one answer back.

mod broker;
mod bubblewrap;
mod command;
mod filter;
mod front;
mod handoff;
mod keeper;
mod landlocked;
mod message;
mod mounts;
mod namespaces;
mod sys;
mod tidy;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::plan::{self, Plan, Stage};

/// Becomes the helper if this process was started as one.
pub(crate) fn run_as_helper() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != plan::HELPER {
        return None;
    }
    let text = env::var(plan::VARIABLE).ok();
    let plan = text.and_then(|text| serde_json::from_str::<Plan>(&text).ok());
    let Some(plan) = plan else {
        message::complain("this command is for llmx itself; use `llmx sandbox -- COMMAND`");
        return Some(ExitCode::from(USAGE));
    };
    let command: Vec<OsString> = arguments.skip(1).collect();
    if let Stage::Inside { orders, status, .. } = plan.stage {
        return Some(bubblewrap::inside(&plan, &command, orders, status));
    }
    Some(front::run(&plan, &command))
}

const USAGE: u8 = 2;
