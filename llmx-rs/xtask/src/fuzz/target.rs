//! One fuzz target: what it starts from, how it is run, and how that ended.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::args::Length;
use super::build::folder;
use crate::cargo::root;

/// Returns the names of all targets, which are those of the programs of `fuzz/`.
pub(super) fn all() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/src/bin"))? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        names.extend(stem);
    }
    names.sort();
    Ok(names)
}

/// A target and its places.
pub(super) struct Target<'a> {
    name: &'a str,
    program: PathBuf,
    corpus: PathBuf,
    artifacts: PathBuf,
    log: PathBuf,
}

impl<'a> Target<'a> {
    pub(super) fn new(name: &'a str, programs: &Path) -> Self {
        let folder = folder();
        Self {
            name,
            program: programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)),
            corpus: folder.join("corpus").join(name),
            artifacts: folder.join("artifacts").join(name),
            log: folder.join(format!("{name}.log")),
        }
    }

    /// Runs until the end or until something is found.
    pub(super) fn run(&self, length: Length) -> io::Result<Outcome> {
        fs::create_dir_all(&self.corpus)?;
        fs::create_dir_all(&self.artifacts)?;
        let mut log = File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&self.log)?;
        let status = self
            .command(length)
            .stdout(Stdio::null())
            .stderr(log.try_clone()?)
            .status()?;
        let mut told = Vec::new();
        log.rewind()?;
        log.read_to_end(&mut told)?;
        let told = String::from_utf8_lossy(&told).into_owned();
        Ok(Outcome {
            name: self.name.to_owned(),
            status,
            length,
            counts: Counts::read(&told),
            input: artifact(&told).or_else(|| self.smoke_finding(length, status)),
            told,
            program: self.program.clone(),
        })
    }

    fn command(&self, length: Length) -> Command {
        let mut run = Command::new(&self.program);
        let seconds = match length {
            Length::Smoke => {
                run.env("LLMX_FUZZ_SMOKE", SMOKE_INPUTS)
                    .env("LLMX_FUZZ_SMOKE_LAST", self.smoke_input())
                    .args(self.seeds());
                return run;
            }
            Length::Seconds(seconds) => seconds,
        };
        // What is new goes into the first folder; from the others it only reads.
        run.arg(&self.corpus).args(self.seeds());
        let dictionary = root().join(format!("fuzz/dictionaries/{}.dict", self.dialect()));
        run.arg(format!("-dict={}", dictionary.display()))
            .arg(format!("-artifact_prefix={}/", self.artifacts.display()))
            .arg(format!("-max_total_time={seconds}"))
            .args(LIMITS);
        run
    }

    /// Where the last input of a smoke run is.
    fn smoke_input(&self) -> PathBuf {
        self.artifacts.join("smoke")
    }

    fn smoke_finding(&self, length: Length, status: ExitStatus) -> Option<String> {
        let was_found = length == Length::Smoke && !status.success();
        let input = self.smoke_input();
        (was_found && input.is_file()).then(|| input.display().to_string())
    }

    /// The target's own seeds, and for a dialect all golden fixtures: a wrong one costs one run.
    fn seeds(&self) -> Vec<PathBuf> {
        let mut folders = vec![root().join("fuzz/seeds").join(self.name)];
        if self.dialect() != self.name {
            let fixtures = root().join("llmx-rs/bridge/fixtures");
            folders.extend(DIALECTS.map(|dialect| fixtures.join(dialect)));
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// The dialect that inputs are in; for a target that knows none, its name.
    fn dialect(&self) -> &str {
        match self.name.split_once('_') {
            Some(("to" | "client", _)) => "responses",
            Some((_, dialect)) => dialect,
            None => self.name,
        }
    }
}

/// How a run ended.
#[derive(Clone)]
pub(super) struct Outcome {
    name: String,
    status: ExitStatus,
    length: Length,
    counts: Option<Counts>,
    /// What was found, if anything was.
    input: Option<String>,
    told: String,
    program: PathBuf,
}

impl Outcome {
    /// Nothing was found, and something was tried.
    pub(super) fn is_clean(&self) -> bool {
        let was_tried = match self.length {
            Length::Smoke => self.told.contains(&smoke_end()),
            Length::Seconds(_) => self.counts.is_some_and(|it| it.last.0 > it.first.0),
        };
        self.status.success() && was_tried
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.counts {
            Some(Counts { runs, first, last }) => writeln!(
                f,
                "{name}: {runs} inputs, coverage {} -> {} edges, {} -> {} features",
                first.0, last.0, first.1, last.1
            )?,
            None if self.is_clean() => writeln!(f, "{name}: {SMOKE_INPUTS} inputs")?,
            None => writeln!(f, "{name}: no coverage was told")?,
        }
        if self.is_clean() {
            return Ok(());
        }
        let Some(input) = &self.input else {
            return writeln!(f, "{name}: FAILED, {}\n{}", self.status, self.told);
        };
        let panic = self
            .told
            .lines()
            .skip_while(|line| !line.contains("panicked at"));
        for line in panic.take(PANIC_LINES) {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "{name}: FOUND {input}")?;
        writeln!(f, "again: {} {input}", self.program.display())
    }
}

/// What a target prints at the end of a smoke run.
fn smoke_end() -> String {
    format!("smoke: {SMOKE_INPUTS} inputs")
}

/// What libFuzzer counted: the inputs it ran, and edges and features at the beginning and the end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Counts {
    runs: u64,
    first: (u64, u64),
    last: (u64, u64),
}

