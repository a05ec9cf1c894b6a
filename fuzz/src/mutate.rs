//! Changes JSON by its structure: bytes changed blindly are hardly ever JSON again.

use serde_json::{Map, Value};

/// Changes an input: three times in four as the JSON that it is, else as bytes.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32, words: &str) -> usize {
    let mut dice = Dice::new(seed);
    let json = data.get(..size).unwrap_or_default();
    if dice.below(4) > 0
        && let Some(written) = as_json(json, words, &mut dice)
        && let Some(place) = data.get_mut(..written.len())
        && written.len() <= max_size
    {
        place.copy_from_slice(&written);
        return written.len();
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}

/// Changes an input as the JSON that it is, if it is.
pub(crate) fn as_json(data: &[u8], words: &str, dice: &mut Dice) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(data).ok()?;
    let words: Vec<&str> = words.lines().filter_map(word).collect();
    for _ in 0..=dice.below(3) {
        change(&mut value, &words, dice);
    }
    serde_json::to_vec(&value).ok()
}

/// Changes an input as bytes; `other` is one to take a piece of.
pub(crate) fn as_bytes(data: &mut Vec<u8>, other: &[u8], words: &str, dice: &mut Dice) {
    let at = dice.below(data.len() + 1);
    let end = at + dice.below(data.len() + 1 - at);
    let piece = match dice.below(6) {
        0 => Vec::new(),
        1 => vec![dice.next() as u8],
        2 => data[at..end].repeat(2),
        3 => {
            let words: Vec<&str> = words.lines().filter_map(word).collect();
            dice.choose(&words).into()
        }
        4 => dice.choose(TEXT).into(),
        _ => {
            let from = dice.below(other.len());
            let to = from + dice.below(other.len() + 1 - from);
            other[from..to].to_vec()
        }
    };
    data.splice(at..end, piece);
}

/// Returns the word on a line of a libFuzzer dictionary.
fn word(line: &str) -> Option<&str> {
    line.strip_prefix('"')?.strip_suffix('"')
}

/// Changes one value somewhere inside.
fn change(root: &mut Value, words: &[&str], dice: &mut Dice) {
    let nodes = count(root);
    let other = nth(root, dice.below(nodes)).cloned().unwrap_or_default();
    let Some(node) = nth(root, dice.below(nodes)) else {
        return;
    };
    match node {
        Value::Array(list) if dice.below(4) > 0 => change_list(list, other, dice),
        Value::Object(fields) if dice.below(4) > 0 => change_fields(fields, other, words, dice),
        Value::String(text) if dice.below(3) > 0 => change_text(text, words, dice),
        node => {
            *node = if dice.below(2) == 0 {
                other
            } else {
                leaf(words, dice)
            }
        }
    }
}

fn change_list(list: &mut Vec<Value>, other: Value, dice: &mut Dice) {
    let (a, b) = (dice.below(list.len()), dice.below(list.len()));
    match dice.below(4) {
        0 => list.insert(a, other),
        _ if list.is_empty() => list.push(other),
        1 => drop(list.remove(a)),
        2 => list.swap(a, b),
        _ => list.insert(a, list[b].clone()),
    }
}

fn change_fields(fields: &mut Map<String, Value>, other: Value, words: &[&str], dice: &mut Dice) {
    let chosen = fields.keys().nth(dice.below(fields.len())).cloned();
    let value = if dice.below(2) == 0 {
        other
    } else {
        leaf(words, dice)
    };
    match (chosen, dice.below(3)) {
        (Some(name), 0) => drop(fields.shift_remove(&name)),
        (Some(name), 1) => drop(fields.insert(name, value)),
        _ => drop(fields.insert(dice.choose(words).to_owned(), value)),
    }
}

fn change_text(text: &mut String, words: &[&str], dice: &mut Dice) {
    let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = cuts.get(dice.below(cuts.len())).copied().unwrap_or(0);
    match dice.below(6) {
        0 => *text = dice.choose(words).to_owned(),
        1 => text.truncate(at),
        2 => *text = text.split_off(at),
        3 => text.insert_str(at, dice.choose(TEXT)),
        4 => text.push_str(dice.choose(TEXT)),
        _ => text.insert_str(at, dice.choose(words)),
    }
}

fn leaf(words: &[&str], dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => Value::Null,
        1 => (dice.below(2) == 0).into(),
        2 => Value::Array(Vec::new()),
        3 => Value::Object(Map::new()),
        4 => NUMBERS[dice.below(NUMBERS.len())].into(),
        5 => dice.next().into(),
        6 => dice.choose(TEXT).into(),
        _ => dice.choose(words).into(),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Returns a value by its number in reading order; the whole is number zero.
fn nth(value: &mut Value, number: usize) -> Option<&mut Value> {
    let Some(mut left) = number.checked_sub(1) else {
        return Some(value);
    };
    let inner: Vec<&mut Value> = match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => Vec::new(),
    };
    for value in inner {
        let size = count(value);
        if left < size {
            return nth(value, left);
        }
        left -= size;
    }
    None
}

/// Text that has a meaning to some parser: empty, JSON, tags, more than one byte, not ASCII.
const TEXT: &[&str] = &[
    "",
    " ",
    "{",
    "}",
    "{}",
    "[",
    "\"",
    "\\",
    "\\u00e9",
    "\n",
    "\0",
    "é",
    "😀",
    "{\"input\":\"",
    "\"}",
    "{\"a\":1}",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "llmx1:",
    "data:",
    "data:image/png;base64,AA==",
    "https://a/b.png",
];

const NUMBERS: &[f64] = &[
    -1.0,
    0.0,
    1.0,
    2.0,
    0.5,
    127.0,
    128.0,
    255.0,
    4096.0,
    1e10,
    9_007_199_254_740_993.0,
    1e19,
    -1e19,
    1e300,
];

/// Chance that a number decides, so that a run can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self(u64::from(seed) + 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `limit`; zero if there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 11) as usize % limit.max(1)
    }

    fn choose<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let place = self.below(from.len());
        from.get(place).copied().unwrap_or_default()
    }
}
