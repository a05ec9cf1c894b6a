//! The cases of the bench: which there are, what each shows, and which bars it holds.

use crate::agent;
use crate::bars::{Bar, Limit};
use crate::bridged;
use crate::measure::Measure;
use crate::report::Column;
use crate::side::{DIRECT, HYPER, Kind, LLMX, NGINX};
use crate::work::{
    ANSWERED, COMPLETE, CPU, FIRST, GROWTH, KIB_PER_STREAM, LISTENING, P50, P90, P99, PEAK_RSS,
    RATE, RSS, THREADS, TOTAL, TRANSIT_P50, TRANSIT_P99, UNITS, WALL, Work,
};

/// One table of the report.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) work: Work,
    /// The mock speaks TLS.
    pub(crate) secure: bool,
    /// It is about the bridge, and runs llmx with and without it.
    pub(crate) bridged: bool,
}

impl Case {
    /// All cases, in the order they run.
    pub(crate) fn all() -> Vec<Self> {
        let mut cases: Vec<Self> = [1, 16, 64, 256].map(|c| requests(c, false)).into();
        cases.push(paced(false));
        cases.extend([200, 2000].map(flushed));
        cases.push(Self::plain(
            "slow-streams",
            "1,000 concurrent streams, 20 events 50 ms apart, opened within 0.2 s, fresh process",
            Work::SlowStreams {
                streams: SLOW_STREAMS,
            },
        ));
        cases.extend(
            [("1k", 1 << 10), ("100k", 100 << 10), ("2m", 2 << 20)]
                .map(|(size, bytes)| bodies(size, bytes)),
        );
        let bytes = 100 << 20;
        cases.push(Self::plain(
            "body-100m",
            "one request body of 100 MiB, fresh process",
            Work::BigBody { bytes },
        ));
        cases.push(Self::plain(
            "startup",
            "from spawn to the first answer, and size after it",
            Work::Startup,
        ));
        cases.extend([16, 64].map(|c| requests(c, true)));
        cases.push(paced(true));
        cases.extend(bridged::cases());
        cases.extend(agent::cases());
        cases
    }

    pub(crate) fn plain(name: &str, title: &str, work: Work) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            work,
            secure: false,
            bridged: false,
        }
    }

    /// Returns true if it says something about this side.
    pub(crate) fn concerns(&self, kind: &Kind) -> bool {
        if let (Work::Agent(job), Kind::Agent(agent)) = (self.work, kind) {
            return agent::concerns(job, agent);
        }
        if matches!(self.work, Work::Agent(_)) || matches!(kind, Kind::Agent(_)) {
            return false;
        }
        if self.bridged {
            return matches!(kind, Kind::Direct | Kind::Llmx(_) | Kind::Bridged(_));
        }
        // A peer was told of the plain mock only.
        let untold = self.secure && matches!(kind, Kind::Peer(_));
        self.work.concerns(kind) && !untold && !matches!(kind, Kind::Bridged(_))
    }

    /// The columns of its table.
    pub(crate) fn columns(&self) -> Vec<Column> {
        if self.bridged {
            return bridged::columns(self.work);
        }
        match self.work {
            Work::Requests { .. } => vec![
                value("req/s", RATE, 0),
                ratio("x direct", RATE, DIRECT),
                ratio("x nginx", RATE, NGINX),
                value("p50 µs", P50, 1),
                excess("added p50", P50, 1),
                value("p90 µs", P90, 1),
                value("p99 µs", P99, 1),
                pooled("CPU µs/req"),
            ],
            Work::StreamsInTurn { gap_us: 0, .. } => vec![
                value("first ms", FIRST, 3),
                value("total ms", TOTAL, 3),
                ratio("x direct", TOTAL, DIRECT),
                ratio("x hyper", TOTAL, HYPER),
                value("events/s", RATE, 0),
                pooled("CPU µs/event"),
            ],
            Work::StreamsInTurn { .. } => vec![
                value("first ms", FIRST, 3),
                excess("added first", FIRST, 3),
                value("transit p50 ms", TRANSIT_P50, 3),
                value("transit p99 ms", TRANSIT_P99, 3),
                pooled("CPU µs/event"),
            ],
            Work::SlowStreams { .. } => vec![
                value("complete", COMPLETE, 0),
                value("wall ms", WALL, 0),
                ratio("x direct", WALL, DIRECT),
                value("first ms", FIRST, 2),
                value("transit p50 ms", TRANSIT_P50, 2),
                value("transit p99 ms", TRANSIT_P99, 2),
                value("peak RSS MiB", PEAK_RSS, 1),
                value("KiB/stream", KIB_PER_STREAM, 1),
                value("threads", THREADS, 0),
                pooled("CPU µs/event"),
            ],
            Work::Bodies { .. } => vec![
                value("p50 µs c1", P50, 1),
                ratio("x direct", P50, DIRECT),
                value("p99 µs c1", P99, 1),
                value("req/s c16", RATE, 0),
                ratio("x direct", RATE, DIRECT),
                pooled("CPU µs/req c1"),
                value("peak RSS MiB", PEAK_RSS, 1),
            ],
            Work::BigBody { .. } => vec![
                value("ms", TOTAL, 1),
                ratio("x direct", TOTAL, DIRECT),
                value("RSS growth MiB", GROWTH, 1),
            ],
            Work::Startup => vec![
                value("listening ms", LISTENING, 2),
                value("first 200 ms", ANSWERED, 2),
                value("RSS MiB", RSS, 1),
                value("threads", THREADS, 0),
            ],
            Work::Agent(job) => agent::columns(job),
        }
    }

    /// What the issue promises of it. Over TLS it promises nothing beyond measuring.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        if self.bridged {
            return bridged::bars(self.work);
        }
        if self.secure {
            return Vec::new();
        }
        match self.work {
            Work::Requests { concurrency: 1 } => vec![Bar {
                text: "added p50 <= 1.2 x nginx's",
                side: LLMX,
                measure: Measure::ExcessRatio {
                    figure: P50,
                    base: DIRECT,
                    floor: NGINX,
                },
                limit: Limit::AtMost(1.2),
            }],
            Work::Requests { .. } => vec![
                Bar {
                    text: "req/s >= 0.9 x nginx",
                    side: LLMX,
                    measure: Measure::Ratio(RATE, NGINX),
                    limit: Limit::AtLeast(0.9),
                },
                at_most(
                    "CPU <= 20 µs per request",
                    Measure::Pooled(CPU, UNITS),
                    20.0,
                ),
            ],
            Work::StreamsInTurn { gap_us: 0, events } if events >= 2000 => vec![at_most(
                "total <= 1.1 x hyper",
                Measure::Ratio(TOTAL, HYPER),
                1.1,
            )],
            Work::StreamsInTurn { gap_us: 0, .. } => Vec::new(),
            Work::StreamsInTurn { .. } => vec![
                at_most(
                    "first event <= direct + 0.4 ms",
                    Measure::Excess(FIRST, DIRECT),
                    0.4,
                ),
                at_most("transit p99 <= 0.3 ms", Measure::Median(TRANSIT_P99), 0.3),
            ],
            Work::SlowStreams { streams } => vec![
                Bar {
                    text: "all complete",
                    side: LLMX,
                    measure: Measure::Median(COMPLETE),
                    limit: Limit::AtLeast(f64::from(streams)),
                },
                at_most("wall <= 1.05 x direct", Measure::Ratio(WALL, DIRECT), 1.05),
                at_most(
                    "<= 35 KiB per stream",
                    Measure::Median(KIB_PER_STREAM),
                    35.0,
                ),
                at_most("<= 4 threads", Measure::Median(THREADS), 4.0),
            ],
            Work::Bodies { bytes } if bytes >= 2 << 20 => {
                vec![at_most(
                    "p50 <= 1.4 x direct",
                    Measure::Ratio(P50, DIRECT),
                    1.4,
                )]
            }
            Work::Bodies { .. } => Vec::new(),
            Work::BigBody { .. } => {
                vec![at_most("RSS grows <= 8 MiB", Measure::Median(GROWTH), 8.0)]
            }
            Work::Startup => vec![
                at_most("first 200 <= 5 ms", Measure::Median(ANSWERED), 5.0),
                at_most("idle RSS <= 8 MiB", Measure::Median(RSS), 8.0),
            ],
            Work::Agent(job) => agent::bars(job),
        }
    }
}

