//! Where people keep credentials, so that commands cannot read them.
//!
//! One table, each row with its reason. A row that is a directory is hidden as a whole, because a
//! file that its owner replaces while a command runs would come back into view.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::text;

/// A file or directory that commands cannot read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    #[serde(with = "text::path")]
    pub(crate) path: PathBuf,
    /// What stays visible below it.
    #[serde(with = "text::paths")]
    pub(crate) exposed: Vec<PathBuf>,
}

/// Whose credentials to look for: the paths and variables of the user that llmx works for.
#[derive(Debug, Clone, Default)]
pub struct Owner {
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Where llmx keeps its configuration, credentials and sessions.
    pub llmx_home: Option<PathBuf>,
    /// The environment, for the variables that move a store; others are not looked at.
    pub environment: BTreeMap<OsString, OsString>,
}

impl Owner {
    /// Returns the stores that exist, and `additions`, as absolute paths without symbolic links.
    pub(crate) fn stores(&self, additions: &[PathBuf]) -> Vec<Hidden> {
        let mut found: Vec<Hidden> = Vec::new();
        let in_home = self
            .home
            .iter()
            .flat_map(|home| IN_HOME.iter().map(move |(path, _reason)| home.join(path)));
        let moved = MOVED_BY
            .iter()
            .filter_map(|(variable, below, _reason)| {
                let value = Path::new(self.environment.get(Path::new(variable).as_os_str())?);
                Some(if below.is_empty() {
                    value.to_owned()
                } else {
                    value.join(below)
                })
            })
            .filter(|path| path.is_absolute());
        let system = SYSTEM.iter().map(|(path, _reason)| PathBuf::from(path));
        for path in in_home
            .chain(moved)
            .chain(system)
            .chain(additions.iter().cloned())
        {
            add(&mut found, &path, &[]);
        }
        if let Some(home) = &self.llmx_home {
            let exposed: Vec<_> = SHARED_BY_LLMX.iter().map(|name| home.join(name)).collect();
            add(&mut found, home, &exposed);
        }
        // A store inside another is hidden with it.
        let all = found.clone();
        found.retain(|one| {
            !all.iter()
                .any(|other| other.path != one.path && one.path.starts_with(&other.path))
        });
        found
    }
}

fn add(found: &mut Vec<Hidden>, path: &Path, exposed: &[PathBuf]) {
    let Ok(path) = path.canonicalize() else {
        return;
    };
    if path.parent().is_none() || found.iter().any(|hidden| hidden.path == path) {
        return;
    }
    let exposed = exposed.iter().filter_map(|path| path.canonicalize().ok());
    found.push(Hidden {
        exposed: exposed.filter(|below| below.starts_with(&path)).collect(),
        path,
    });
}

/// Stores below the home directory.
const IN_HOME: &[(&str, &str)] = &[
    (".ssh", "private keys and the hosts they open"),
    (".gnupg", "private keys"),
    (".aws", "access keys, session tokens"),
    (".azure", "tokens"),
    (".config/gcloud", "tokens, service account keys"),
    (".config/doctl", "token"),
    (".config/hcloud", "token"),
    (".config/op", "1Password sessions"),
    (".config/gh", "token of GitHub's program"),
    (".config/glab-cli", "token of GitLab's program"),
    (".config/hub", "token of GitHub's former program"),
    (".config/rclone", "passwords of storage services"),
    (".config/sops", "private keys"),
    (".config/age", "private keys"),
    (".config/containers/auth.json", "registry passwords"),
    (".config/git/credentials", "passwords in clear"),
    (".kube", "cluster tokens and client keys"),
    (".docker", "registry passwords; contexts hold client keys"),
    (".netrc", "passwords in clear"),
    (".git-credentials", "passwords in clear"),
    (".npmrc", "publish tokens"),
    (".yarnrc.yml", "publish tokens"),
    (".pypirc", "publish tokens"),
    (".gem/credentials", "publish token"),
    (".cargo/credentials", "publish token"),
    (".cargo/credentials.toml", "publish token"),
    (".m2/settings.xml", "repository passwords"),
    (
        ".m2/settings-security.xml",
        "the password of those passwords",
    ),
    (".gradle/gradle.properties", "repository passwords"),
    (".terraform.d/credentials.tfrc.json", "token"),
    (".vault-token", "token"),
    (".pgpass", "passwords in clear"),
    (".my.cnf", "passwords in clear"),
    (".password-store", "passwords"),
    (".local/share/keyrings", "GNOME keyring"),
    (".local/share/kwalletd", "KDE wallet"),
    (".local/share/password-store", "passwords"),
    ("Library/Keychains", "macOS keychain"),
    (".mozilla", "cookies and saved passwords"),
    (".thunderbird", "mail passwords"),
    (".config/google-chrome", "cookies and saved passwords"),
    (".config/chromium", "cookies and saved passwords"),
    (".config/BraveSoftware", "cookies and saved passwords"),
    (".config/microsoft-edge", "cookies and saved passwords"),
    (".config/vivaldi", "cookies and saved passwords"),
    ("snap/firefox", "cookies and saved passwords"),
    ("snap/chromium", "cookies and saved passwords"),
    (
        "Library/Application Support/Google/Chrome",
        "cookies and saved passwords",
    ),
    (
        "Library/Application Support/Firefox",
        "cookies and saved passwords",
    ),
    (".codex", "tokens, and sessions of another agent"),
    (".claude/.credentials.json", "tokens of another agent"),
    (".claude.json", "tokens of another agent"),
    (".gemini", "tokens of another agent"),
    (".local/share/opencode/auth.json", "tokens of another agent"),
    (".config/github-copilot", "tokens of another agent"),
    (".config/llmx", "keys"),
];

