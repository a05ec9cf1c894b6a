//! The tool `apply_patch`: changes files, all that a patch names or none.

mod arguments;
mod command;
mod disk;
mod edit;
mod fault;
mod parse;
mod plan;
mod seek;
mod text;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use llmx_protocol::{FileChange, FileChangeKind, ItemDetails, ItemError, ItemStatus};

use crate::confine::Confinement;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};

use self::worker::Report;

pub use command::in_command;
pub use fault::{Quote, Unplaced};
pub use parse::{ParseFault, Patch, parse};
pub use plan::{Changed, Files, Kind, Plan, PlanFault, Seen, Step, What};
pub use text::Cut;
pub use worker::run_as_patcher;

/// The tool `apply_patch`.
#[derive(Debug)]
pub(crate) struct ApplyPatch {
    confinement: Arc<Confinement>,
}

impl ApplyPatch {
    pub(crate) fn new(confinement: Arc<Confinement>) -> Self {
        Self { confinement }
    }
}

impl Tool for ApplyPatch {
    fn name(&self) -> &str {
        "apply_patch"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("patch.md").to_owned(),
            takes: Takes::Text {
                grammar: include_str!("patch.lark").to_owned(),
            },
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let (patch, directory) = arguments::read(input)?;
        let mut cwd = self.confinement.workspace().to_owned();
        cwd.extend(directory);
        job(&self.confinement, patch, cwd)
    }
}

/// Reads `patch` as one for the files that it names from `cwd`.
pub(crate) fn job(
    confinement: &Arc<Confinement>,
    patch: String,
    cwd: PathBuf,
) -> Result<Box<dyn Job>, String> {
    let changes = parse(&patch).map_err(|fault| fault.to_string())?.changes();
    Ok(Box::new(PatchJob {
        patch,
        changes,
        cwd,
        confinement: Arc::clone(confinement),
    }))
}

struct PatchJob {
    patch: String,
    changes: Vec<Changed>,
    cwd: PathBuf,
    confinement: Arc<Confinement>,
}

impl Job for PatchJob {
    fn shown(&self) -> ItemDetails {
        shown(&self.changes, &self.cwd, None, ItemStatus::InProgress)
    }

    fn reach(&self) -> Reach {
        let changes = self.changes.iter();
        let paths = changes.flat_map(|change| [Some(&change.path), change.to.as_ref()]);
        Reach::Changes {
            paths: paths.flatten().map(|path| self.cwd.join(path)).collect(),
        }
    }

    fn run(self: Box<Self>, permit: Permit) -> Running {
        Box::pin(async move {
            let Self {
                patch,
                changes,
                cwd,
                confinement,
            } = *self;
            let report = worker::apply(confinement, patch, cwd.clone(), permit).await;
            let (answer, error) = match report {
                Report::Applied(changes) => (applied(&changes), None),
                Report::Refused(why) => (
                    format!("The patch was not applied and no file has changed. {why}"),
                    Some(why),
                ),
                Report::Unclear(why) => (
                    format!(
                        "The patch failed, and some of it may have been applied; look at the files before you go on. {why}"
                    ),
                    Some(format!("some of it may have been applied: {why}")),
                ),
            };
            let status = match error {
                None => ItemStatus::Completed,
                Some(_) => ItemStatus::Failed,
            };
            Outcome::text(answer, shown(&changes, &cwd, error, status))
        })
    }
}

fn applied(changes: &[Changed]) -> String {
    let mut answer = "Success. The patch changed these files:\n".to_owned();
    for Changed { kind, path, to } in changes {
        let letter = match kind {
            Kind::Add => 'A',
            Kind::Delete => 'D',
            Kind::Update => 'M',
        };
        let line = match to {
            Some(to) => format!("{letter} {to} (was {path})\n"),
            None => format!("{letter} {path}\n"),
        };
        answer.push_str(&line);
    }
    answer
}

fn shown(
    changes: &[Changed],
    cwd: &Path,
    error: Option<String>,
    status: ItemStatus,
) -> ItemDetails {
    let one = |path: &str, kind| FileChange {
        path: cwd.join(path).display().to_string(),
        kind,
    };
    let changes = changes
        .iter()
        .flat_map(|Changed { kind, path, to }| match (kind, to) {
            (_, Some(to)) => vec![
                one(path, FileChangeKind::Delete),
                one(to, FileChangeKind::Add),
            ],
            (Kind::Add, None) => vec![one(path, FileChangeKind::Add)],
            (Kind::Delete, None) => vec![one(path, FileChangeKind::Delete)],
            (Kind::Update, None) => vec![one(path, FileChangeKind::Update)],
        });
    ItemDetails::FileChange {
        changes: changes.collect(),
        error: error.map(|message| ItemError { message }),
        status,
    }
}
