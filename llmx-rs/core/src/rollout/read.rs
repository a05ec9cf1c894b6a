//! Reads a session file back, as far as it goes.
//!
//! A crash can cut the last line, and other programs may have written what llmx does not know. Such
//! lines are counted and left where they are; everything else is used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llmx_protocol::ThreadId;
use llmx_wire::responses::{Item, Role};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a session file says.
#[derive(Debug)]
pub struct Recorded {
    /// The conversation's name.
    pub id: ThreadId,
    /// When it began, as the file says it.
    pub started: String,
    /// Where it began.
    pub cwd: PathBuf,
    /// The frontend that began it.
    pub source: String,
    /// The model of the last turn.
    pub model: String,
    /// What the model was last sent, and what it said since.
    pub items: Vec<RecordedItem>,
    /// What people asked, in order.
    pub prompts: Vec<String>,
    /// Lines that could not be read.
    pub unread_lines: usize,
}

/// One item of a conversation.
#[derive(Debug, Clone)]
pub struct RecordedItem {
    /// The item.
    pub item: Item,
    /// The provider that it came from, or was sent to.
    pub provider: Arc<str>,
    /// The model that it came from, or was sent to; empty if the file does not say.
    pub model: Arc<str>,
}

/// A session file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The file cannot be read.
    #[error("the session file {} cannot be read: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It does not say which session it holds.
    #[error("{} is no session file: no line of it says which session it holds", .0.display())]
    NoMeta(PathBuf),
}

/// Reads the session file at `path`.
pub(crate) fn read(path: &Path) -> Result<Recorded, ReadFault> {
    let bytes = fs::read(path).map_err(|cause| ReadFault::Io {
        path: path.to_owned(),
        cause,
    })?;
    Recorded::parse(&bytes).ok_or_else(|| ReadFault::NoMeta(path.to_owned()))
}

impl Recorded {
    /// Reads what a session file holds; `None` if no line says which session that is.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            if !line.trim_ascii().is_empty() && reader.line(line).is_none() {
                reader.unread_lines += 1;
            }
        }
        reader.finish()
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    id: String,
    timestamp: String,
    cwd: PathBuf,
    source: Value,
    model_provider: Option<String>,
}

#[derive(Deserialize)]
struct TurnContext {
    model: String,
    model_provider: Option<String>,
}

#[derive(Deserialize)]
struct Compacted {
    message: String,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Note {
    #[serde(rename = "type")]
    kind: String,
    message: Option<String>,
}

#[derive(Default)]
struct Reader {
    meta: Option<Meta>,
    provider: Arc<str>,
    model: Arc<str>,
    items: Vec<RecordedItem>,
    prompts: Vec<String>,
    unread_lines: usize,
}

impl Reader {
    /// Takes one line; `None` if it cannot be read.
    fn line(&mut self, line: &[u8]) -> Option<()> {
        let line: Line<'_> = serde_json::from_slice(line).ok()?;
        let payload = line.payload.get();
        match line.kind {
            // A fork begins with the file that it came from; the first line is its own.
            "session_meta" if self.meta.is_none() => {
                let meta: Meta = serde_json::from_str(payload).ok()?;
                self.provider = meta.model_provider.as_deref().unwrap_or_default().into();
                self.meta = Some(meta);
            }
            "turn_context" => {
                let context: TurnContext = serde_json::from_str(payload).ok()?;
                self.model = context.model.into();
                if let Some(provider) = context.model_provider {
                    self.provider = provider.as_str().into();
                }
            }
            "response_item" => {
                let item = serde_json::from_str(payload).ok()?;
                self.push(item);
            }
            "compacted" => {
                let compacted: Compacted = serde_json::from_str(payload).ok()?;
                self.items.clear();
                let summary = || vec![Item::text_message(Role::User, compacted.message)];
                for item in compacted.items.unwrap_or_else(summary) {
                    self.push(item);
                }
            }
            "event_msg" => {
                let note: Note = serde_json::from_str(payload).ok()?;
                if note.kind == "user_message" {
                    self.prompts.extend(note.message);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn push(&mut self, item: Item) {
        self.items.push(RecordedItem {
            item,
            provider: Arc::clone(&self.provider),
            model: Arc::clone(&self.model),
        });
    }

    fn finish(self) -> Option<Recorded> {
        let meta = self.meta.filter(|meta| !meta.id.is_empty())?;
        Some(Recorded {
            id: ThreadId::new(meta.id),
            started: meta.timestamp,
            cwd: meta.cwd,
            source: meta.source.as_str().unwrap_or("other").to_owned(),
            model: self.model.as_ref().to_owned(),
            items: self.items,
            prompts: self.prompts,
            unread_lines: self.unread_lines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#"{"timestamp":"t","type":"session_meta","payload":{"id":"s1","timestamp":"t0","cwd":"/w","source":"exec","model_provider":"p"}}"#;

    fn recorded(lines: &[&str]) -> Result<Recorded, ReadFault> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rollout.jsonl");
        fs::write(&path, lines.join("\n")).unwrap();
        read(&path)
    }

    #[test]
    fn a_torn_tail_and_unknown_lines_cost_nothing_but_themselves() {
        let recorded = recorded(&[
            META,
            r#"{"timestamp":"t","type":"martian","payload":1}"#,
            r#"{"timestamp":"t","type":"event_msg","payload":{"type":"user_message","message":"hi"}}"#,
            r#"{"timestamp":"t","type":"response_item","payload":{"type":"message","role":"user","content":"hi"}}"#,
            "",
            r#"{"timestamp":"t","type":"response_item","payl"#,
        ])
        .unwrap();
        assert_eq!((recorded.items.len(), recorded.unread_lines), (1, 1));
        assert_eq!(recorded.prompts, ["hi"]);
        assert_eq!(&*recorded.items[0].provider, "p");
        assert_eq!(recorded.cwd, Path::new("/w"));
    }

    #[test]
    fn what_was_compacted_is_replaced() {
        let recorded = recorded(&[
            META,
            r#"{"timestamp":"t","type":"response_item","payload":{"type":"message","role":"user","content":"old"}}"#,
            r#"{"timestamp":"t","type":"compacted","payload":{"message":"sum","items":[{"type":"message","role":"user","content":"new"}]}}"#,
            r#"{"timestamp":"t","type":"turn_context","payload":{"model":"m2","model_provider":"q"}}"#,
            r#"{"timestamp":"t","type":"response_item","payload":{"type":"message","role":"user","content":"next"}}"#,
        ])
        .unwrap();
        let said: Vec<_> = recorded
            .items
            .iter()
            .map(|it| (words(&it.item), &*it.provider, &*it.model))
            .collect();
        let expected = [("new", "p", ""), ("next", "q", "m2")];
        assert_eq!(
            said,
            expected.map(|(text, provider, model)| (text.to_owned(), provider, model))
        );
        assert_eq!(recorded.model, "m2");
    }

    #[test]
    fn a_file_without_a_session_is_none() {
        assert!(matches!(recorded(&["", "{}"]), Err(ReadFault::NoMeta(_))));
    }

    fn words(item: &Item) -> String {
        match item {
            Item::Message(message) => message.text(),
            other => panic!("{other:?}"),
        }
    }
}
