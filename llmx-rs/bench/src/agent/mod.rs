//! The cases of the agent: `llmx exec`, and Codex beside it if its program is given.
//!
//! The mock answers at once, so nearly all of a turn's time is the agent's own.

mod program;
pub(crate) mod script;

use std::io;
use std::path::Path;
use std::time::Duration;

use self::program::Place;
use crate::bars::{Bar, Limit};
use crate::cases::{Case, value};
use crate::fault;
use crate::measure::{Measure, Sample};
use crate::report::Column;
use crate::side::Upstream;
use crate::work::{Pace, Work};

pub(crate) use self::program::Agent;

/// What an agent is asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Job {
    /// Say its version: what every start costs.
    Version,
    /// One turn with so many calls of a command that does nothing.
    Turn { calls: u32 },
    /// One turn in a session that has so many items already.
    Resume { items: u32 },
}

/// All cases, in the order they run.
pub(crate) fn cases() -> [Case; 4] {
    let case = |name: &str, title: &str, job| Case::plain(name, title, Work::Agent(job));
    [
        case("agent-version", "`--version`", Job::Version),
        case(
            "agent-turn",
            "`exec` of a turn without a call, from spawn to exit",
            Job::Turn { calls: 0 },
        ),
        case(
            "agent-50-calls",
            "`exec` of a turn with 50 calls of `true`, one after the other, no sandbox",
            Job::Turn { calls: 50 },
        ),
        case(
            "agent-resume",
            "`exec resume` of a session of 10,000 items, what it takes longer than a new one",
            Job::Resume { items: 10_000 },
        ),
    ]
}

/// Returns true if `agent` can do `job` as the bench prepares it.
pub(crate) fn concerns(job: Job, agent: &Agent) -> bool {
    // The session that is resumed is written in llmx's own form.
    !matches!((job, agent), (Job::Resume { .. }, Agent::Codex(_)))
}

/// The columns of such a case's table.
pub(crate) fn columns(job: Job) -> Vec<Column> {
    match job {
        Job::Version => vec![value("ms", TOTAL, 1)],
        Job::Turn { calls: 0 } => vec![value("ms", TOTAL, 1), value("peak RSS MiB", PEAK_RSS, 1)],
        Job::Turn { .. } => vec![
            value("ms", TOTAL, 1),
            value("ms per call", PER_CALL, 2),
            value("command alone", COMMAND, 2),
            value("own ms per call", OWN, 2),
        ],
        Job::Resume { .. } => vec![value("ms", TOTAL, 1), value("ms longer", LONGER, 1)],
    }
}

/// What the issue promises of such a case.
pub(crate) fn bars(job: Job) -> Vec<Bar> {
    match job {
        Job::Version => vec![at_most("<= 5 ms", TOTAL, 5.0)],
        Job::Turn { calls: 0 } => vec![
            at_most("<= 60 ms", TOTAL, 60.0),
            at_most("peak RSS <= 40 MiB", PEAK_RSS, 40.0),
        ],
        Job::Turn { .. } => vec![at_most("<= 2 ms of its own per call", OWN, 2.0)],
        Job::Resume { .. } => vec![at_most("<= 100 ms longer", LONGER, 100.0)],
    }
}

fn at_most(text: &'static str, figure: &'static str, limit: f64) -> Bar {
    Bar {
        text,
        side: LLMX,
        measure: Measure::Median(figure),
        limit: Limit::AtMost(limit),
    }
}

/// Has `agent` do `job` a few times, and returns the medians.
pub(crate) fn measure(
    agent: &Agent,
    job: Job,
    upstream: &Upstream,
    pace: Pace,
) -> io::Result<Sample> {
    let place = Place::new(upstream.port, 0)?;
    let times = pace.agent_runs;
    let empty_turn = || {
        median(times, || {
            program::time(&mut agent.turn(&place, None), TURN_ENDED)
        })
    };
    match job {
        Job::Version => {
            let total = median(4 * times, || program::time(&mut agent.version(&place), "."))?;
            Ok(Sample::from([(TOTAL, total)]))
        }
        Job::Turn { calls: 0 } => {
            let total = empty_turn()?;
            let peak = program::peak_rss_kib(&mut agent.turn(&place, None))?;
            Ok(Sample::from([
                (TOTAL, total),
                (PEAK_RSS, peak as f64 / 1024.0),
            ]))
        }
        Job::Turn { calls } => {
            let asks = Place::new(upstream.port, calls)?;
            let total = median(times, || {
                program::time(&mut agent.turn(&asks, None), TURN_ENDED)
            })?;
            let per_call = (total - empty_turn()?) / f64::from(calls);
            let command = median(4 * times, || program::time(&mut program::shell(), ""))?;
            Ok(Sample::from([
                (TOTAL, total),
                (PER_CALL, per_call),
                (COMMAND, command),
                (OWN, per_call - command),
            ]))
        }
        Job::Resume { items } => {
            let total = median(times, || resume(agent, &place.home(), items, &place))?;
            Ok(Sample::from([
                (TOTAL, total),
                (LONGER, total - empty_turn()?),
            ]))
        }
    }
}

fn resume(agent: &Agent, home: &Path, items: u32, place: &Place) -> io::Result<Duration> {
    // The turn that is timed adds to the session, so each gets a new one.
    let session = program::write_session(home, items)?;
    program::time(&mut agent.turn(place, Some(session)), TURN_ENDED)
}

/// The median of so many runs, in milliseconds; one more goes first, to fill the kernel's caches.
fn median(times: u32, mut run: impl FnMut() -> io::Result<Duration>) -> io::Result<f64> {
    run()?;
    let mut took = (0..times).map(|_| run()).collect::<io::Result<Vec<_>>>()?;
    took.sort_unstable();
    let middle = took.get(took.len() / 2).ok_or_else(|| fault("no run"))?;
    Ok(middle.as_secs_f64() * 1e3)
}

pub(crate) const LLMX: &str = "llmx exec";
pub(crate) const CODEX: &str = "codex exec";
const TOTAL: &str = "total_ms";
const PEAK_RSS: &str = "peak_rss_mib";
const PER_CALL: &str = "ms_per_call";
const COMMAND: &str = "command_ms";
const OWN: &str = "own_ms_per_call";
const LONGER: &str = "ms_longer";
/// What both programs print at the end of a turn that went well.
const TURN_ENDED: &str = "\"turn.completed\"";
