//! The words for things that happen in a turn; empty where nothing is worth a line.

use std::fmt::Write as _;

use llmx_protocol::{FileChange, FileChangeKind, ItemDetails, ItemError, ItemStatus, TodoItem};
use serde_json::Value;

/// Returns what is printed when something begins.
pub(super) fn beginning(details: &ItemDetails) -> String {
    match details {
        ItemDetails::CommandExecution { command, .. } => format!("\n$ {command}"),
        ItemDetails::ToolCall {
            tool, arguments, ..
        } => format!("\n{tool} {}", brief(arguments)),
        ItemDetails::McpToolCall {
            server,
            tool,
            arguments,
            ..
        } => format!("\n{server}.{tool} {}", brief(arguments)),
        _ => String::new(),
    }
}

/// Returns what is printed when something has ended.
pub(super) fn ending(details: &ItemDetails) -> String {
    match details {
        ItemDetails::AgentMessage { text } | ItemDetails::Reasoning { text } => format!("\n{text}"),
        ItemDetails::CommandExecution {
            aggregated_output,
            exit_code,
            status,
            ..
        } => {
            let mut text = aggregated_output.trim_end_matches('\n').to_owned();
            let end = match (status, exit_code) {
                (_, Some(0)) | (ItemStatus::Declined, _) => return text,
                (_, Some(code)) => format!("exit code {code}"),
                (_, None) => "did not finish".to_owned(),
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text + &end
        }
        ItemDetails::ToolCall { output, status, .. } => match status {
            ItemStatus::Completed | ItemStatus::InProgress => String::new(),
            ItemStatus::Failed | ItemStatus::Declined => output.clone(),
        },
        ItemDetails::McpToolCall { error, .. } => {
            let error = error.as_ref();
            error.map_or_else(String::new, |error| error.message.clone())
        }
        ItemDetails::FileChange {
            changes,
            error,
            status,
        } => files(changes, error.as_ref(), *status),
        ItemDetails::WebSearch { query, .. } => format!("\nsearched the web: {query}"),
        ItemDetails::TodoList { items, explanation } => plan(items, explanation.as_deref()),
        ItemDetails::ContextCompaction { status, .. } => match status {
            ItemStatus::Completed => "\nthe conversation was summarized to make room".to_owned(),
            _ => "\nthe conversation could not be summarized".to_owned(),
        },
        ItemDetails::Error { message } => format!("\nwarning: {message}"),
    }
}

fn files(changes: &[FileChange], error: Option<&ItemError>, status: ItemStatus) -> String {
    let mut text = match status {
        ItemStatus::Completed | ItemStatus::InProgress => "\nchanged".to_owned(),
        ItemStatus::Failed => "\ncould not change".to_owned(),
        ItemStatus::Declined => "\nmay not change".to_owned(),
    };
    for change in changes {
        let kind = match change.kind {
            FileChangeKind::Add => 'A',
            FileChangeKind::Delete => 'D',
            FileChangeKind::Update => 'M',
        };
        // Writing to a string cannot fail.
        let _infallible = write!(text, "\n  {kind} {}", change.path);
    }
    if let Some(error) = error {
        let _infallible = write!(text, "\n{}", error.message);
    }
    text
}

fn plan(items: &[TodoItem], explanation: Option<&str>) -> String {
    let mut text = match explanation {
        Some(explanation) => format!("\nplan: {explanation}"),
        None => "\nplan".to_owned(),
    };
    for item in items {
        let mark = match item {
            TodoItem {
                completed: true, ..
            } => 'x',
            TodoItem {
                in_progress: true, ..
            } => '>',
            _ => ' ',
        };
        // Writing to a string cannot fail.
        let _infallible = write!(text, "\n  [{mark}] {}", item.text);
    }
    text
}

/// Returns arguments on one line that fits a screen.
fn brief(arguments: &Value) -> String {
    let text = arguments.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

const LONGEST: usize = 200;
