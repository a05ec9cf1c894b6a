//! Finds the best rung that this machine has, by trying each.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use crate::credentials::Owner;
use crate::launch;
use crate::nested;
use crate::plan::{HELD, Plan, Stage};
use crate::protect::{PROTECTED_NAMES, Protected};
use crate::rung::{PassedOver, Report, Rung};

/// What a sandbox has to know beside the policy of each command.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program to start as helper: one whose `main` calls [`crate::run_as_helper`].
    pub helper: PathBuf,
    /// Whose credentials stay hidden.
    pub owner: Owner,
    /// Further files and directories that commands cannot read.
    pub hidden: Vec<PathBuf>,
    /// Names directly below a writable directory that stay read-only.
    pub protected_names: Vec<PathBuf>,
    /// The rungs that may be used, best first.
    pub rungs: Vec<Rung>,
    /// Where `bwrap` is; empty if there is none.
    pub bwrap: PathBuf,
}

impl Settings {
    /// The settings for `owner`, with this very program as helper and every rung allowed.
    pub fn new(owner: Owner) -> Self {
        let path = owner.environment.get(OsStr::new("PATH"));
        Self {
            bwrap: path.and_then(|path| find_bwrap(path)).unwrap_or_default(),
            // Unlike a path, this names the running program even while it is being replaced.
            helper: "/proc/self/exe".into(),
            owner,
            hidden: Vec::new(),
            protected_names: PROTECTED_NAMES.iter().map(PathBuf::from).collect(),
            rungs: Rung::LADDER.to_vec(),
        }
    }
}

/// The way this machine holds commands.
#[derive(Debug, Clone)]
pub struct Sandbox {
    settings: Settings,
    report: Report,
    /// The first workspace, and the repositories below it when its first command was started.
    nested: OnceLock<(PathBuf, Vec<PathBuf>)>,
}

impl Sandbox {
    /// Tries each rung in order, until one holds.
    ///
    /// Takes a few milliseconds and blocks meanwhile; the answer is good for as long as the
    /// program runs.
    pub fn probe(settings: Settings) -> Self {
        let mut report = Report {
            rung: None,
            passed_over: Vec::new(),
            weaknesses: Vec::new(),
        };
        for rung in settings.rungs.iter().copied() {
            // What fails for a moment must not weaken a whole session.
            match attempt(rung, &settings).or_else(|_| attempt(rung, &settings)) {
                Ok(notes) => {
                    report.rung = Some(rung);
                    report.weaknesses = rung.weaknesses().iter().map(ToString::to_string).collect();
                    report.weaknesses.extend(notes);
                    break;
                }
                Err(reason) => report.passed_over.push(PassedOver {
                    rung,
                    cure: cure(rung).to_owned(),
                    reason,
                }),
            }
        }
        Self {
            settings,
            report,
            nested: OnceLock::new(),
        }
    }

    /// Returns the repositories below `workspace` that were there before its first command: what
    /// commands make themselves is theirs.
    pub(crate) fn nested(&self, workspace: &Path) -> Vec<PathBuf> {
        let find = || (workspace.to_owned(), nested::repositories(workspace));
        let (of, found) = self.nested.get_or_init(find);
        match of == workspace {
            true => found.clone(),
            false => nested::repositories(workspace),
        }
    }

    /// Returns which rung is in use, and why the better ones are not.
    pub fn report(&self) -> &Report {
        &self.report
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Has the helper set up a sandbox in which nothing is allowed, and try to write in it. Returns
/// what the helper found weaker here than elsewhere.
fn attempt(rung: Rung, settings: &Settings) -> Result<Vec<String>, String> {
    if rung == Rung::Bubblewrap && settings.bwrap.as_os_str().is_empty() {
        return Err("there is no bwrap on the path".to_owned());
    }
    if rung == Rung::Seatbelt {
        let there = Path::new("/usr/bin/sandbox-exec").exists();
        return there
            .then(Vec::new)
            .ok_or_else(|| "/usr/bin/sandbox-exec is missing".to_owned());
    }
    let plan = Plan {
        rung,
        stage: Stage::Probe,
        owner: std::process::id(),
        workdir: "/".into(),
        writable: Vec::new(),
        protected: Protected::default(),
        hidden: Vec::new(),
        network: false,
        new_session: true,
        own_terminal: false,
        bwrap: settings.bwrap.clone(),
    };
    let launch = launch::helper(&settings.helper, &plan, &["probe".into()])
        .map_err(|error| error.to_string())?;
    let output = launch
        .command::<&str, &str>([])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("the helper cannot be started: {error}"))?;
    if output.status.success() {
        let answer = String::from_utf8_lossy(&output.stdout);
        let mut lines = answer.lines().map(str::to_owned);
        return match lines.next() {
            Some(line) if line == HELD => Ok(lines.collect()),
            _ => Err(format!("{} is not the helper", settings.helper.display())),
        };
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("llmx sandbox: ");
    Err(match said.is_empty() {
        true => format!("the helper ended with {}", output.status),
        false => said.to_owned(),
    })
}

/// Returns what would make a rung available here.
fn cure(rung: Rung) -> &'static str {
    let says =
        |path: &str, value: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    match rung {
        Rung::Namespaces if says("/proc/sys/kernel/unprivileged_userns_clone", "0") => {
            "sysctl kernel.unprivileged_userns_clone=1 allows it"
        }
        Rung::Namespaces if says("/proc/sys/user/max_user_namespaces", "0") => {
            "sysctl user.max_user_namespaces=1000 allows it"
        }
        Rung::Namespaces
            if says(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1",
            ) =>
        {
            "AppArmor forbids it: install bubblewrap, or allow `userns` to llmx in an AppArmor profile"
        }
        Rung::Namespaces => {
            "inside a container or another sandbox this is usual; otherwise it needs Linux 5.12 with user namespaces"
        }
        Rung::Bubblewrap => "the package bubblewrap has it",
        Rung::Landlock => "it needs Linux 6.2 or newer with `landlock` among its security modules",
        Rung::Seatbelt => "it is part of macOS",
    }
}

fn find_bwrap(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join("bwrap"))
        .find(|program| program.is_file())
}
