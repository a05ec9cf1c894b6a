//! A place where two users meet: one that holds a key, and one that must not get it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::{OUR_VARIABLES, World};

/// A directory that both users can enter, with `llmx` on its path.
pub(crate) struct Scene {
    world: World,
    /// Whether this test may become another user.
    pub(crate) two: bool,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self {
            world: World::new(),
            two: may_become_another(),
        };
        fs::create_dir(scene.path("bin")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_llmx"), scene.path("bin/llmx")).unwrap();
        fs::set_permissions(scene.world.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if scene.two {
            for name in ["home", "work"] {
                chown(scene.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        if !has("jq") {
            // The page reads one field of one line; where jq is missing, sed reads it as well.
            let jq = "#!/bin/sh\nsed -n 's/.*\"port\": *\\([0-9]*\\).*/\\1/p' \"$2\"\n";
            fs::write(scene.path("bin/jq"), jq).unwrap();
            fs::set_permissions(scene.path("bin/jq"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.world.path().join(name)
    }

    /// Returns `sh` running the page's `script`, with this test's place for the server info.
    pub(crate) fn sh(&self, wrapper: &[&str], script: &str) -> Command {
        let info = self.path(INFO).display().to_string();
        let script = script.replace("/tmp/server-info.json", &info);
        let words: Vec<_> = wrapper
            .iter()
            .copied()
            .chain(["sh", "-ec", &script])
            .collect();
        let path = format!(
            "{}:{}",
            self.path("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(self.path("work"))
            .env("PATH", path)
            .stdin(Stdio::null());
        for variable in OUR_VARIABLES {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `script` as the user without the key.
    pub(crate) fn as_other_user(&self, script: &str) -> Output {
        let wrapper: &[&str] = if self.two { &BECOME_NOBODY } else { &[] };
        let home = self.path("home");
        let mut command = self.sh(wrapper, script);
        command
            .env("HOME", &home)
            .env("LLMX_HOME", &home)
            .output()
            .unwrap()
    }
}

/// Where the proxy says that it listens.
pub(crate) const INFO: &str = "server-info.json";

/// The user `nobody`, who exists wherever there is a root to become one.
pub(crate) const NOBODY: u32 = 65534;
const BECOME_NOBODY: [&str; 6] = [
    "setpriv",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
];

fn may_become_another() -> bool {
    let [setpriv, flags @ ..] = BECOME_NOBODY;
    let probe = Command::new(setpriv)
        .args(flags)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}
