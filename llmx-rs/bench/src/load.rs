//! The load: a closed loop of requests, streams one after the other, streams all at once.
//!
//! Every loop ends by time and by count, whatever the measured side does.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::client::{Connection, Ignore, StreamTap, Target};
use crate::fault;
use crate::histogram::Histogram;
use crate::os::monotonic_ns;
use crate::proc::Status;
use crate::side::Side;

/// What a closed loop has yielded.
pub(crate) struct Requests {
    pub(crate) latency: Histogram,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) faults: Vec<String>,
}

/// Keeps `concurrency` connections busy for `duration`, after an unmeasured tenth of it.
pub(crate) async fn closed_loop(
    side: &Side,
    request: Vec<u8>,
    concurrency: usize,
    duration: Duration,
) -> Requests {
    let shared = Rc::new(Shared::default());
    let request: Rc<[u8]> = request.into();
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (target, request, shared) = (side.target.clone(), request.clone(), shared.clone());
        workers.spawn_local(async move {
            if let Err(error) = ask_again_and_again(&target, &request, &shared).await {
                shared.fault(&error);
            }
        });
    }
    tokio::time::sleep((duration / 10).max(WARM_UP)).await;
    let cpu_before = side.cpu_seconds();
    let start = Instant::now();
    shared.phase.set(Phase::Measured);
    tokio::time::sleep(duration).await;
    shared.phase.set(Phase::Over);
    let seconds = start.elapsed().as_secs_f64();
    let cpu_seconds = difference(side.cpu_seconds(), cpu_before);
    join(workers, &shared).await;
    Requests {
        latency: shared.latency.take(),
        seconds,
        cpu_seconds,
        faults: shared.faults.take(),
    }
}

async fn ask_again_and_again(target: &Target, request: &[u8], shared: &Shared) -> io::Result<()> {
    let mut connection = Connection::open(target).await?;
    for _ in 0..MAX_REQUESTS {
        let phase = shared.phase.get();
        if phase == Phase::Over {
            break;
        }
        if !connection.is_reusable() {
            connection = Connection::open(target).await?;
        }
        let start = monotonic_ns();
        connection.exchange(request, &mut Ignore).await?;
        if phase == Phase::Measured && shared.phase.get() == Phase::Measured {
            shared.latency.borrow_mut().record(monotonic_ns() - start);
        }
    }
    Ok(())
}

/// What a number of streams has yielded.
pub(crate) struct Streams {
    pub(crate) first: Histogram,
    pub(crate) total: Histogram,
    pub(crate) transit: Histogram,
    pub(crate) complete: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: Option<f64>,
    /// The most memory and threads seen, if the side has a process.
    pub(crate) peak: Option<Status>,
    pub(crate) faults: Vec<String>,
}

/// Asks for one stream after the other on one connection, at most `count` and until `duration`.
pub(crate) async fn streams_in_turn(
    side: &Side,
    request: Vec<u8>,
    events: u64,
    count: u32,
    duration: Duration,
) -> Streams {
    let tally = Rc::new(Tally::default());
    let (start, cpu_before) = (Instant::now(), side.cpu_seconds());
    let in_turn = async {
        let mut connection = Connection::open(&side.target).await?;
        for number in 0..count {
            if number >= MIN_STREAMS && start.elapsed() >= duration {
                break;
            }
            if !connection.is_reusable() {
                connection = Connection::open(&side.target).await?;
            }
            one_stream(&mut connection, &request, events, &tally).await?;
        }
        Ok(())
    };
    let ended = timeout(duration + PATIENCE, in_turn).await;
    match ended.unwrap_or_else(|_| Err(fault("a stream did not end in time"))) {
        Ok(()) => {}
        Err(error) => tally.shared.fault(&error),
    }
    let cpu_seconds = difference(side.cpu_seconds(), cpu_before);
    tally.finish(start, cpu_seconds, None)
}

