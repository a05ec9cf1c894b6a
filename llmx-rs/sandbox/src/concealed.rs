//! Tells what a policy hides from commands, for those who read files on behalf of the model
//! without starting one.

use std::path::Path;

use llmx_protocol::SandboxPolicy;

use crate::credentials::Hidden;
use crate::error::SandboxError;
use crate::plan::Grant;
use crate::probe::Settings;

/// What commands under a policy cannot read.
#[derive(Debug, Clone, Default)]
pub struct Concealed {
    hidden: Vec<Hidden>,
}

impl Settings {
    /// Finds out what commands in `workspace` under `policy` cannot read.
    pub fn concealed(
        &self,
        policy: &SandboxPolicy,
        workspace: &Path,
    ) -> Result<Concealed, SandboxError> {
        if *policy == SandboxPolicy::DangerFullAccess {
            return Ok(Concealed::default());
        }
        let grant = Grant::resolve(
            policy,
            workspace,
            None,
            &self.protected_names,
            &self.owner.stores(&self.hidden),
        )?;
        Ok(Concealed {
            hidden: grant.hidden,
        })
    }
}

impl Concealed {
    /// Returns whether `path`, which is absolute and has no symbolic links in it, is hidden.
    pub fn is_hidden(&self, path: &Path) -> bool {
        self.hidden.iter().any(|store| {
            let mut exposed = store.exposed.iter();
            path.starts_with(&store.path) && !exposed.any(|shown| path.starts_with(shown))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use llmx_protocol::SandboxMode;

    use super::*;
    use crate::credentials::Owner;

    #[test]
    fn stores_are_hidden_and_what_is_shown_inside_of_them_is_not() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for directory in [".ssh", "work", "llmx/prompts"] {
            fs::create_dir_all(home.join(directory)).unwrap();
        }
        let settings = Settings::new(Owner {
            llmx_home: Some(home.join("llmx")),
            home: Some(home.clone()),
            ..Owner::default()
        });
        let under = |mode: SandboxMode| {
            let work = home.join("work");
            let concealed = settings.concealed(&mode.into(), &work).unwrap();
            let home = home.clone();
            move |path: &str| concealed.is_hidden(&home.join(path))
        };
        for mode in [SandboxMode::ReadOnly, SandboxMode::WorkspaceWrite] {
            let hidden = under(mode);
            assert!(hidden(".ssh/id") && hidden(".ssh") && hidden("llmx/auth.json"));
            assert!(!hidden(".sshx") && !hidden("work/a") && !hidden("llmx/prompts/a"));
        }
        assert!(!under(SandboxMode::DangerFullAccess)(".ssh/id"));
    }
}
