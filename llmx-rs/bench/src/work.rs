//! How one side is measured once, for each kind of case.

use std::io;
use std::time::{Duration, Instant};

use crate::agent::Job;
use crate::client::{Connection, Ignore};
use crate::fault;
use crate::load::{self, Streams};
use crate::measure::Sample;
use crate::plan::{DEFAULT_SIZE, Plan};
use crate::side::{Kind, Side, Upstream};

/// What a case does to a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    /// Small requests and answers in a closed loop.
    Requests { concurrency: usize },
    /// Streams one after the other on one connection.
    StreamsInTurn { events: u32, gap_us: u64 },
    /// Many slow streams at once, against a fresh process.
    SlowStreams { streams: u32 },
    /// Request bodies of a size: one at a time, then 16 at once.
    Bodies { bytes: usize },
    /// One very large body, against a fresh process.
    BigBody { bytes: usize },
    /// From spawn to the first answer, and memory after it.
    Startup,
    /// What an agent is asked to do; no proxy takes part.
    Agent(Job),
}

impl Work {
    /// Returns true if every round needs a new process.
    pub(crate) fn needs_fresh_process(self) -> bool {
        matches!(
            self,
            Self::SlowStreams { .. } | Self::BigBody { .. } | Self::Startup
        )
    }

    /// Returns true if the case says something about this side.
    pub(crate) fn concerns(self, kind: &Kind) -> bool {
        self != Self::Startup || kind.is_started()
    }
}

/// How long things run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) requests: Duration,
    pub(crate) streams: Duration,
    pub(crate) paced_streams: u32,
    /// How often an agent runs in a round.
    pub(crate) agent_runs: u32,
}

impl Pace {
    pub(crate) const FULL: Self = Self {
        requests: Duration::from_millis(1200),
        streams: Duration::from_millis(800),
        paced_streams: 15,
        agent_runs: 5,
    };
    pub(crate) const QUICK: Self = Self {
        requests: Duration::from_millis(200),
        streams: Duration::from_millis(150),
        paced_streams: 3,
        agent_runs: 1,
    };
}

/// Measures a running side and returns its figures with what went wrong.
pub(crate) async fn measure(
    work: Work,
    side: &Side,
    pace: Pace,
) -> io::Result<(Sample, Vec<String>)> {
    let small = Plan::json(DEFAULT_SIZE);
    match work {
        Work::Requests { concurrency } => {
            let request = side.target.request(SMALL_BODY, &small);
            Ok(requests(side, request, concurrency, pace.requests).await)
        }
        Work::StreamsInTurn { events, gap_us } => {
            let request = side
                .target
                .request(SMALL_BODY, &Plan::stream(events, gap_us));
            let (count, time) = if gap_us > 0 {
                let one = Duration::from_micros(gap_us * u64::from(events));
                (pace.paced_streams, one * pace.paced_streams)
            } else {
                (MAX_STREAMS, pace.streams)
            };
            let events = u64::from(events);
            // The first stream opens connections; it is not counted.
            load::streams_in_turn(side, request.clone(), events, 1, time).await;
            let streams = load::streams_in_turn(side, request, events, count, time).await;
            Ok(stream_figures(streams, events))
        }
        Work::SlowStreams { streams } => slow_streams(side, streams).await,
        Work::Bodies { bytes } => Ok(bodies(side, bytes, pace.requests).await),
        Work::BigBody { bytes } => big_body(side, bytes).await,
        Work::Startup | Work::Agent(_) => Err(fault("it is measured without a running side")),
    }
}

async fn requests(
    side: &Side,
    request: Vec<u8>,
    concurrency: usize,
    duration: Duration,
) -> (Sample, Vec<String>) {
    let run = load::closed_loop(side, request, concurrency, duration).await;
    let count = run.latency.total() as f64;
    let mut sample = Sample::from([
        (RATE, count / run.seconds),
        (UNITS, count),
        (P50, run.latency.quantile(0.5) / US),
        (P90, run.latency.quantile(0.9) / US),
        (P99, run.latency.quantile(0.99) / US),
    ]);
    if let Some(cpu) = run.cpu_seconds {
        sample.insert(CPU, cpu * 1e6);
    }
    (sample, run.faults)
}

fn stream_figures(run: Streams, events: u64) -> (Sample, Vec<String>) {
    let seen = (run.complete * events) as f64;
    let mut sample = Sample::from([
        (FIRST, run.first.quantile(0.5) / MS),
        (TOTAL, run.total.quantile(0.5) / MS),
        (TRANSIT_P50, run.transit.quantile(0.5) / MS),
        (TRANSIT_P99, run.transit.quantile(0.99) / MS),
        (UNITS, seen),
        (RATE, seen / run.seconds),
        (COMPLETE, run.complete as f64),
        (WALL, run.seconds * 1e3),
    ]);
    if let Some(cpu) = run.cpu_seconds {
        sample.insert(CPU, cpu * 1e6);
    }
    (sample, run.faults)
}

