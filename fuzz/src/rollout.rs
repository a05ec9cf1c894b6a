//! Any bytes as a session file: read as far as it goes, wherever it was cut.

use llmx_core::{Recorded, RecordedItem};
use llmx_wire::responses::Item;
use serde_json::{Value, json};

/// The first two bytes choose where the file is cut; the rest is what it holds after its first line.
pub fn read(bytes: &[u8]) {
    let Some((place, noise)) = bytes.split_at_checked(2) else {
        return;
    };
    let alone = Recorded::parse(noise);
    if let Some(alone) = &alone {
        check_speech(alone);
    }
    let whole = [META, b"\n", noise].concat();
    let read = parse(&whole);
    check_speech(&read);
    check_what_follows(&whole, &read);
    check_copy(&read);
    let place = usize::from(u16::from_le_bytes([place[0], place[1]]));
    check_cut(&whole, META.len() + place % (noise.len() + 1));
}

/// A file that says first which session it holds can always be gone on with.
fn parse(bytes: &[u8]) -> Recorded {
    let recorded = Recorded::parse(bytes).expect("a session");
    assert_eq!(recorded.id.as_str(), "s1");
    let lines = bytes.split(|byte| *byte == b'\n').count();
    assert!(recorded.unread_lines < lines);
    recorded
}

fn check_speech(recorded: &Recorded) {
    assert!(recorded.speeches().len() <= recorded.items.len());
}

/// What is written after anything is read, and takes nothing from what was read before.
fn check_what_follows(whole: &[u8], read: &Recorded) {
    let more = parse(&[whole, b"\n", &line(&next())].concat());
    let (last, before) = more.items.split_last().expect("the line that was added");
    assert_eq!(last.item, next());
    assert_eq!(items(before), items(&read.items));
    assert_eq!(more.unread_lines, read.unread_lines);
    assert_eq!(more.prompts, read.prompts);
}

/// What was read and is written again is the same.
fn check_copy(read: &Recorded) {
    let mut copy = META.to_vec();
    for item in items(&read.items) {
        copy.push(b'\n');
        copy.extend(line(item));
    }
    let copy = parse(&copy);
    assert_eq!(copy.unread_lines, 0);
    assert_eq!(items(&copy.items), items(&read.items));
}

/// A crash costs at most the line that it cut.
fn check_cut(whole: &[u8], at: usize) {
    let (cut, _) = whole.split_at(at);
    let end = cut.iter().rposition(|byte| *byte == b'\n');
    // The first line is whole, so what is cut is not the only one.
    let lines = end.map_or(META, |end| &cut[..end]);
    let (kept, torn) = (parse(lines), parse(cut));
    assert!(torn.unread_lines <= kept.unread_lines + 1);
    if torn.unread_lines > kept.unread_lines {
        assert_eq!(items(&torn.items), items(&kept.items));
    }
    check_what_follows(cut, &torn);
}

fn items(recorded: &[RecordedItem]) -> Vec<&Item> {
    recorded.iter().map(|recorded| &recorded.item).collect()
}

fn next() -> Item {
    let item = json!({"type": "message", "role": "user", "content": "go on"});
    serde_json::from_value(item).expect("an item")
}

fn line(item: &Item) -> Vec<u8> {
    let line: Value = json!({"timestamp": "t", "type": "response_item", "payload": item});
    line.to_string().into_bytes()
}

const META: &[u8] = br#"{"timestamp":"t","type":"session_meta","payload":{"id":"s1","timestamp":"t0","cwd":"/w","source":"exec","model_provider":"p"}}"#;
