//! The thread that writes dumps: one file a message, 0600, bounded, redacted.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use serde_json::{Map, Value};

use super::redact::Redactor;
use super::text::JsonText;
use super::{Ending, Message};

/// How much of one body is kept: enough for any prompt a model takes.
const MAX_BODY: usize = 16 * 1024 * 1024;

pub(super) struct Writer {
    dir: PathBuf,
    key: &'static str,
    open: HashMap<u64, Document>,
    complained: bool,
}

impl Writer {
    /// Makes `dir`, readable by this user only, if it is not there.
    pub(super) fn new(dir: &Path, key: &'static str) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            key,
            open: HashMap::new(),
            complained: false,
        })
    }

    /// Writes until every sender is gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>, queued: &AtomicUsize) {
        while let Ok(message) = messages.recv() {
            if let Message::Chunk { bytes, .. } = &message {
                queued.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            if let Err(error) = self.write(message) {
                self.complain(&error);
            }
        }
    }

    fn write(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::Begin { file, name, head } => {
                let document = Document::begin(&self.dir.join(name), self.key, &head)?;
                self.open.insert(file, document);
            }
            Message::Chunk { file, bytes } => {
                if let Some(document) = self.open.get_mut(&file)
                    && let Err(error) = document.push(&bytes)
                {
                    self.open.remove(&file);
                    return Err(error);
                }
            }
            Message::End { file, ending } => {
                if let Some(document) = self.open.remove(&file) {
                    document.finish(&ending)?;
                }
            }
        }
        Ok(())
    }

    /// Says once that dumps are failing; a full disk would otherwise fill the log as well.
    fn complain(&mut self, error: &io::Error) {
        if !self.complained {
            self.complained = true;
            let dir = self.dir.display();
            // That nobody reads it is no reason to stop dumping.
            let _unread = writeln!(io::stderr(), "warning: --dump-dir: {dir}: {error}");
        }
    }
}

/// One JSON document while its body is still coming.
struct Document {
    file: BufWriter<File>,
    redactor: Redactor,
    text: JsonText,
    /// How many bytes of the body may still be kept.
    room: usize,
    truncated: bool,
}

impl Document {
    fn begin(path: &Path, key: &'static str, head: &Map<String, Value>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // create_new follows no symbolic link and touches nothing that exists.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut document = Self {
            file: BufWriter::new(options.open(path)?),
            redactor: Redactor::new(key),
            text: JsonText::default(),
            room: MAX_BODY,
            truncated: false,
        };
        let mut opening = Vec::new();
        let mut head_redactor = Redactor::new(key);
        head_redactor.push(&serde_json::to_vec(head)?, &mut opening);
        head_redactor.finish(&mut opening);
        // The body joins the object of the head, so the head's closing brace makes room for it.
        opening.pop();
        opening.extend_from_slice(br#","body":""#);
        document.file.write_all(&opening)?;
        Ok(document)
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let kept = bytes.get(..self.room).unwrap_or(bytes);
        self.truncated |= kept.len() < bytes.len();
        self.room -= kept.len();
        let (mut clean, mut json) = (Vec::new(), Vec::new());
        self.redactor.push(kept, &mut clean);
        self.text.push(&clean, &mut json);
        self.file.write_all(&json)
    }

    fn finish(mut self, ending: &Ending) -> io::Result<()> {
        let (mut clean, mut json) = (Vec::new(), Vec::new());
        self.redactor.finish(&mut clean);
        self.text.push(&clean, &mut json);
        self.text.finish(&mut json);
        self.file.write_all(&json)?;
        let truncated = self.truncated || ending.lossy;
        let complete = ending.complete;
        writeln!(
            self.file,
            r#"","truncated":{truncated},"complete":{complete}}}"#
        )?;
        self.file.flush()
    }
}
