//! Applies a patch where it is allowed to: in this process, or in a child that the sandbox holds.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use llmx_sandbox::Terminal;
use serde::{Deserialize, Serialize};

use super::disk::{self, Disk, Failure};
use super::parse::parse;
use super::plan::Changed;
use crate::confine::Confinement;
use crate::group::{AskFault, ask};
use crate::tool::Permit;

/// What came of a patch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Report {
    Applied(Vec<Changed>),
    /// Why nothing has changed.
    Refused(String),
    /// Why something may have changed.
    Unclear(String),
}

/// Applies `patch` to the files that it names from `cwd`.
///
/// Once it has begun it is finished even if nobody waits any more: it takes milliseconds, and half
/// of a patch would be worse than all of it.
pub(super) async fn apply(
    confinement: Arc<Confinement>,
    patch: String,
    cwd: PathBuf,
    permit: Permit,
) -> Report {
    let work = async move {
        if !confinement.holds(permit) {
            let here = tokio::task::spawn_blocking(move || apply_here(&patch, cwd)).await;
            return here.unwrap_or_else(|error| Report::Unclear(error.to_string()));
        }
        match in_child(&confinement, &patch, &cwd, permit).await {
            Ok(report) => report,
            Err(why) => Report::Refused(why),
        }
    };
    let finished = tokio::spawn(work).await;
    finished.unwrap_or_else(|error| Report::Unclear(error.to_string()))
}

/// Applies a patch with the rights of this process.
fn apply_here(patch: &str, cwd: PathBuf) -> Report {
    let patch = match parse(patch) {
        Ok(patch) => patch,
        Err(fault) => return Report::Refused(fault.to_string()),
    };
    let plan = match patch.plan(&Disk { cwd }) {
        Ok(plan) => plan,
        Err(fault) => return Report::Refused(fault.to_string()),
    };
    match disk::carry_out(&plan) {
        Ok(()) => Report::Applied(plan.changes),
        Err(Failure::Undone(why)) => Report::Refused(why),
        Err(Failure::Partly(why)) => Report::Unclear(why),
    }
}

async fn in_child(
    confinement: &Confinement,
    patch: &str,
    cwd: &Path,
    permit: Permit,
) -> Result<Report, String> {
    let command = [confinement.own_program(), PATCHER.to_owned()];
    let command = confinement
        .command(&command, cwd, permit, Terminal::None)
        .map_err(|error| error.to_string())?;
    let output = match ask(command, patch.as_bytes(), MOST_SAID, LONGEST).await {
        Ok(output) => output,
        Err(AskFault::TooSlow(limit)) => {
            let limit = limit.as_secs();
            let why = format!("it took longer than {limit} s and was stopped.");
            return Ok(Report::Unclear(why));
        }
        Err(AskFault::NotStarted(error) | AskFault::Lost(error)) => {
            return Err(format!("the sandbox cannot be started: {error}"));
        }
    };
    let said = String::from_utf8_lossy(&output.stderr.bytes);
    let said = said.trim();
    Ok(match serde_json::from_slice(&output.stdout.bytes) {
        // What may not be there was taken away again after the report.
        Ok(Report::Applied(_)) if !said.is_empty() => Report::Unclear(said.to_owned()),
        Ok(report) => report,
        Err(_no_report) => {
            let status = output.status;
            Report::Unclear(format!("the sandbox ended with {status}: {said}."))
        }
    })
}

/// Becomes the child that applies a patch, if this process was started as one.
///
/// It reads the patch from its standard input and writes a report for its parent. Must come after
/// [`llmx_sandbox::run_as_helper`] and before anything else that looks at arguments.
pub fn run_as_patcher() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != PATCHER || arguments.next().is_some() {
        return None;
    }
    let mut patch = String::new();
    let report = match (io::stdin().read_to_string(&mut patch), env::current_dir()) {
        (Ok(_), Ok(cwd)) => apply_here(&patch, cwd),
        (Err(error), _) | (_, Err(error)) => Report::Refused(error.to_string()),
    };
    let text = serde_json::to_string(&report).unwrap_or_default();
    let written = io::stdout().write_all(text.as_bytes());
    Some(ExitCode::from(u8::from(written.is_err())))
}

/// The argument that makes this program the child.
const PATCHER: &str = "apply-patch-helper";
/// Far more than any patch takes; a file system may hang.
const LONGEST: Duration = Duration::from_secs(60);
/// Far more than the report of any patch that a model can write.
const MOST_SAID: usize = 64 << 20;