fn requests(concurrency: usize, secure: bool) -> Case {
    let work = Work::Requests { concurrency };
    let title = format!("1 KB requests and answers, concurrency {concurrency}");
    maybe_secure(&format!("requests-c{concurrency}"), &title, work, secure)
}

fn paced(secure: bool) -> Case {
    let work = Work::StreamsInTurn {
        events: 40,
        gap_us: 5000,
    };
    let title = "a stream of 40 events 5 ms apart, concurrency 1";
    maybe_secure("first-event", title, work, secure)
}

fn maybe_secure(name: &str, title: &str, work: Work, secure: bool) -> Case {
    if !secure {
        return Case::plain(name, title, work);
    }
    Case {
        secure,
        ..Case::plain(
            &format!("tls-{name}"),
            &format!("{title}, TLS to the upstream"),
            work,
        )
    }
}

fn flushed(events: u32) -> Case {
    let work = Work::StreamsInTurn { events, gap_us: 0 };
    let title = format!("{events} events, one write each, as fast as it goes, concurrency 1");
    Case::plain(&format!("flushed-{events}"), &title, work)
}

fn bodies(size: &str, bytes: usize) -> Case {
    let title = format!("request bodies of {bytes} bytes");
    Case::plain(&format!("body-{size}"), &title, Work::Bodies { bytes })
}

pub(crate) fn value(label: &'static str, figure: &'static str, decimals: usize) -> Column {
    Column {
        label,
        measure: Measure::Median(figure),
        decimals,
    }
}

pub(crate) fn ratio(label: &'static str, figure: &'static str, base: &'static str) -> Column {
    Column {
        label,
        measure: Measure::Ratio(figure, base),
        decimals: 3,
    }
}

pub(crate) fn excess(label: &'static str, figure: &'static str, decimals: usize) -> Column {
    Column {
        label,
        measure: Measure::Excess(figure, DIRECT),
        decimals,
    }
}

pub(crate) fn pooled(label: &'static str) -> Column {
    Column {
        label,
        measure: Measure::Pooled(CPU, UNITS),
        decimals: 1,
    }
}

fn at_most(text: &'static str, measure: Measure, limit: f64) -> Bar {
    Bar {
        text,
        side: LLMX,
        measure,
        limit: Limit::AtMost(limit),
    }
}

const SLOW_STREAMS: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_bar_of_the_issue_has_a_case() {
        let cases = Case::all();
        let mut names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), cases.len());

        let bars: usize = cases.iter().map(|case| case.bars().len()).sum();
        assert_eq!(bars, 1 + 3 * 2 + 2 + 1 + 4 + 1 + 1 + 2 + 5 + 5);
    }
}
