//! Patches through the toolbox: in this process, and in a child that the sandbox holds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use llmx_protocol::{
    FileChange, FileChangeKind, ItemDetails, ItemStatus, SandboxMode, SandboxPolicy,
};
use llmx_tools::{Confinement, Input, Owner, Permit, Reach, Said, SandboxSettings, Toolbox};

const UPDATE: &str =
    "*** Begin Patch\n*** Update File: a\n-old\n+new\n*** Add File: sub/b\n+b\n*** End Patch";

#[tokio::test]
async fn a_patch_is_applied_and_told_alike_with_and_without_the_sandbox() {
    for mode in [SandboxMode::DangerFullAccess, SandboxMode::WorkspaceWrite] {
        let scene = Scene::new(mode);
        if !scene.can_hold() {
            continue;
        }
        let outcome = scene.apply("apply_patch", Input::Text(UPDATE)).await;
        assert_eq!(
            outcome.0,
            "Success. The patch changed these files:\nM a\nA sub/b\n"
        );
        let change = |path: &str, kind| FileChange {
            path: scene.work().join(path).display().to_string(),
            kind,
        };
        assert_eq!(
            outcome.1,
            ItemDetails::FileChange {
                changes: vec![
                    change("a", FileChangeKind::Update),
                    change("sub/b", FileChangeKind::Add),
                ],
                error: None,
                status: ItemStatus::Completed,
            }
        );
        assert_eq!(scene.read("a"), "new\n");
        assert_eq!(scene.read("sub/b"), "b\n");
        let again = scene.apply("apply_patch", Input::Text(UPDATE)).await;
        assert!(
            again
                .0
                .starts_with("The patch was not applied and no file has changed. In a,")
        );
        assert!(again.0.contains("already, at line 1"), "{}", again.0);
        let ItemDetails::FileChange { error, status, .. } = again.1 else {
            panic!("{:?}", again.1)
        };
        assert_eq!(status, ItemStatus::Failed);
        let why = error.unwrap().message;
        assert!(why.starts_with("In a,") && again.0.ends_with(&why), "{why}");
    }
}

#[tokio::test]
async fn a_call_of_the_program_is_a_call_of_the_tool() {
    let scene = Scene::new(SandboxMode::DangerFullAccess);
    fs::create_dir(scene.work().join("sub")).unwrap();
    let script =
        "cd sub && apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: c\n+c\n*** End Patch\nEOF";
    let arguments = serde_json::json!({"command": ["bash", "-lc", script]}).to_string();
    let outcome = scene.apply("shell", Input::Json(&arguments)).await;
    assert!(outcome.0.starts_with("Success."), "{}", outcome.0);
    assert_eq!(scene.read("sub/c"), "c\n");
    let arguments = serde_json::json!({"command": ["apply_patch", "*** Begin Patch"]}).to_string();
    let refused = scene
        .toolbox
        .prepare("shell", Input::Json(&arguments))
        .err();
    assert!(refused.unwrap().contains("*** End Patch"));
}

#[tokio::test]
async fn the_sandbox_holds_what_a_patch_writes() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite);
    if !scene.can_hold() {
        return;
    }
    let outside = scene.root.path().join("outside");
    symlink(&outside, scene.work().join("way-out")).unwrap();
    for path in [
        outside.join("x").display().to_string(),
        "../outside/x".to_owned(),
        "way-out/x".to_owned(),
    ] {
        let patch = format!(
            "*** Begin Patch\n*** Update File: a\n-old\n+new\n*** Add File: {path}\n+x\n*** End Patch"
        );
        let outcome = scene.apply("apply_patch", Input::Text(&patch)).await;
        assert!(outcome.0.contains("no file has changed"), "{}", outcome.0);
        assert_eq!(scene.read("a"), "old\n");
        assert!(!outside.join("x").exists());
    }
    let through = "*** Begin Patch\n*** Update File: way-out/y\n-y\n+z\n*** End Patch";
    fs::write(outside.join("y"), "y\n").unwrap();
    let outcome = scene.apply("apply_patch", Input::Text(through)).await;
    assert!(
        outcome.0.contains("The sandbox of this session"),
        "{}",
        outcome.0
    );
    assert_eq!(fs::read_to_string(outside.join("y")).unwrap(), "y\n");
    scene.assert_nothing_left_behind();
}

