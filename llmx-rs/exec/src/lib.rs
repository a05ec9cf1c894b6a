//! Runs one prompt headless and prints human or JSONL output.
//!
//! Human mode writes the agent's last message to stdout and everything else to stderr; `--json`
//! writes one [`llmx_protocol::ThreadEvent`] per line to stdout. However a run ends, it says why:
//! as `turn.failed` or `error` in JSON, as one line on stderr.
//!
//! | exit code | the run ended because |
//! |---|---|
//! | 0 | the turn was completed, whatever its commands returned |
//! | 1 | the turn failed: the provider refused, could not be reached, or cut its answer short |
//! | 2 | there is no usable prompt, picture, output schema or rule, or a setting of the provider is wrong |
//! | 3 | this machine failed: the session file, the output file or the command that prints the key |
//! | 4, 5, 6 | the turn reached the limit of its requests, its cost or its time |
//! | 7 | the final answer does not match the output schema |
//! | 129 | of SIGHUP, where that is not ignored |
//! | 130 | of SIGINT (Ctrl-C) |
//! | 141 | nobody reads stdout any more |
//! | 143 | of SIGTERM |
//!
//! A signal or a closed stdout ends the turn in order: its commands are killed, its end is
//! recorded, and with a signal the last event is still printed.
#![forbid(unsafe_code)]

mod ending;
mod human;
mod images;
mod json;
mod last_message;
mod output;
mod output_schema;
mod prompt;
mod run;
mod stdin;
mod stop;

pub use ending::Ending;
pub use human::Screen;
pub use run::{ExecArgs, Io, run, run_with};
pub use stdin::{Stdin, StdinKind};
pub use stop::Stop;
