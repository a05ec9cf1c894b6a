//! A recorded conversation as text that people read.

use std::time::SystemTime;

use llmx_core::{Recorded, Speech};

/// Returns the conversation as plain text.
pub(crate) fn plain(recorded: &Recorded) -> String {
    let mut text = head(recorded);
    for speech in recorded.speeches() {
        text += &match speech {
            Speech::User(words) => format!("\n> {}\n", words.trim().replace('\n', "\n> ")),
            Speech::Agent(words) => format!("\n{}\n", words.trim()),
            Speech::Call { tool, given } => format!("\n$ {tool} {given}\n"),
            Speech::Answer(words) => format!("{}\n", words.trim_end()),
        };
    }
    text
}

/// Returns the conversation as Markdown.
pub(crate) fn markdown(recorded: &Recorded) -> String {
    let mut text = format!("# Session {}\n\n{}", recorded.id, head(recorded));
    for speech in recorded.speeches() {
        text += &match speech {
            Speech::User(words) => format!("\n## User\n\n{}\n", words.trim()),
            Speech::Agent(words) => format!("\n## Agent\n\n{}\n", words.trim()),
            Speech::Call { tool, given } => format!("\n### `{tool}`\n\n{}", fenced(&given)),
            Speech::Answer(words) => format!("\n{}", fenced(&words)),
        };
    }
    text
}

/// Returns a time as people read it.
pub(crate) fn time(time: SystemTime) -> String {
    llmx_core::timestamp(time)
}

fn head(recorded: &Recorded) -> String {
    let id = &recorded.id;
    let model = &recorded.model;
    let (started, cwd) = (&recorded.started, recorded.cwd.display());
    format!("session {id}, {started}, {cwd}, model {model}\n")
}

/// Puts text between fences that are longer than any in it.
fn fenced(text: &str) -> String {
    let longest = text
        .lines()
        .map(|line| line.trim_start().chars().take_while(|c| *c == '`').count())
        .max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_within() {
        assert_eq!(fenced("a"), "```\na\n```\n");
        assert_eq!(fenced("````\nx\n"), "`````\n````\nx\n`````\n");
    }
}
