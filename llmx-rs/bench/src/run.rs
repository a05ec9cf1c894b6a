//! `llmx-bench run`: all sides in every round, their order rotated from round to round.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::task::LocalSet;

use crate::agent::{self, Agent};
use crate::args::RunArgs;
use crate::cases::Case;
use crate::measure::{Results, Sample};
use crate::side::{Kind, Mock, Peer, Side, Upstream};
use crate::work::{self, Pace};
use crate::{context, fault, nginx, os, report, soak};

/// Runs the chosen cases and prints their tables.
pub(crate) fn run(args: &RunArgs) -> io::Result<()> {
    os::raise_open_files()?;
    if args.only.iter().any(|only| only == soak::NAME) {
        return soak(args);
    }
    let cases = chosen(&args.only)?;
    let kinds = kinds(args)?;
    let rounds = args
        .rounds
        .unwrap_or(if args.quick { 1 } else { DEFAULT_ROUNDS });
    let pace = if args.quick { Pace::QUICK } else { Pace::FULL };
    let bench = Bench {
        plain: Mock::start(args.mock_port, false)?,
        secure: Mock::start(0, true)?,
        kinds,
        rounds,
        pace,
    };
    say(&format!("{}{rounds} rounds\n\n", report::machine()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = LocalSet::new().block_on(&runtime, bench.run_all(cases))?;
    say(&report::summary(&done))?;
    say(&report::machine())?;
    if let Some(file) = &args.json {
        let text = format!("{:#}\n", report::json(rounds, &done));
        std::fs::write(file, text).map_err(context(&file.display().to_string()))?;
    }
    Ok(())
}

/// Runs the soak, which is chosen by its whole name and then runs alone.
fn soak(args: &RunArgs) -> io::Result<()> {
    let program = args.llmx.as_deref();
    let program = program.ok_or_else(|| fault("the soak needs --llmx PATH"))?;
    let mock = Mock::start(args.mock_port, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let soak = soak::run(program, &mock.upstream, args.quick);
    let text = LocalSet::new().block_on(&runtime, soak)?;
    say(&format!("{}{text}", report::machine()))
}

fn chosen(only: &[String]) -> io::Result<Vec<Case>> {
    let mut cases = Case::all();
    let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
    cases.retain(|case| only.is_empty() || only.iter().any(|part| case.name.contains(part)));
    if cases.is_empty() {
        return Err(fault(format!(
            "--only matches none of: {} {}",
            names.join(" "),
            soak::NAME
        )));
    }
    Ok(cases)
}

fn kinds(args: &RunArgs) -> io::Result<Vec<Kind>> {
    let mut kinds = vec![Kind::Direct, Kind::Hyper];
    kinds.extend(nginx::find().map(Kind::Nginx));
    kinds.extend(args.llmx.clone().map(Kind::Llmx));
    kinds.extend(args.llmx.clone().map(Kind::Bridged));
    // An agent is started in a folder of its own.
    let found = |program: &Option<PathBuf>| program.as_ref().map(std::path::absolute).transpose();
    let llmx = found(&args.agent)?.map(Agent::Llmx);
    let codex = found(&args.codex)?.map(Agent::Codex);
    kinds.extend(llmx.into_iter().chain(codex).map(Kind::Agent));
    for peer in &args.peers {
        kinds.push(Kind::Peer(Peer::parse(peer)?));
    }
    kinds.retain(|kind| !args.without.iter().any(|name| name == kind.name()));
    Ok(kinds)
}

struct Bench {
    plain: Mock,
    secure: Mock,
    kinds: Vec<Kind>,
    rounds: u32,
    pace: Pace,
}

impl Bench {
    async fn run_all(&self, cases: Vec<Case>) -> io::Result<Vec<(Case, Results)>> {
        let mut done = Vec::new();
        for case in cases {
            let results = self.run_case(&case).await;
            say(&report::table(&case, &results))?;
            say("\n")?;
            done.push((case, results));
        }
        Ok(done)
    }

    async fn run_case(&self, case: &Case) -> Results {
        let upstream = if case.secure {
            &self.secure.upstream
        } else {
            &self.plain.upstream
        };
        let mut entrants: Vec<Entrant<'_>> = self
            .kinds
            .iter()
            .filter(|kind| case.concerns(kind))
            .map(Entrant::new)
            .collect();
        let mut results = Results::new(entrants.iter().map(|entrant| entrant.kind.name()));
        for round in 0..self.rounds as usize {
            for turn in 0..entrants.len() {
                let position = (round + turn) % entrants.len();
                let Some(entrant) = entrants.get_mut(position) else {
                    continue;
                };
                let outcome = entrant.measure(case, upstream, self.pace).await;
                let (sample, faults) =
                    outcome.unwrap_or_else(|error| (Sample::new(), vec![error.to_string()]));
                results.add(entrant.kind.name(), sample, faults);
            }
        }
        results
    }
}

/// A side in one case, with its process if that lives from round to round.
struct Entrant<'a> {
    kind: &'a Kind,
    running: Option<Side>,
}

impl<'a> Entrant<'a> {
    fn new(kind: &'a Kind) -> Self {
        Self {
            kind,
            running: None,
        }
    }

    async fn measure(
        &mut self,
        case: &Case,
        upstream: &Upstream,
        pace: Pace,
    ) -> io::Result<(Sample, Vec<String>)> {
        if let (work::Work::Agent(job), Kind::Agent(agent)) = (case.work, self.kind) {
            return Ok((agent::measure(agent, job, upstream, pace)?, Vec::new()));
        }
        if case.work == work::Work::Startup {
            return work::measure_start(self.kind, upstream).await;
        }
        if case.work.needs_fresh_process() {
            self.running = None;
        }
        let side = match self.running.take() {
            Some(side) => side,
            None => self.kind.start(upstream)?,
        };
        let side = self.running.insert(side);
        let outcome = work::measure(case.work, side, pace).await;
        if case.work.needs_fresh_process() {
            self.running = None;
        }
        outcome
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

const DEFAULT_ROUNDS: u32 = 5;
