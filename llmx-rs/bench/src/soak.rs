//! `--only bridged-soak`: 200,000 bridged requests, and whether memory stays where it was.
//!
//! It is no case among the others, because it compares a process with itself and takes its time. It
//! runs twice: with the store of responses off, and with one so small that it is full long before
//! the warm-up ends. With the default store memory grows by design until that is full.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, Ignore, StreamTap, Target};
use crate::fault;
use crate::plan::{DEFAULT_SIZE, Plan};
use crate::side::{Side, Upstream};

/// What `--only` must be for the soak to run: a part of the name is not enough.
pub(crate) const NAME: &str = "bridged-soak";

/// Soaks the program with and without a store and returns what there is to say.
pub(crate) async fn run(program: &Path, upstream: &Upstream, quick: bool) -> io::Result<String> {
    let batch = if quick { BATCH / 20 } else { BATCH };
    let requests = batch * BATCHES;
    let mut text = format!(
        "{NAME}: {requests} requests of 1 KB at concurrency {CONCURRENCY}, every other a stream of {EVENTS} events\n"
    );
    for (store, flags) in STORES {
        let side = Side::bridged(program, &flags, upstream)?;
        let start = Instant::now();
        let rss = soak(&side, batch).await?;
        let rate = f64::from(requests) / start.elapsed().as_secs_f64();
        write!(text, "  {store}: RSS in MiB after each {batch}:").map_err(io::Error::other)?;
        for kib in &rss {
            write!(text, " {:.1}", mib(*kib)).map_err(io::Error::other)?;
        }
        let growth = growth(&rss);
        let verdict = if growth <= MAX_GROWTH_MIB {
            "PASS"
        } else {
            "MISS"
        };
        writeln!(text, "; {rate:.0} requests/s").map_err(io::Error::other)?;
        writeln!(
            text,
            "  bar: growth after warm-up <= {MAX_GROWTH_MIB} MiB, {store}: {growth:+.1}  {verdict}"
        )
        .map_err(io::Error::other)?;
    }
    Ok(text)
}

/// Returns the resident memory after each batch; the first batch is the warm-up.
async fn soak(side: &Side, batch: u32) -> io::Result<Vec<u64>> {
    let mut rss = Vec::new();
    for _ in 0..BATCHES {
        run_batch(&side.target, batch).await?;
        tokio::time::sleep(SETTLE).await;
        let status = side.status();
        let status = status.ok_or_else(|| fault("the memory of the process cannot be read"))?;
        rss.push(status.rss_kib);
    }
    Ok(rss)
}

/// Sends `count` requests over connections of its own; the first failure ends it.
async fn run_batch(target: &Target, count: u32) -> io::Result<()> {
    let requests = Rc::new(Requests {
        plain: target.request(SMALL_BODY, &Plan::json(DEFAULT_SIZE)),
        stream: target.request(SMALL_BODY, &Plan::stream(EVENTS, 0)),
        left: Cell::new(count),
    });
    let mut workers = JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (target, requests) = (target.clone(), requests.clone());
        workers.spawn_local(async move { requests.work(&target).await });
    }
    let all = async {
        while let Some(ended) = workers.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    };
    let ended = tokio::time::timeout(PATIENCE, all).await;
    ended.unwrap_or_else(|_| Err(fault("a batch did not end in time")))
}

/// What the workers of a batch share; they all live on one thread.
struct Requests {
    plain: Vec<u8>,
    stream: Vec<u8>,
    left: Cell<u32>,
}

impl Requests {
    async fn work(&self, target: &Target) -> io::Result<()> {
        let mut connection = Connection::open(target).await?;
        while let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            if !connection.is_reusable() {
                connection = Connection::open(target).await?;
            }
            if left % 2 == 0 {
                connection.exchange(&self.plain, &mut Ignore).await?;
                continue;
            }
            let mut tap = StreamTap::new(Rc::new(RefCell::default()));
            connection.exchange(&self.stream, &mut tap).await?;
            let seen = tap.events.events();
            if seen != u64::from(EVENTS) {
                return Err(fault(format!("a stream had {seen} of {EVENTS} events")));
            }
        }
        Ok(())
    }
}

/// By how much memory has grown since the warm-up, in MiB.
fn growth(rss: &[u64]) -> f64 {
    match rss {
        [warm, .., last] => mib(*last) - mib(*warm),
        _ => 0.0,
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

const BATCH: u32 = 20_000;
const BATCHES: u32 = 10;
const CONCURRENCY: usize = 16;
const EVENTS: u32 = 20;
const SMALL_BODY: usize = 1024;
const MAX_GROWTH_MIB: f64 = 4.0;
/// Lets the last connections of a batch be closed before memory is read.
const SETTLE: Duration = Duration::from_millis(200);
/// Many times what the slowest machine needs for a batch.
const PATIENCE: Duration = Duration::from_secs(120);

/// An answer takes some 2.5 KB of a store, so 4 MiB are full after fewer than 2,000 requests.
const STORES: [(&str, [&str; 2]); 2] = [
    ("store off", ["--state-max-bytes", "0"]),
    ("store of 4 MiB", ["--state-max-bytes", "4M"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_counts_from_the_end_of_the_warm_up() {
        assert_eq!(growth(&[10 << 10, 30 << 10, 12 << 10]), 2.0);
        assert_eq!(growth(&[12 << 10, 10 << 10]), -2.0);
        assert_eq!(growth(&[12 << 10]), 0.0);
    }
}
