//! The cases of the bridge: llmx translating to Chat Completions, beside llmx passing on as it is.
//!
//! The client asks for the same in all of them; only the mock behind the bridge answers in Chat.

use crate::bars::{Bar, Limit};
use crate::cases::{Case, excess, pooled, ratio, value};
use crate::measure::Measure;
use crate::report::Column;
use crate::side::{BRIDGED, DIRECT, LLMX};
use crate::work::{
    CPU, FIRST, P50, P90, P99, PEAK_RSS, RATE, TOTAL, TRANSIT_P50, TRANSIT_P99, UNITS, Work,
};

/// All of them, in the order they run.
pub(crate) fn cases() -> [Case; 4] {
    [
        case(
            "bridged-requests-c16",
            "1 KB requests and answers through the bridge, concurrency 16",
            Work::Requests { concurrency: 16 },
        ),
        case(
            "bridged-first-event",
            "a stream of 40 deltas 5 ms apart through the bridge, concurrency 1",
            Work::StreamsInTurn {
                events: 40,
                gap_us: 5000,
            },
        ),
        case(
            "bridged-2000",
            "2000 deltas, one write each, through the bridge, concurrency 1",
            Work::StreamsInTurn {
                events: 2000,
                gap_us: 0,
            },
        ),
        case(
            "bridged-2m",
            "request bodies of 2 MiB through the bridge",
            Work::Bodies { bytes: 2 << 20 },
        ),
    ]
}

fn case(name: &str, title: &str, work: Work) -> Case {
    Case {
        bridged: true,
        ..Case::plain(name, title, work)
    }
}

/// The columns of such a case's table.
pub(crate) fn columns(work: Work) -> Vec<Column> {
    match work {
        Work::StreamsInTurn { gap_us: 0, .. } => vec![
            value("first ms", FIRST, 3),
            value("total ms", TOTAL, 3),
            ratio("x direct", TOTAL, DIRECT),
            ratio("x llmx", TOTAL, LLMX),
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
        Work::Bodies { .. } => vec![
            value("p50 µs c1", P50, 1),
            ratio("x direct", P50, DIRECT),
            ratio("x llmx", P50, LLMX),
            value("req/s c16", RATE, 0),
            pooled("CPU µs/req c1"),
            value("peak RSS MiB", PEAK_RSS, 1),
        ],
        _ => vec![
            value("req/s", RATE, 0),
            ratio("x direct", RATE, DIRECT),
            ratio("x llmx", RATE, LLMX),
            value("p50 µs", P50, 1),
            value("p90 µs", P90, 1),
            value("p99 µs", P99, 1),
            pooled("CPU µs/req"),
        ],
    }
}

/// What the issue promises of such a case.
pub(crate) fn bars(work: Work) -> Vec<Bar> {
    match work {
        Work::StreamsInTurn { gap_us: 0, .. } => vec![
            at_most("total <= 1.5 x llmx", Measure::Ratio(TOTAL, LLMX), 1.5),
            at_most("CPU <= 8 µs per event", Measure::Pooled(CPU, UNITS), 8.0),
        ],
        Work::StreamsInTurn { .. } => vec![at_most(
            "first event <= llmx + 0.3 ms",
            Measure::Excess(FIRST, LLMX),
            0.3,
        )],
        Work::Bodies { .. } => vec![at_most(
            "p50 <= 4 x direct",
            Measure::Ratio(P50, DIRECT),
            4.0,
        )],
        _ => vec![Bar {
            limit: Limit::AtLeast(0.7),
            ..at_most("req/s >= 0.7 x llmx", Measure::Ratio(RATE, LLMX), 0.7)
        }],
    }
}

fn at_most(text: &'static str, measure: Measure, limit: f64) -> Bar {
    Bar {
        text,
        side: BRIDGED,
        measure,
        limit: Limit::AtMost(limit),
    }
}
