//! The same inputs on every run: what decides about a change must not depend on chance.
//!
//! libFuzzer chooses by what is reached, and that differs from run to run, for hash tables do. Here
//! every input is a seed changed a few times by numbers, whatever the others have reached.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::mutate::{self, Dice};

/// The number of inputs; that it is there asks for them.
const INPUTS: &str = "LLMX_FUZZ_SMOKE";
/// Where the input is that runs, so that one which is found can be run again.
const LAST: &str = "LLMX_FUZZ_SMOKE_LAST";

/// Runs `target` on the inputs and ends the program, if the environment asks for that. The folders
/// of seeds are the arguments that are no options.
pub fn run_if_asked<T>(target: impl Fn(&[u8]) -> T, words: &str) {
    let Some(inputs) = env::var(INPUTS).ok().and_then(|it| it.parse().ok()) else {
        return;
    };
    let seeds = seeds();
    assert!(!seeds.is_empty(), "there is nothing to start from");
    let last = env::var_os(LAST).map(PathBuf::from);
    thread::spawn(watch);
    for number in 0..inputs {
        NUMBER.store(number, Ordering::Relaxed);
        let input = input(number, &seeds, words);
        if let Some(last) = &last {
            fs::write(last, &input).expect("the folder of findings is there");
        }
        target(&input);
    }
    eprintln!("smoke: {inputs} inputs");
    end();
}

/// Ends the program before libFuzzer begins.
#[expect(
    clippy::disallowed_methods,
    reason = "libFuzzer owns `main`; there is nothing to return to"
)]
fn end() -> ! {
    process::exit(0)
}

/// Returns the contents of all files of the folders, by name, so that their order is known.
fn seeds() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in env::args().skip(1).filter(|arg| !arg.starts_with('-')) {
        find(Path::new(&folder), &mut files);
    }
    files
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .collect()
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Every seed as it is, and then changed.
fn input(number: u32, seeds: &[Vec<u8>], words: &str) -> Vec<u8> {
    let at = number as usize;
    let mut input = seeds[at % seeds.len()].clone();
    if at < seeds.len() {
        return input;
    }
    let mut dice = Dice::new(number.wrapping_mul(2_654_435_761));
    let other = &seeds[dice.below(seeds.len())];
    for _ in 0..=dice.below(6) {
        match mutate::as_json(&input, words, &mut dice) {
            Some(changed) if dice.below(8) > 0 => input = changed,
            _ => mutate::as_bytes(&mut input, other, words, &mut dice),
        }
        input.truncate(MAX_BYTES);
    }
    input
}

/// Ends the program if an input takes too long.
#[expect(clippy::disallowed_methods, reason = "it is a thread of its own")]
fn watch() {
    let mut before = None;
    loop {
        let now = NUMBER.load(Ordering::Relaxed);
        if before.replace(now) == Some(now) {
            eprintln!("panicked at input {now}: it takes longer than {PATIENCE:?}");
            process::abort();
        }
        thread::sleep(PATIENCE);
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

const PATIENCE: Duration = Duration::from_secs(20);
const MAX_BYTES: usize = 16 << 10;
