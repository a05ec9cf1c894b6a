//! What the helper shall set up: a policy and a place, resolved to absolute paths.

use std::path::{Path, PathBuf};

use llmx_protocol::SandboxPolicy;
use serde::{Deserialize, Serialize};

use crate::credentials::Hidden;
use crate::error::SandboxError;
use crate::protect::Protected;
use crate::rung::Rung;
use crate::text;

/// What the helper shall set up. It is handed over as JSON in [`VARIABLE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) rung: Rung,
    pub(crate) stage: Stage,
    /// The process whose end is the end of the command.
    pub(crate) owner: u32,
    #[serde(with = "text::path")]
    pub(crate) workdir: PathBuf,
    /// Directories that may be written; none lies in another.
    #[serde(with = "text::paths")]
    pub(crate) writable: Vec<PathBuf>,
    pub(crate) protected: Protected,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) network: bool,
    /// Whether the command gets a session of its own, without the terminal of its starter.
    pub(crate) new_session: bool,
    /// Whether its standard input is a terminal that its session is to control.
    pub(crate) own_terminal: bool,
    /// Where `bwrap` is, on the rung that uses it.
    #[serde(with = "text::path")]
    pub(crate) bwrap: PathBuf,
}

/// Which part of the work a helper has been started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// All of it, and then the command.
    Run,
    /// All of it, and then an attempt to write, which must fail.
    Probe,
    /// What remains inside the namespaces that `bwrap` made, with the descriptors to report on.
    Inside {
        orders: i32,
        status: i32,
        probe: bool,
    },
}

/// What a policy means in one place.
pub(crate) struct Grant {
    pub(crate) writable: Vec<PathBuf>,
    pub(crate) protected: Protected,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) network: bool,
}

impl Grant {
    /// Resolves `policy` for a workspace. `stores` are the credential stores that exist.
    pub(crate) fn resolve(
        policy: &SandboxPolicy,
        workspace: &Path,
        tmpdir: Option<&Path>,
        protected_names: &[PathBuf],
        stores: &[Hidden],
    ) -> Result<Self, SandboxError> {
        let workspace = workspace
            .canonicalize()
            .map_err(|cause| SandboxError::Workdir {
                path: workspace.to_owned(),
                cause,
            })?;
        let mut roots = Vec::new();
        let mut protected = Protected::default();
        if let SandboxPolicy::WorkspaceWrite {
            writable_roots,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
            ..
        } = policy
        {
            roots.push(workspace.clone());
            for path in writable_roots {
                roots.push(usable(&workspace.join(path))?);
            }
            for root in &roots {
                protected.add(root, protected_names);
            }
            // Where temporary files go need not exist, and is no project to protect.
            let temporary = [
                tmpdir.filter(|_| !exclude_tmpdir_env_var),
                Some(Path::new("/tmp")).filter(|_| !exclude_slash_tmp),
            ];
            let temporary = temporary.into_iter().flatten();
            roots.extend(temporary.filter_map(|path| usable(path).ok()));
            roots.append(&mut protected.git_directories);
        }
        if roots.iter().any(|root| root.parent().is_none()) {
            return Err(SandboxError::WholeSystem);
        }
        let mut shown = roots.clone();
        shown.push(workspace);
        Ok(Self {
            writable: outermost(roots),
            protected,
            hidden: show(stores, &shown),
            network: policy.network_access(),
        })
    }
}

fn usable(path: &Path) -> Result<PathBuf, SandboxError> {
    let failed = |cause| SandboxError::WritableRoot {
        path: path.to_owned(),
        cause,
    };
    let resolved = path.canonicalize().map_err(failed)?;
    if !resolved.is_dir() {
        return Err(failed(std::io::ErrorKind::NotADirectory.into()));
    }
    Ok(resolved)
}

/// Leaves out what lies in another of the list.
fn outermost(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort();
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths {
        // Sorted by component, so a directory comes right before what it holds.
        if !kept.last().is_some_and(|last| path.starts_with(last)) {
            kept.push(path);
        }
    }
    kept
}

/// Keeps `shown` directories in view although a store around them is hidden.
fn show(stores: &[Hidden], shown: &[PathBuf]) -> Vec<Hidden> {
    let mut hidden: Vec<_> = stores
        .iter()
        .filter(|store| !shown.contains(&store.path))
        .cloned()
        .collect();
    for store in &mut hidden {
        let within = shown.iter().filter(|path| path.starts_with(&store.path));
        store.exposed.extend(within.cloned());
        store.exposed = outermost(std::mem::take(&mut store.exposed));
    }
    hidden
}

/// The variable that carries the plan to the helper, which removes it.
pub(crate) const VARIABLE: &str = "LLMX_SANDBOX_PLAN";
/// The first argument that makes this program the helper.
pub(crate) const HELPER: &str = "sandbox-helper";
/// What the helper prints when a probe held, so that no other program passes for a helper.
pub(crate) const HELD: &str = "llmx sandbox held";

#[cfg(test)]
mod tests {
    use super::*;
    use llmx_protocol::SandboxMode;

    #[test]
    fn a_root_in_a_root_is_granted_once() {
        let paths = ["/a/b", "/a", "/a-b", "/c/d", "/a/b/c"].map(PathBuf::from);
        assert_eq!(
            outermost(paths.to_vec()),
            ["/a", "/a-b", "/c/d"].map(PathBuf::from)
        );
    }

    #[test]
    fn read_only_grants_nothing_and_the_root_is_never_granted() {
        let place = tempfile::tempdir().unwrap();
        let resolve = |policy: &SandboxPolicy, workspace: &Path| {
            Grant::resolve(policy, workspace, None, &[], &[])
        };
        let grant = resolve(&SandboxMode::ReadOnly.into(), place.path()).unwrap();
        assert!(grant.writable.is_empty() && !grant.network);
        let all = resolve(&SandboxMode::WorkspaceWrite.into(), Path::new("/"));
        assert!(matches!(all, Err(SandboxError::WholeSystem)));
    }

    #[test]
    fn a_workspace_inside_a_hidden_store_stays_visible() {
        let store = Hidden {
            path: "/h/.llmx".into(),
            exposed: vec!["/h/.llmx/prompts".into()],
        };
        let hidden = show(&[store], &["/h/.llmx/trees/a".into()]);
        assert_eq!(
            hidden.first().unwrap().exposed,
            ["/h/.llmx/prompts", "/h/.llmx/trees/a"].map(PathBuf::from)
        );
        assert!(show(&hidden, &["/h/.llmx".into()]).is_empty());
    }

    #[test]
    fn a_plan_survives_the_way_to_the_helper_whatever_the_paths_are() {
        use std::os::unix::ffi::OsStringExt;
        let odd = PathBuf::from(std::ffi::OsString::from_vec(b"/a b\n\xff".to_vec()));
        let plan = Plan {
            rung: Rung::Landlock,
            stage: Stage::Inside {
                orders: 3,
                status: 4,
                probe: true,
            },
            owner: 1,
            workdir: odd.clone(),
            writable: vec![odd.clone(), "/b".into()],
            protected: Protected::default(),
            hidden: vec![Hidden {
                path: odd,
                exposed: Vec::new(),
            }],
            network: false,
            new_session: true,
            own_terminal: false,
            bwrap: PathBuf::new(),
        };
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }
}
