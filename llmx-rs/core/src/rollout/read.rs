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
    /// Whether the first line, which says what the session is, is one of them. Then its name and
    /// its time are those of the file, and where it began is where its first turn was.
    pub lost_head: bool,
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
    let recorded = Reader::of(&bytes).finish(name_of(path));
    recorded.ok_or_else(|| ReadFault::NoMeta(path.to_owned()))
}

/// What the name of a session file, such as `rollout-2026-01-02T03-04-05-ID.jsonl`, says.
pub(crate) struct FileName {
    pub(crate) id: String,
    started: String,
}

/// Takes the name of a session file apart.
pub(crate) fn name_of(path: &Path) -> Option<FileName> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_prefix("rollout-")?.strip_suffix(".jsonl")?;
    let (started, id) = stem.split_at_checked(TIME_LENGTH)?;
    let id = id.strip_prefix('-').filter(|id| !id.is_empty())?;
    let (day, time) = started.split_once('T')?;
    Some(FileName {
        id: id.to_owned(),
        started: format!("{day}T{}Z", time.replace('-', ":")),
    })
}

/// `2026-01-02T03-04-05`.
const TIME_LENGTH: usize = 19;

impl Recorded {
    /// Reads what a session file holds; `None` if no line says which session that is.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Reader::of(bytes).finish(None)
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
    #[serde(default)]
    cwd: PathBuf,
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
    read_lines: usize,
    unread_lines: usize,
    lost_head: bool,
    /// Where the first turn was.
    first_cwd: Option<PathBuf>,
}

impl Reader {
    fn of(bytes: &[u8]) -> Self {
        let mut reader = Self::default();
        let lines = bytes.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
            if reader.line(line).is_some() {
                reader.read_lines += 1;
            } else {
                reader.lost_head |= reader.read_lines + reader.unread_lines == 0;
                reader.unread_lines += 1;
            }
        }
        reader
    }

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
                self.first_cwd.get_or_insert(context.cwd);
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

    /// Returns what was read, if it is known which session that is.
    fn finish(self, name: Option<FileName>) -> Option<Recorded> {
        let mut meta = self.meta.filter(|meta| !meta.id.is_empty());
        // Another line that names a session is that of the one this is a fork of.
        if let (true, true, Some(name)) = (self.lost_head, self.read_lines > 0, name) {
            meta = Some(Meta {
                id: name.id,
                timestamp: name.started,
                cwd: self.first_cwd.unwrap_or_default(),
                ..Meta::default()
            });
        }
        let meta = meta?;
        Some(Recorded {
            id: ThreadId::new(meta.id),
            started: meta.timestamp,
            cwd: meta.cwd,
            source: meta.source.as_str().unwrap_or("other").to_owned(),
            model: self.model.as_ref().to_owned(),
            items: self.items,
            prompts: self.prompts,
            unread_lines: self.unread_lines,
            lost_head: self.lost_head,
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
    fn a_damaged_head_costs_where_a_session_began_but_not_the_session() {
        let directory = tempfile::tempdir().unwrap();
        let name = "rollout-2026-01-02T03-04-05-s1.jsonl";
        let path = directory.path().join(name);
        let turn =
            r#"{"type":"turn_context","payload":{"cwd":"/v","model":"m","model_provider":"p"}}"#;
        let origin = META.replace("s1", "s0");
        let item =
            r#"{"type":"response_item","payload":{"type":"message","role":"user","content":"hi"}}"#;
        let torn = META.get(..40).unwrap();
        fs::write(&path, [torn, turn, &origin, item].join("\n")).unwrap();
        let recorded = read(&path).unwrap();
        assert_eq!((recorded.id.as_str(), recorded.lost_head), ("s1", true));
        assert_eq!(recorded.started, "2026-01-02T03:04:05Z");
        assert_eq!(recorded.cwd, Path::new("/v"));
        assert_eq!((recorded.items.len(), recorded.unread_lines), (1, 1));

        fs::write(&path, torn).unwrap();
        assert!(matches!(read(&path), Err(ReadFault::NoMeta(_))));
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
