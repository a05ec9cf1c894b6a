//! Any text as a patch of any files: read, planned, and held to what a plan promises.

use std::collections::BTreeMap;
use std::path::PathBuf;

use llmx_tools::patch::{Files, Seen, What, in_command, parse};

/// The files come first, each a name, a line feed, and its content up to a NUL; the rest is the
/// patch.
pub fn apply(bytes: &[u8]) {
    let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let patch = String::from_utf8_lossy(parts.pop().unwrap_or_default());
    let _found = in_command(&[
        "bash".to_owned(),
        "-lc".to_owned(),
        patch.clone().into_owned(),
    ]);
    let Ok(read) = parse(&patch) else {
        return;
    };
    let mut files = BTreeMap::new();
    for part in parts {
        let (name, content) = part.split_at(part.iter().position(|it| *it == b'\n').unwrap_or(0));
        let name = String::from_utf8_lossy(name).into_owned();
        files.insert(name, content.get(1..).unwrap_or_default().to_vec());
    }
    let memory = Memory(files);
    let Ok(plan) = read.plan(&memory) else {
        return;
    };
    assert_eq!(plan.changes, read.changes());
    let mut touched = Vec::new();
    for step in &plan.steps {
        let before = memory.0.get(&*step.path.to_string_lossy());
        assert_eq!(before.is_some(), step.exists, "{step:?}");
        assert!(step.exists || step.content.is_some(), "{step:?}");
        assert_ne!(before, step.content.as_ref(), "a step that changes nothing");
        assert!(!touched.contains(&&step.path), "{step:?} twice");
        touched.push(&step.path);
    }
}

struct Memory(BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    fn look(&self, path: &str) -> Result<Seen, String> {
        let place = PathBuf::from(path);
        let file = self.0.get(path).cloned();
        Ok(Seen {
            target: place.clone(),
            place,
            what: file.map_or(What::Absent, What::File),
        })
    }
}