#[tokio::test]
async fn what_the_sandbox_takes_away_again_is_no_success() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite);
    if !scene.can_hold() {
        return;
    }
    let patch = "*** Begin Patch\n*** Add File: .llmx/config.toml\n+model = \"x\"\n*** End Patch";
    let (answer, shown) = scene.apply("apply_patch", Input::Text(patch)).await;
    assert!(answer.contains("commands may not create it"), "{answer}");
    let ItemDetails::FileChange { status, .. } = shown else {
        panic!("{shown:?}");
    };
    assert_eq!(status, ItemStatus::Failed);
    assert!(!scene.work().join(".llmx").exists());
}

#[tokio::test]
async fn a_read_only_session_changes_nothing() {
    let scene = Scene::new(SandboxMode::ReadOnly);
    if !scene.can_hold() {
        return;
    }
    let outcome = scene.apply("apply_patch", Input::Text(UPDATE)).await;
    assert!(outcome.0.contains("no file has changed"), "{}", outcome.0);
    assert_eq!(scene.read("a"), "old\n");
    scene.assert_nothing_left_behind();
}

#[test]
fn what_would_be_changed_is_known_before() {
    let scene = Scene::new(SandboxMode::ReadOnly);
    let patch = "*** Begin Patch\n*** Update File: a\n*** Move to: /x/b\n*** End Patch";
    let job = scene
        .toolbox
        .prepare("apply_patch", Input::Text(patch))
        .ok()
        .unwrap();
    let paths = vec![scene.work().join("a"), PathBuf::from("/x/b")];
    assert_eq!(job.reach(), Reach::Changes { paths });
}

struct Scene {
    root: tempfile::TempDir,
    toolbox: Toolbox,
    mode: SandboxMode,
}

impl Scene {
    fn new(mode: SandboxMode) -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["work", "outside"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        let work = root.path().join("work");
        fs::write(work.join("a"), "old\n").unwrap();
        let toolbox = Toolbox::new(confinement(mode, &work));
        Self {
            root,
            toolbox,
            mode,
        }
    }

    /// Returns whether this machine can hold a command as the session asks for.
    fn can_hold(&self) -> bool {
        self.mode == SandboxMode::DangerFullAccess
            || confinement(self.mode, &self.work()).report().rung.is_some()
    }

    fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work().join(path)).unwrap()
    }

    async fn apply(&self, tool: &str, input: Input<'_>) -> (String, ItemDetails) {
        let job = self.toolbox.prepare(tool, input).ok().unwrap();
        let outcome = job.run(Permit::Confined).await;
        let [Said::Text(answer)] = outcome.answer.as_slice() else {
            panic!("{:?}", outcome.answer);
        };
        (answer.clone(), outcome.shown)
    }

    fn assert_nothing_left_behind(&self) {
        for directory in ["work", "outside"] {
            for entry in fs::read_dir(self.root.path().join(directory)).unwrap() {
                let name = entry.unwrap().file_name();
                assert!(
                    !name.to_string_lossy().starts_with(".llmx-patch-"),
                    "{name:?}"
                );
            }
        }
    }
}

fn confinement(mode: SandboxMode, work: &Path) -> Confinement {
    let mut settings = SandboxSettings::new(Owner::default());
    settings.helper = env!("CARGO_BIN_EXE_llmx-tools-harness").into();
    let policy = match mode {
        // The scene itself is where temporary files are.
        SandboxMode::WorkspaceWrite => SandboxPolicy::WorkspaceWrite {
            writable_roots: Vec::new(),
            network_access: false,
            exclude_tmpdir_env_var: true,
            exclude_slash_tmp: true,
        },
        mode => mode.into(),
    };
    Confinement::new(policy, work.to_owned(), settings, Vec::new())
}