/// Opens `count` streams on connections of their own, spread evenly over `spread`.
pub(crate) async fn streams_at_once(
    side: &Side,
    request: Vec<u8>,
    events: u64,
    count: u32,
    spread: Duration,
) -> Streams {
    let tally = Rc::new(Tally::default());
    let request: Rc<[u8]> = request.into();
    let (start, cpu_before) = (Instant::now(), side.cpu_seconds());
    let mut streams = JoinSet::new();
    for number in 0..count {
        let (target, request, tally) = (side.target.clone(), request.clone(), tally.clone());
        let begin = start + spread * number / count;
        streams.spawn_local(async move {
            tokio::time::sleep_until(begin).await;
            let stream = async {
                let mut connection = Connection::open(&target).await?;
                one_stream(&mut connection, &request, events, &tally).await
            };
            if let Err(error) = stream.await {
                tally.shared.fault(&error);
            }
        });
    }
    let mut peak = None;
    let watch = async {
        loop {
            peak = highest(peak, side.status());
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    };
    tokio::select! {
        () = join(streams, &tally.shared) => {}
        () = watch => {}
    }
    let cpu_seconds = difference(side.cpu_seconds(), cpu_before);
    tally.finish(start, cpu_seconds, highest(peak, side.status()))
}

async fn one_stream(
    connection: &mut Connection,
    request: &[u8],
    events: u64,
    tally: &Tally,
) -> io::Result<()> {
    let mut tap = StreamTap::new(tally.transit.clone());
    let start = monotonic_ns();
    connection.exchange(request, &mut tap).await?;
    let seen = tap.events.events();
    if seen != events {
        return Err(fault(format!("a stream had {seen} of {events} events")));
    }
    if let Some(first) = tap.first_at_ns {
        tally.first.borrow_mut().record(first - start);
    }
    tally.total.borrow_mut().record(monotonic_ns() - start);
    Ok(())
}

/// What the tasks of one run share; they all live on one thread.
#[derive(Default)]
struct Shared {
    phase: Cell<Phase>,
    latency: RefCell<Histogram>,
    faults: RefCell<Vec<String>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Phase {
    #[default]
    WarmUp,
    Measured,
    Over,
}

impl Shared {
    fn fault(&self, error: &io::Error) {
        self.faults.borrow_mut().push(error.to_string());
    }
}

#[derive(Default)]
struct Tally {
    shared: Shared,
    first: RefCell<Histogram>,
    total: RefCell<Histogram>,
    transit: Rc<RefCell<Histogram>>,
}

impl Tally {
    fn finish(&self, start: Instant, cpu_seconds: Option<f64>, peak: Option<Status>) -> Streams {
        let total = self.total.take();
        Streams {
            complete: total.total(),
            first: self.first.take(),
            total,
            transit: self.transit.take(),
            seconds: start.elapsed().as_secs_f64(),
            cpu_seconds,
            peak,
            faults: self.shared.faults.take(),
        }
    }
}

/// Waits for tasks, but not for ever.
async fn join(mut tasks: JoinSet<()>, shared: &Shared) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(PATIENCE, all).await.is_err() {
        shared.fault(&fault("requests did not end in time"));
    }
}

fn difference(after: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(after? - before?)
}

fn highest(one: Option<Status>, other: Option<Status>) -> Option<Status> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Status {
            rss_kib: one.rss_kib.max(other.rss_kib),
            peak_rss_kib: one.peak_rss_kib.max(other.peak_rss_kib),
            threads: one.threads.max(other.threads),
        }),
        (one, other) => one.or(other),
    }
}

/// Long enough for every connection to be open and warm.
const WARM_UP: Duration = Duration::from_millis(100);
/// Ends a loop whose clock never says that it is over.
const MAX_REQUESTS: u32 = 10_000_000;
/// So few streams are asked for even if the first alone takes the whole time.
const MIN_STREAMS: u32 = 3;
/// How long an exchange may last after its run is over.
const PATIENCE: Duration = Duration::from_secs(20);
const WATCH_INTERVAL: Duration = Duration::from_millis(20);