impl Counts {
    fn read(told: &str) -> Option<Self> {
        let mut lines = told.lines().filter_map(|line| {
            let runs = line.strip_prefix('#')?.split_ascii_whitespace().next()?;
            let after = |name: &str| {
                let (_, rest) = line.split_once(name)?;
                rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
            };
            Some((runs.parse().ok()?, (after(" cov:")?, after(" ft:")?)))
        });
        let (runs, first) = lines.next()?;
        let (runs, last) = lines.next_back().unwrap_or((runs, first));
        Some(Self { runs, first, last })
    }
}

/// Returns the file that libFuzzer says it wrote what it found to.
fn artifact(told: &str) -> Option<String> {
    let (_, path) = told.rsplit_once("Test unit written to ")?;
    path.lines().next().map(str::to_owned)
}

const DIALECTS: [&str; 4] = ["chat", "gemini", "messages", "responses"];

/// An input that takes ten seconds or a gigabyte is a finding. Inputs hold a few turns of a
/// conversation, so length is allowed from the beginning.
const LIMITS: [&str; 4] = [
    "-timeout=10",
    "-rss_limit_mb=1024",
    "-max_len=16384",
    "-len_control=0",
];

/// A count and not a time, for a slow machine must do the same.
const SMOKE_INPUTS: &str = "10000";

/// Enough for a law and what broke it.
const PANIC_LINES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "\
INFO: Seed: 1
#5\tINITED cov: 10 ft: 12 corp: 2/2b exec/s: 0 rss: 27Mb
#80\tNEW    cov: 14 ft: 20 corp: 3/9b lim: 4 exec/s: 0 rss: 27Mb
artifact_prefix='/a/'; Test unit written to /a/crash-1
Base64: AA==
";

    #[test]
    fn counts_and_the_input_found_are_read_from_what_libfuzzer_says() {
        let counts = Counts::read(TOLD).unwrap();
        assert_eq!(
            (counts.runs, counts.first, counts.last),
            (80, (10, 12), (14, 20))
        );
        assert_eq!(artifact(TOLD).as_deref(), Some("/a/crash-1"));
        assert_eq!(Counts::read("INFO: Seed: 1"), None);
    }

    #[test]
    fn every_target_has_its_dictionary_and_something_to_start_from() {
        for name in all().unwrap() {
            let target = Target::new(&name, Path::new("/t"));
            let dictionary = format!("fuzz/dictionaries/{}.dict", target.dialect());
            assert!(root().join(&dictionary).is_file(), "{name}: {dictionary}");
            assert!(!target.seeds().is_empty(), "{name}");
        }
    }
}
