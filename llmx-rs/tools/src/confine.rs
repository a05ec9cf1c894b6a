//! Starts commands under the policy of the session, or free where the user allowed it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use llmx_protocol::{SandboxFacts, SandboxPolicy};
use llmx_sandbox::{Concealed, Launch, Report, Request, Sandbox, SandboxError, Terminal};

use crate::files::View;
use crate::group::Warden;
use crate::tool::Permit;

/// How the commands of a session are held.
#[derive(Debug)]
pub struct Confinement {
    policy: SandboxPolicy,
    workspace: PathBuf,
    settings: llmx_sandbox::Settings,
    /// The whole environment of commands, already scrubbed of secrets.
    environment: Vec<(OsString, OsString)>,
    /// Found out when the first command needs it.
    sandbox: OnceLock<Sandbox>,
    /// Started when the first command needs it; none where that fails.
    warden: OnceLock<Option<Warden>>,
    /// Whether a person was told what holds commands.
    told: AtomicBool,
}

impl Confinement {
    /// Holds commands in `workspace` to `policy`.
    pub fn new(
        policy: SandboxPolicy,
        workspace: PathBuf,
        settings: llmx_sandbox::Settings,
        environment: Vec<(OsString, OsString)>,
    ) -> Self {
        Self {
            policy,
            workspace,
            settings,
            environment,
            sandbox: OnceLock::new(),
            warden: OnceLock::new(),
            told: AtomicBool::new(false),
        }
    }

    /// Returns the directory of the session.
    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Returns whether anything holds a call with this permit.
    pub(crate) fn holds(&self, permit: Permit) -> bool {
        permit == Permit::Confined && self.policy != SandboxPolicy::DangerFullAccess
    }

    /// Returns what ends the commands that nothing holds, should this process be killed.
    pub(crate) fn warden(&self, permit: Permit) -> Option<&Warden> {
        if self.holds(permit) {
            return None;
        }
        let start = || Warden::start(&self.own_program()).ok();
        self.warden.get_or_init(start).as_ref()
    }

    /// Returns a variable as commands will see it.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let mut variables = self.environment.iter();
        let (_, value) = variables.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Returns, once, what holds commands, if it is known by now.
    pub(crate) fn take_facts(&self) -> Option<SandboxFacts> {
        let report = self.sandbox.get()?.report();
        let is_news = !self.told.swap(true, Ordering::Relaxed);
        is_news.then(|| SandboxFacts {
            policy: self.policy.mode(),
            rung: report.rung.map(|rung| rung.to_string()),
            reason: match self.policy {
                SandboxPolicy::DangerFullAccess => "the policy holds nothing".to_owned(),
                _ => report.reason(),
            },
            weaknesses: report.weaknesses.clone(),
        })
    }

    /// Returns which boundary holds commands on this machine. The first time it is found out, which
    /// takes a few milliseconds.
    pub fn report(&self) -> &Report {
        self.sandbox().report()
    }

    /// Returns what the tools that start no command may read.
    pub(crate) fn view(&self, permit: Permit) -> Result<View, String> {
        let concealed = match self.holds(permit) {
            true => self.settings.concealed(&self.policy, &self.workspace),
            false => Ok(Concealed::default()),
        };
        Ok(View {
            workspace: self.workspace.clone(),
            concealed: concealed.map_err(|error| error.to_string())?,
        })
    }

    /// Opens the file at `path` if the tools of the session may read it.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        let view = self.view(Permit::Confined).map_err(io::Error::other)?;
        Ok(view.open_path(path)?.file)
    }

    /// Returns the path of this very program, as it is reached from inside of the sandbox.
    pub(crate) fn own_program(&self) -> String {
        let program = match cfg!(target_os = "linux") {
            true => Ok(self.settings.helper.clone()),
            // Elsewhere no helper comes between, and the program is where it is.
            false => std::env::current_exe(),
        };
        program.unwrap_or_default().display().to_string()
    }

    /// Makes what starts `command`.
    pub(crate) fn command(
        &self,
        command: &[String],
        workdir: &Path,
        permit: Permit,
        terminal: Terminal,
    ) -> Result<Command, SandboxError> {
        let launch = self.launch(command, workdir, permit, terminal)?;
        let environment = self.environment.iter();
        Ok(launch.command(environment.map(|(name, value)| (name, value))))
    }

    fn launch(
        &self,
        command: &[String],
        workdir: &Path,
        permit: Permit,
        terminal: Terminal,
    ) -> Result<Launch, SandboxError> {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        let free = SandboxPolicy::DangerFullAccess;
        let policy = match permit {
            Permit::Confined => &self.policy,
            Permit::Unconfined => &free,
        };
        self.sandbox().launch(&Request {
            policy,
            workspace: &self.workspace,
            workdir,
            command: &command,
            terminal,
        })
    }

    fn sandbox(&self) -> &Sandbox {
        self.sandbox.get_or_init(|| {
            let mut settings = self.settings.clone();
            if self.policy == SandboxPolicy::DangerFullAccess {
                // Nothing is held, so there is nothing to find out.
                settings.rungs.clear();
            }
            Sandbox::probe(settings)
        })
    }
}
