//! Turns a command and a policy into what a spawner starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use llmx_protocol::SandboxPolicy;

use crate::error::SandboxError;
#[cfg(not(target_os = "macos"))]
use crate::plan::Stage;
use crate::plan::{self, Grant, Plan};
use crate::probe::Sandbox;
use crate::rung::Rung;

/// A command, and under which policy it shall run.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// How far the command may reach.
    pub policy: &'a SandboxPolicy,
    /// The directory of the session: what `workspace-write` lets commands write.
    pub workspace: &'a Path,
    /// Where the command starts; being there grants nothing.
    pub workdir: &'a Path,
    /// The program and its arguments.
    pub command: &'a [OsString],
    /// What the command has to do with a terminal.
    pub terminal: Terminal,
}

/// What a command has to do with a terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Terminal {
    /// It gets a session of its own and so cannot reach the terminal of whoever started it.
    #[default]
    None,
    /// Its standard input is a terminal made for it, which its own session controls: Ctrl-C
    /// reaches it, job control works, and its end is the end of the terminal.
    Own,
    /// It stays in the session of whoever started it: the user's own terminal.
    Inherit,
}

/// What to start. The environment of the command is given at the end, by [`Launch::command`].
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program to start.
    pub program: OsString,
    /// The name that it sees itself under, where that differs.
    pub arg0: Option<OsString>,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that it needs beside those of the command, which does not see them.
    pub variables: Vec<(OsString, OsString)>,
    /// Where it starts.
    pub workdir: PathBuf,
    /// What whoever starts it makes it the leader of.
    pub leads: Leads,
}

/// What a process is made the leader of when it starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Leads {
    /// Nothing that the launch asks for.
    #[default]
    Nothing,
    /// A process group. What is started is the helper, which sees to the terminal itself.
    Group,
    /// A session that its standard input controls.
    Terminal,
}

impl Launch {
    /// Returns a command with exactly this environment, for pipes of any kind.
    ///
    /// For a spawner of terminals that has its own kind of command, the fields are public.
    pub fn command<N, V>(&self, environment: impl IntoIterator<Item = (N, V)>) -> Command
    where
        N: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let mut command = Command::new(&self.program);
        #[cfg(unix)]
        if let Some(name) = &self.arg0 {
            std::os::unix::process::CommandExt::arg0(&mut command, name);
        }
        command
            .args(&self.arguments)
            .current_dir(&self.workdir)
            .env_clear()
            .envs(environment)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        #[cfg(unix)]
        match self.leads {
            Leads::Nothing => {}
            Leads::Group => {
                std::os::unix::process::CommandExt::process_group(&mut command, 0);
            }
            Leads::Terminal => crate::session::lead(&mut command),
        }
        command
    }
}

impl Sandbox {
    /// Plans how to start `request`. Looks at the file system, and starts and changes nothing.
    pub fn launch(&self, request: &Request<'_>) -> Result<Launch, SandboxError> {
        let (program, arguments) = request
            .command
            .split_first()
            .ok_or(SandboxError::EmptyCommand)?;
        let workdir = request
            .workdir
            .canonicalize()
            .and_then(|path| match path.is_dir() {
                true => Ok(path),
                false => Err(io::ErrorKind::NotADirectory.into()),
            })
            .map_err(|cause| SandboxError::Workdir {
                path: request.workdir.to_owned(),
                cause,
            })?;
        if *request.policy == SandboxPolicy::DangerFullAccess {
            return Ok(Launch {
                program: program.clone(),
                arg0: None,
                arguments: arguments.to_vec(),
                variables: Vec::new(),
                workdir,
                leads: leads_directly(request.terminal),
            });
        }
        let Some(rung) = self.report().rung else {
            return Err(SandboxError::Refused(self.report().clone()));
        };
        let settings = self.settings();
        let tmpdir = settings
            .owner
            .environment
            .get(OsStr::new("TMPDIR"))
            .map(Path::new)
            .filter(|path| path.is_absolute());
        let mut grant = Grant::resolve(
            request.policy,
            request.workspace,
            tmpdir,
            &settings.protected_names,
            &settings.owner.stores(&settings.hidden),
        )?;
        if let (SandboxPolicy::WorkspaceWrite { .. }, Ok(workspace)) =
            (request.policy, request.workspace.canonicalize())
        {
            for root in self.nested(&workspace) {
                grant.protected.add_nested(&root, &settings.protected_names);
            }
        }
        self.hold(rung, grant, request, workdir)
    }

    #[cfg(target_os = "macos")]
    fn hold(
        &self,
        _rung: Rung,
        grant: Grant,
        request: &Request<'_>,
        workdir: PathBuf,
    ) -> Result<Launch, SandboxError> {
        Ok(Launch {
            leads: leads_directly(request.terminal),
            ..crate::seatbelt::launch(grant, request.command, workdir)
        })
    }

    #[cfg(not(target_os = "macos"))]
    fn hold(
        &self,
        rung: Rung,
        grant: Grant,
        request: &Request<'_>,
        workdir: PathBuf,
    ) -> Result<Launch, SandboxError> {
        if rung == Rung::Landlock {
            without_credentials(&grant)?;
        }
        let settings = self.settings();
        let plan = Plan {
            rung,
            stage: Stage::Run,
            owner: std::process::id(),
            workdir,
            writable: grant.writable,
            protected: grant.protected,
            hidden: grant.hidden,
            network: grant.network,
            new_session: request.terminal != Terminal::Inherit,
            own_terminal: request.terminal == Terminal::Own,
            bwrap: settings.bwrap.clone(),
        };
        helper(&settings.helper, &plan, request.command)
    }
}

/// Returns what starts the helper with `plan`.
pub(crate) fn helper(
    helper: &Path,
    plan: &Plan,
    command: &[OsString],
) -> Result<Launch, SandboxError> {
    let arguments = [plan::HELPER.into(), "--".into()];
    let text = serde_json::to_string(plan)?;
    if text.len() > LONGEST_PLAN {
        return Err(SandboxError::TooMuchToProtect(text.len()));
    }
    Ok(Launch {
        program: helper.into(),
        arg0: Some("llmx".into()),
        arguments: arguments
            .into_iter()
            .chain(command.iter().cloned())
            .collect(),
        variables: vec![(plan::VARIABLE.into(), text.into())],
        workdir: plan.workdir.clone(),
        leads: match plan.own_terminal {
            true => Leads::Group,
            false => Leads::Nothing,
        },
    })
}

/// Returns what a command leads that no helper starts.
fn leads_directly(terminal: Terminal) -> Leads {
    match terminal {
        Terminal::Own => Leads::Terminal,
        Terminal::None | Terminal::Inherit => Leads::Nothing,
    }
}

/// Landlock grants a directory with all that is in it, so no store may be in one.
#[cfg(not(target_os = "macos"))]
fn without_credentials(grant: &Grant) -> Result<(), SandboxError> {
    for root in &grant.writable {
        if let Some(store) = grant
            .hidden
            .iter()
            .find(|store| store.path.starts_with(root))
        {
            return Err(SandboxError::HoldsCredentials {
                root: root.clone(),
                secret: store.path.clone(),
            });
        }
    }
    Ok(())
}

/// Linux takes no longer string than 128 KiB in an environment; the variable's name is part of it.
const LONGEST_PLAN: usize = 120 << 10;