/// Stores that a variable moves: the variable, what is below it, and why.
const MOVED_BY: &[(&str, &str, &str)] = &[
    ("GNUPGHOME", "", "private keys"),
    ("AWS_SHARED_CREDENTIALS_FILE", "", "access keys"),
    ("AWS_CONFIG_FILE", "", "may hold access keys"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "", "token"),
    ("AZURE_CONFIG_DIR", "", "tokens"),
    ("CLOUDSDK_CONFIG", "", "tokens"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "", "service account key"),
    ("KUBECONFIG", "", "cluster tokens"),
    ("DOCKER_CONFIG", "", "registry passwords"),
    ("REGISTRY_AUTH_FILE", "", "registry passwords"),
    ("GH_CONFIG_DIR", "", "token"),
    ("GLAB_CONFIG_DIR", "", "token"),
    ("NETRC", "", "passwords in clear"),
    ("NPM_CONFIG_USERCONFIG", "", "publish tokens"),
    ("PGPASSFILE", "", "passwords in clear"),
    ("PASSWORD_STORE_DIR", "", "passwords"),
    ("CARGO_HOME", "credentials", "publish token"),
    ("CARGO_HOME", "credentials.toml", "publish token"),
    ("CODEX_HOME", "", "tokens of another agent"),
    (
        "CLAUDE_CONFIG_DIR",
        ".credentials.json",
        "tokens of another agent",
    ),
    ("XDG_CONFIG_HOME", "gh", "token"),
    ("XDG_CONFIG_HOME", "gcloud", "tokens"),
    ("XDG_DATA_HOME", "keyrings", "GNOME keyring"),
];

/// Stores of the machine that a user may happen to be able to read.
const SYSTEM: &[(&str, &str)] = &[
    ("/etc/shadow", "password hashes"),
    ("/etc/gshadow", "password hashes"),
    ("/etc/sudoers.d", "who may become whom"),
    ("/etc/ssl/private", "private keys"),
    ("/var/run/secrets", "tokens of the cluster this runs in"),
    ("/run/secrets", "secrets mounted into this container"),
];

/// What commands may need of the directory of llmx; the rest holds keys and other sessions.
const SHARED_BY_LLMX: &[&str] = &["prompts", "skills", "AGENTS.md", "AGENTS.override.md"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_what_exists_is_hidden_and_a_store_in_a_store_once() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        fs::create_dir_all(root.join(".llmx/prompts")).unwrap();
        fs::create_dir_all(root.join(".ssh/keys")).unwrap();
        fs::write(root.join(".netrc"), "x").unwrap();
        let owner = Owner {
            home: Some(root.clone()),
            llmx_home: Some(root.join(".llmx")),
            environment: BTreeMap::from([("GNUPGHOME".into(), root.join(".ssh/keys").into())]),
        };
        let stores = owner.stores(&[root.join("absent"), root.join(".llmx")]);
        let ours: Vec<_> = stores
            .iter()
            .filter(|hidden| hidden.path.starts_with(&root))
            .collect();
        assert_eq!(
            ours.iter().map(|hidden| &hidden.path).collect::<Vec<_>>(),
            [
                &root.join(".ssh"),
                &root.join(".netrc"),
                &root.join(".llmx")
            ]
        );
    }

    #[test]
    fn what_llmx_shares_stays_visible() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("prompts")).unwrap();
        fs::write(root.join("auth.json"), "{}").unwrap();
        let owner = Owner {
            llmx_home: Some(root.clone()),
            ..Owner::default()
        };
        let stores = owner.stores(&[]);
        let ours = stores.iter().find(|hidden| hidden.path == root).unwrap();
        assert_eq!(ours.exposed, [root.join("prompts")]);
    }
}
