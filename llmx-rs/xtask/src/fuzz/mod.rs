//! `cargo xtask fuzz`: builds the targets of `fuzz/` and runs them, two at a time on two cores.
//!
//! libFuzzer is a C++ library that `libfuzzer-sys` compiles; all it needs of rustc is coverage
//! counters, which the stable compiler can emit. So there is no cargo-fuzz here and no nightly. There
//! is no sanitizer either: the crates under test forbid `unsafe`, so what remains to be found are
//! panics, broken laws, hangs and growth, and libFuzzer sees all four.

mod args;
mod build;
mod target;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use self::args::Args;
use self::target::{Outcome, Target};
use crate::say;

/// Runs the targets that `args` name, or all. Returns whether that was possible and found nothing.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> io::Result<bool> {
    let all = target::all()?;
    let args = match Args::parse(args, &all) {
        Ok(args) => args,
        Err(problem) => {
            say(&format!("{problem}; the targets are {}\n", all.join(" ")));
            return Ok(false);
        }
    };
    if !build::has_compiler() {
        say(build::NO_COMPILER);
        return Ok(false);
    }
    let Some(programs) = build::build()? else {
        return Ok(false);
    };
    let outcomes = run_all(&args, &programs)?;
    let clean = outcomes.iter().filter(|outcome| outcome.is_clean()).count();
    say(&format!(
        "{clean} of {} targets found nothing\n",
        outcomes.len()
    ));
    Ok(clean == outcomes.len())
}

/// Runs as many targets at once as there are cores; each is one thread.
fn run_all(args: &Args, programs: &Path) -> io::Result<Vec<Outcome>> {
    let left = Mutex::new(args.targets.iter());
    let next = || left.lock().ok()?.next();
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(name) = next() {
            let outcome = Target::new(name, programs).run(args.length)?;
            say(&outcome.to_string());
            outcomes.push(outcome);
        }
        Ok(outcomes)
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let done: Vec<io::Result<Vec<Outcome>>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().filter_map(|worker| worker.join().ok());
        ended.collect()
    });
    let done: io::Result<Vec<Vec<Outcome>>> = done.into_iter().collect();
    Ok(done?.concat())
}
