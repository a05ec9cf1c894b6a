//! Reads the schema that the final answer must match (`--output-schema`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use llmx_core::OutputSchema;

/// Reads the schema in `path`, before anything is done that would have to be checked against it.
pub(crate) fn read(path: &Path) -> Result<OutputSchema> {
    let shown = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .with_context(|| format!("the output schema {shown} cannot be read"))?;
    if text.len() as u64 > LARGEST {
        bail!("the output schema {shown} is larger than 1 MiB, more than providers take");
    }
    OutputSchema::parse(&text).with_context(|| format!("the output schema {shown} cannot be used"))
}

/// Every request carries the schema twice.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_file_is_said_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.json");
        let message = || format!("{:#}", read(&path).unwrap_err());
        assert!(
            message().contains("s.json cannot be read: No such file"),
            "{}",
            message()
        );
        std::fs::write(&path, "{\"type\": 3}").unwrap();
        let expected = "s.json cannot be used: it is not a valid JSON schema: at `/type`: ";
        assert!(message().contains(expected), "{}", message());
        std::fs::write(&path, " ".repeat(2 << 20)).unwrap();
        assert!(message().contains("larger than 1 MiB"));
        std::fs::write(&path, "{\"type\": \"object\"}").unwrap();
        read(&path).unwrap();
    }
}
