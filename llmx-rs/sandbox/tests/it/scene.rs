//! A place to escape from: a workspace, what lies outside it, a home with secrets.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use llmx_sandbox::{Owner, Rung, Sandbox, Settings};
use tempfile::TempDir;

/// One rung, one user, and a fresh set of directories.
pub(crate) struct Scene {
    pub(crate) rung: Rung,
    place: TempDir,
    /// Whether commands run as a user without rights.
    pub(crate) nobody: bool,
}

pub(crate) const READ_ONLY: &str = r#"{"type":"read-only"}"#;
pub(crate) const WORKSPACE: &str =
    r#"{"type":"workspace-write","exclude_slash_tmp":true,"exclude_tmpdir_env_var":true}"#;
pub(crate) const ONLINE: &str = r#"{"type":"workspace-write","exclude_slash_tmp":true,"exclude_tmpdir_env_var":true,"network_access":true}"#;
pub(crate) const FREE: &str = r#"{"type":"danger-full-access"}"#;

/// Runs `test` on each rung of this machine, as each user that it can be.
#[expect(clippy::print_stderr, reason = "it is shown with a test that failed")]
pub(crate) fn everywhere(test: impl Fn(&Scene)) {
    for &rung in usable_rungs() {
        for nobody in [false, true] {
            if nobody && !may_become_nobody() {
                continue;
            }
            let scene = Scene::new(rung, nobody);
            eprintln!("-- {rung}, {}", if nobody { "nobody" } else { "this user" });
            test(&scene);
        }
    }
}

/// Returns the rungs that hold here. That there is none is a failure; a missing one is said.
pub(crate) fn usable_rungs() -> &'static [Rung] {
    static RUNGS: OnceLock<Vec<Rung>> = OnceLock::new();
    RUNGS.get_or_init(|| {
        let mut usable = Vec::new();
        for &rung in Rung::LADDER {
            let sandbox = Sandbox::probe(settings(vec![rung]));
            match sandbox.report().passed_over.first() {
                None => usable.push(rung),
                Some(passed) => skip(&format!("rung {rung}: {}", passed.reason)),
            }
        }
        assert!(!usable.is_empty(), "no rung holds on this machine");
        usable
    })
}

pub(crate) fn settings(rungs: Vec<Rung>) -> Settings {
    let mut settings = Settings::new(Owner {
        environment: std::env::vars_os()
            .filter(|(name, _)| name == "PATH")
            .collect(),
        ..Owner::default()
    });
    settings.helper = HARNESS.into();
    settings.rungs = rungs;
    settings
}

impl Scene {
    pub(crate) fn new(rung: Rung, nobody: bool) -> Self {
        // Not below /tmp, which is writable by default: no home is there.
        let place = tempfile::Builder::new()
            .prefix("llmx sandbox\n")
            .tempdir_in("/var/tmp")
            .unwrap();
        let scene = Self {
            rung,
            place,
            nobody,
        };
        fs::set_permissions(scene.place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in [
            "ws",
            "outside",
            "home",
            "home/.ssh",
            "home/.llmx",
            "home/.llmx/prompts",
        ] {
            fs::create_dir(scene.path(name)).unwrap();
        }
        for (name, text) in [
            ("outside/file", "untouched"),
            ("home/.ssh/id", SECRET),
            ("home/.netrc", SECRET),
            ("home/.llmx/auth.json", SECRET),
            ("home/.llmx/config.toml", SECRET),
            ("home/.llmx/prompts/a.md", "a prompt"),
        ] {
            fs::write(scene.path(name), text).unwrap();
        }
        // A file that this process wrote would be busy for as long as any test starts a process.
        let copied = Command::new("cp")
            .arg(HARNESS)
            .arg(scene.path("harness"))
            .status();
        assert!(copied.unwrap().success());
        scene.give("");
        scene
    }

    /// Makes everything below `name` the user's who runs commands here.
    pub(crate) fn give(&self, name: &str) {
        fn all(path: &Path) {
            std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            if path.symlink_metadata().unwrap().is_dir() {
                for entry in fs::read_dir(path).unwrap() {
                    all(&entry.unwrap().path());
                }
            }
        }
        if self.nobody {
            all(&self.path(name));
            chown(self.place.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().canonicalize().unwrap().join(name)
    }

    /// Returns a shell that runs `script` in the workspace under `policy`. The script finds the
    /// scene in `$OUTSIDE`, `$HOME` and `$HARNESS`.
    pub(crate) fn shell(&self, policy: &str, script: &str) -> Command {
        self.command(policy, "ws", &["sh", "-c", script])
    }

    pub(crate) fn command(&self, policy: &str, workspace: &str, words: &[&str]) -> Command {
        let mut command = if self.nobody {
            let mut command = Command::new("setpriv");
            command.args(BECOME_NOBODY).arg(self.path("harness"));
            command
        } else {
            Command::new(self.path("harness"))
        };
        command
            .args(["run", &self.rung.to_string(), policy])
            .args([self.path(workspace), self.path("home")])
            .arg("--")
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("OUTSIDE", self.path("outside"))
            .env("HARNESS", self.path("harness"))
            .current_dir(self.path("ws"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, policy: &str, script: &str) -> Output {
        self.shell(policy, script).output().unwrap()
    }

    /// Runs `script` and fails if it says `ESCAPED`, or if something outside is not as it was.
    #[track_caller]
    pub(crate) fn refuses(&self, policy: &str, script: &str) -> String {
        let text = said(&self.run(policy, script));
        assert!(!text.contains("ESCAPED"), "{}: {script}\n{text}", self.rung);
        assert!(text.contains("END"), "did not run: {script}\n{text}");
        assert_eq!(
            fs::read_to_string(self.path("outside/file")).unwrap(),
            "untouched",
            "{script}"
        );
        assert_eq!(
            fs::read_dir(self.path("outside")).unwrap().count(),
            1,
            "{script}"
        );
        text
    }

    /// Runs `script`, which must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn works(&self, policy: &str, script: &str) -> String {
        let output = self.run(policy, script);
        assert!(
            output.status.success(),
            "{}: {script}\n{}",
            self.rung,
            said(&output)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

pub(crate) fn said(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    let has = found.is_ok_and(|output| output.status.success());
    if !has {
        skip(&format!("there is no {program}"));
    }
    has
}

/// Says past the capture of the test runner what is not tested here.
pub(crate) fn skip(what: &str) {
    let _closed = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

fn may_become_nobody() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| {
        let tried = Command::new("setpriv")
            .args(BECOME_NOBODY)
            .arg("true")
            .stderr(Stdio::null())
            .status();
        let may = tried.is_ok_and(|status| status.success());
        if !may {
            skip("not root, so no second user");
        }
        may
    })
}

pub(crate) const HARNESS: &str = env!("CARGO_BIN_EXE_llmx-sandbox-harness");
pub(crate) const SECRET: &str = "sk-secret-8d1f";
const NOBODY: u32 = 65534;
const BECOME_NOBODY: [&str; 5] = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];

#[expect(
    clippy::disallowed_methods,
    reason = "this thread waits for other processes"
)]
pub(crate) fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}