async fn slow_streams(side: &Side, streams: u32) -> io::Result<(Sample, Vec<String>)> {
    one_request(side, SMALL_BODY).await?;
    side.forget_peak();
    let before = side.status();
    let request = side
        .target
        .request(SMALL_BODY, &Plan::stream(SLOW_EVENTS, SLOW_GAP_US));
    let events = u64::from(SLOW_EVENTS);
    let run = load::streams_at_once(side, request, events, streams, SLOW_SPREAD).await;
    let memory = before.zip(run.peak);
    let (mut sample, faults) = stream_figures(run, events);
    if let Some((before, peak)) = memory {
        let growth = peak.peak_rss_kib.saturating_sub(before.rss_kib) as f64;
        sample.insert(KIB_PER_STREAM, growth / f64::from(streams));
        sample.insert(PEAK_RSS, peak.peak_rss_kib as f64 / KIB);
        sample.insert(THREADS, peak.threads as f64);
    }
    Ok((sample, faults))
}

async fn bodies(side: &Side, bytes: usize, duration: Duration) -> (Sample, Vec<String>) {
    let request = side.target.request(bytes, &Plan::json(DEFAULT_SIZE));
    side.forget_peak();
    let (mut sample, mut faults) = requests(side, request.clone(), 1, duration).await;
    let (crowd, more_faults) = requests(side, request, 16, duration).await;
    faults.extend(more_faults);
    if let Some(rate) = crowd.get(RATE) {
        sample.insert(RATE, *rate);
    }
    if let Some(status) = side.status() {
        sample.insert(PEAK_RSS, status.peak_rss_kib as f64 / KIB);
    }
    (sample, faults)
}

async fn big_body(side: &Side, bytes: usize) -> io::Result<(Sample, Vec<String>)> {
    one_request(side, SMALL_BODY).await?;
    side.forget_peak();
    let before = side.status();
    let request = side.target.request(bytes, &Plan::json(DEFAULT_SIZE));
    let start = Instant::now();
    send(side, &request).await?;
    let mut sample = Sample::from([(TOTAL, start.elapsed().as_secs_f64() * 1e3)]);
    if let Some((before, after)) = before.zip(side.status()) {
        let growth = after.peak_rss_kib.saturating_sub(before.rss_kib) as f64;
        sample.insert(GROWTH, growth / KIB);
    }
    Ok((sample, Vec::new()))
}

/// Starts a side and waits for its first answer.
pub(crate) async fn measure_start(
    kind: &Kind,
    upstream: &Upstream,
) -> io::Result<(Sample, Vec<String>)> {
    let start = Instant::now();
    let side = kind.start(upstream)?;
    let listening = start.elapsed();
    one_request(&side, SMALL_BODY).await?;
    let answered = start.elapsed();
    tokio::time::sleep(SETTLE).await;
    let mut sample = Sample::from([
        (LISTENING, listening.as_secs_f64() * 1e3),
        (ANSWERED, answered.as_secs_f64() * 1e3),
    ]);
    if let Some(status) = side.status() {
        sample.insert(RSS, status.rss_kib as f64 / KIB);
        sample.insert(THREADS, status.threads as f64);
    }
    Ok((sample, Vec::new()))
}

async fn one_request(side: &Side, body: usize) -> io::Result<()> {
    send(side, &side.target.request(body, &Plan::json(DEFAULT_SIZE))).await
}

async fn send(side: &Side, request: &[u8]) -> io::Result<()> {
    let exchange = async {
        let mut connection = Connection::open(&side.target).await?;
        connection.exchange(request, &mut Ignore).await
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .map_err(|_| fault("no answer in time"))?
}

pub(crate) const RATE: &str = "per_second";
pub(crate) const P50: &str = "p50_us";
pub(crate) const P90: &str = "p90_us";
pub(crate) const P99: &str = "p99_us";
pub(crate) const CPU: &str = "cpu_us";
pub(crate) const UNITS: &str = "units";
pub(crate) const FIRST: &str = "first_event_ms";
pub(crate) const TOTAL: &str = "total_ms";
pub(crate) const TRANSIT_P50: &str = "transit_p50_ms";
pub(crate) const TRANSIT_P99: &str = "transit_p99_ms";
pub(crate) const COMPLETE: &str = "complete";
pub(crate) const WALL: &str = "wall_ms";
pub(crate) const KIB_PER_STREAM: &str = "kib_per_stream";
pub(crate) const PEAK_RSS: &str = "peak_rss_mib";
pub(crate) const THREADS: &str = "threads";
pub(crate) const GROWTH: &str = "rss_growth_mib";
pub(crate) const LISTENING: &str = "listening_ms";
pub(crate) const ANSWERED: &str = "first_200_ms";
pub(crate) const RSS: &str = "rss_mib";

/// The request of every case that does not vary it.
const SMALL_BODY: usize = 1024;
const SLOW_EVENTS: u32 = 20;
const SLOW_GAP_US: u64 = 50_000;
const SLOW_SPREAD: Duration = Duration::from_millis(200);
const MAX_STREAMS: u32 = 100_000;
/// Lets a server finish what it does after its first answer before its memory is read.
const SETTLE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);
const US: f64 = 1e3;
const MS: f64 = 1e6;
const KIB: f64 = 1024.0;
