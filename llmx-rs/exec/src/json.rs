//! Prints events as JSON lines.

use std::io::{self, Write};

use llmx_protocol::ThreadEvent;

/// Writes `event` as one line, at once.
pub(crate) fn print(event: &ThreadEvent, stdout: &mut dyn Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    stdout.write_all(&line)?;
    stdout.flush()
}
