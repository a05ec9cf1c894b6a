//! Whole patches over files in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::parse::parse;
use super::*;

#[test]
fn one_patch_may_change_a_file_more_than_once() {
    let after = applied(
        &[("a", "1\n2\n3\n")],
        "*** Update File: a\n-1\n+one\n*** Update File: a\n-3\n+three",
    );
    assert_eq!(after.unwrap(), files(&[("a", "one\n2\nthree\n")]));
    let after = applied(&[("a", "x\n")], "*** Delete File: a\n*** Add File: a\n+y");
    assert_eq!(after.unwrap(), files(&[("a", "y\n")]));
    let after = applied(&[], "*** Add File: a\n+y\n*** Update File: a\n-y\n+z");
    assert_eq!(after.unwrap(), files(&[("a", "z\n")]));
}

#[test]
fn a_file_is_never_replaced_without_a_word() {
    let said = applied(&[("a", "x\n")], "*** Add File: a\n+y").unwrap_err();
    assert!(said.contains("'*** Update File: a'"), "{said}");
    let said = applied(
        &[("a", "x\n"), ("b", "y\n")],
        "*** Update File: a\n*** Move to: b",
    );
    assert!(said.unwrap_err().contains("there is something already"));
}

#[test]
fn a_file_moves_with_or_without_a_change() {
    let moved = "*** Update File: a\n*** Move to: d/b";
    assert_eq!(
        applied(&[("a", "x\n")], moved).unwrap(),
        files(&[("d/b", "x\n")])
    );
    let changed = format!("{moved}\n-x\n+y");
    assert_eq!(
        applied(&[("a", "x\n")], &changed).unwrap(),
        files(&[("d/b", "y\n")])
    );
    let onto_itself = "*** Update File: a\n*** Move to: a\n-x\n+y";
    assert_eq!(
        applied(&[("a", "x\n")], onto_itself).unwrap(),
        files(&[("a", "y\n")])
    );
}

#[test]
fn what_is_missing_is_named() {
    for patch in ["*** Delete File: a", "*** Update File: a\n-x\n+y"] {
        assert_eq!(applied(&[], patch).unwrap_err(), "a does not exist.");
    }
    let said = applied(
        &[("a", "x\n")],
        "*** Delete File: a\n*** Update File: a\n-x\n+y",
    );
    assert_eq!(said.unwrap_err(), "a does not exist.");
    let said = applied(&[("a", "x\n")], "*** Update File: a\n@@\n-x\n+y\n@@\n-z").unwrap_err();
    assert!(
        said.starts_with("In a, the change at line 6 of the patch has no place."),
        "{said}"
    );
}

proptest! {
    /// A patch made of the difference of two files makes the one from the other, and its reverse
    /// makes the other from the one.
    #[test]
    fn a_patch_and_its_reverse_cancel_out(lines in prop::collection::vec(line(), 1..14), end: bool, crlf: bool) {
        let newline = if crlf { "\r\n" } else { "\n" };
        let side = |index: usize| {
            let mut text = lines.iter().filter_map(|line| line[index].as_deref()).collect::<Vec<_>>().join(newline);
            if end { text.push_str(newline) }
            text
        };
        let (old, new) = (side(0), side(1));
        prop_assume!(old != new && !old.trim().is_empty() && !new.trim().is_empty());
        // A single line without an end does not say which kind it would have.
        prop_assume!(!crlf || old.contains('\n') && new.contains('\n'));
        let there = update(&lines, 0);
        let back = update(&lines, 1);
        prop_assert_eq!(applied(&[("a", &old)], &there).unwrap(), files(&[("a", &new)]));
        prop_assert_eq!(applied(&[("a", &new)], &back).unwrap(), files(&[("a", &old)]));
    }
}

/// A line before and after; one of the two may be absent.
fn line() -> impl Strategy<Value = [Option<String>; 2]> {
    let text = "[a-e]{1,2}";
    prop_oneof![
        text.prop_map(|text| [Some(text.clone()), Some(text)]),
        text.prop_map(|text| [Some(text), None]),
        text.prop_map(|text| [None, Some(text)]),
    ]
}

fn update(lines: &[[Option<String>; 2]], from: usize) -> String {
    let mut update = "*** Update File: a\n@@".to_owned();
    for line in lines {
        let (old, new) = (&line[from], &line[1 - from]);
        match (old, new) {
            (Some(text), Some(_)) => update.push_str(&format!("\n {text}")),
            (Some(text), None) => update.push_str(&format!("\n-{text}")),
            (None, Some(text)) => update.push_str(&format!("\n+{text}")),
            (None, None) => {}
        }
    }
    update
}

fn applied(before: &[(&str, &str)], inner: &str) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut memory = Memory(files(before));
    let patch = parse(&format!("*** Begin Patch\n{inner}\n*** End Patch")).unwrap();
    let plan = patch.plan(&memory).map_err(|fault| fault.to_string())?;
    for step in plan.steps {
        assert_eq!(memory.0.remove(&step.path).is_some(), step.exists);
        if let Some(content) = step.content {
            memory.0.insert(step.path, content);
        }
    }
    Ok(memory.0)
}

fn files(files: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files.iter();
    files
        .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()))
        .collect()
}

struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Files for Memory {
    fn look(&self, path: &str) -> Result<Seen, String> {
        let place = PathBuf::from(path);
        let what = self.0.get(&place).cloned().map_or(What::Absent, What::File);
        Ok(Seen {
            target: place.clone(),
            place,
            what,
        })
    }
}
