//! A repository in the workspace: commits work, and nothing that Git runs can be planted.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use llmx_sandbox::Rung;

use crate::scene::{Scene, WORKSPACE, everywhere, has, said};

#[test]
fn commits_work_and_hooks_and_configuration_stay() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        repository(scene, "ws");
        let before = Held::of(scene, "ws/.git");
        let text = scene.works(WORKSPACE, WORK);
        assert!(text.contains("second"), "{text}");
        for attack in ATTACKS {
            let output = scene.run(WORKSPACE, attack);
            assert_eq!(
                Held::of(scene, "ws/.git"),
                before,
                "{}: {attack}",
                scene.rung
            );
            assert!(
                scene.rung == Rung::Landlock || !said(&output).contains("ESCAPED"),
                "{}: {attack}\n{}",
                scene.rung,
                said(&output)
            );
        }
        let log = git(scene, "ws", &["log", "--oneline"]);
        assert!(log.contains("second"), "{log}");
    });
}

const WORK: &str = r#"
set -e
echo x > file; git add file; git commit -qm second
git checkout -qb topic; echo y > file; git commit -qam third
git checkout -q -; git merge -q topic; git stash list; git tag v1; git gc -q
git log --oneline
"#;

const ATTACKS: &[&str] = &[
    r#"git config core.fsmonitor ./evil && echo ESCAPED"#,
    r#"git config --local alias.st '!evil' && echo ESCAPED"#,
    r#"echo evil >> .git/config && echo ESCAPED"#,
    r#"rm .git/config && echo ESCAPED"#,
    r#"echo evil > c; mv c .git/config && echo ESCAPED"#,
    r#"echo evil > .git/hooks/pre-commit && echo ESCAPED"#,
    r#"rm -r .git/hooks && echo ESCAPED"#,
    r#"mv .git/hooks .git/hooks2 && echo ESCAPED"#,
    r#"chmod +x .git/hooks/* && echo ESCAPED"#,
    r#"ln -sfn /tmp .git/hooks/x && echo ESCAPED"#,
    r#"mkdir h; mv -T h .git/hooks && echo ESCAPED"#,
    // Named by the main directory, these would stand in for its configuration.
    r#"mkdir -p other; echo evil > other/config; echo ../other > .git/commondir; exit 0"#,
    r#"echo evil > .git/config.worktree; exit 0"#,
];

#[test]
fn a_repository_cannot_be_swapped_for_another() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        repository(scene, "ws");
        let before = Held::of(scene, "ws/.git");
        let attack = "mv .git .old && cp -r .old .git && echo evil >> .git/config \
                      && echo evil > .git/hooks/pre-commit";
        scene.run(WORKSPACE, attack);
        assert_eq!(Held::of(scene, "ws/.git"), before, "{}", scene.rung);
        let attack = r#"mv .git .old && ln -s "$OUTSIDE" .git"#;
        scene.run(WORKSPACE, attack);
        assert!(!scene.path("ws/.git").is_symlink(), "{}", scene.rung);
    });
}

#[test]
fn what_is_missing_does_not_come_into_being_and_nothing_is_left_behind() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        repository(scene, "ws");
        fs::remove_dir_all(scene.path("ws/.git/hooks")).unwrap();
        scene.works(WORKSPACE, "git status > /dev/null");
        assert_eq!(listed(scene, "ws"), [".git", "file"]);
        assert!(!scene.path("ws/.git/hooks").exists());
        let attack = "mkdir .git/hooks .llmx; echo evil > .git/hooks/pre-commit; echo evil > .llmx/config.toml";
        let text = said(&scene.run(WORKSPACE, attack));
        assert!(text.contains("may not create"), "{text}");
        assert_eq!(listed(scene, "ws"), [".git", "file"]);
        assert!(!scene.path("ws/.git/hooks").exists());
    });
}

#[test]
fn the_projects_own_configuration_of_llmx_stays() {
    everywhere(|scene| {
        fs::create_dir(scene.path("ws/.llmx")).unwrap();
        fs::write(scene.path("ws/.llmx/config.toml"), "good").unwrap();
        scene.give("ws");
        for attack in [
            "echo evil > .llmx/config.toml",
            "echo evil > .llmx/new",
            "rm -r .llmx",
            "mv .llmx moved; mkdir .llmx; echo evil > .llmx/config.toml",
        ] {
            scene.run(WORKSPACE, attack);
            let text = fs::read_to_string(scene.path("ws/.llmx/config.toml")).unwrap();
            assert_eq!(text, "good", "{}: {attack}", scene.rung);
            assert_eq!(listed(scene, "ws/.llmx"), ["config.toml"]);
        }
    });
}

#[test]
fn a_link_to_the_projects_own_configuration_stays_and_so_does_what_it_leads_to() {
    everywhere(|scene| {
        fs::create_dir(scene.path("ws/shared")).unwrap();
        fs::write(scene.path("ws/shared/config.toml"), "good").unwrap();
        symlink("shared", scene.path("ws/.llmx")).unwrap();
        scene.give("ws");
        for attack in [
            "echo evil > .llmx/config.toml",
            "echo evil > shared/config.toml",
            "mkdir other; echo evil > other/config.toml; ln -sfn other .llmx",
            "rm .llmx; mkdir .llmx; echo evil > .llmx/config.toml",
            "mv shared moved; mkdir shared; echo evil > shared/config.toml",
        ] {
            scene.run(WORKSPACE, attack);
            let text = fs::read_to_string(scene.path("ws/.llmx/config.toml")).unwrap();
            assert_eq!(text, "good", "{}: {attack}", scene.rung);
            assert!(scene.path("ws/.llmx").is_symlink(), "{attack}");
        }
    });
}

#[test]
fn a_repository_below_the_workspace_keeps_its_hooks_and_configuration() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        fs::create_dir_all(scene.path("ws/ignored/deep")).unwrap();
        repository(scene, "ws/ignored/deep");
        let before = Held::of(scene, "ws/ignored/deep/.git");
        for attack in [
            "echo evil >> ignored/deep/.git/config",
            "echo evil > ignored/deep/.git/hooks/pre-commit",
            "rm -r ignored/deep/.git/hooks",
            "cd ignored/deep; mv .git old; cp -r old .git; echo evil > .git/hooks/pre-commit",
            "cd ignored; echo x > deep/.git/config.worktree",
        ] {
            scene.run(WORKSPACE, attack);
            let now = Held::of(scene, "ws/ignored/deep/.git");
            assert_eq!(now, before, "{}: {attack}", scene.rung);
        }
        scene.works(
            WORKSPACE,
            "cd ignored/deep && echo x > file && git commit -qam second",
        );
    });
}

#[test]
fn a_worktree_can_be_committed_in_and_protects_the_main_repository() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        fs::create_dir(scene.path("main")).unwrap();
        repository(scene, "main");
        fs::remove_dir(scene.path("ws")).unwrap();
        let tree = scene.path("ws");
        git(
            scene,
            "main",
            &["worktree", "add", "-q", tree.to_str().unwrap()],
        );
        scene.give("");
        let before = Held::of(scene, "main/.git");
        let pointer = fs::read_to_string(scene.path("ws/.git")).unwrap();
        scene.works(
            WORKSPACE,
            "echo x > new; git add new; git commit -qm from-the-worktree",
        );
        for attack in [
            "git config core.fsmonitor ./evil",
            r#"echo "gitdir: $PWD/evil" > .git"#,
            "rm .git",
            r#"echo evil > "$OUTSIDE/../main/.git/hooks/pre-commit""#,
            r#"echo evil > "$OUTSIDE/../main/file""#,
        ] {
            scene.run(WORKSPACE, attack);
            assert_eq!(
                Held::of(scene, "main/.git"),
                before,
                "{}: {attack}",
                scene.rung
            );
            let now = fs::read_to_string(scene.path("ws/.git")).unwrap();
            assert_eq!(now, pointer, "{}: {attack}", scene.rung);
        }
        assert_eq!(
            fs::read_to_string(scene.path("main/file")).unwrap(),
            "first"
        );
        assert!(git(scene, "ws", &["log", "--oneline"]).contains("from-the-worktree"));
    });
}

#[test]
fn a_forged_pointer_opens_nothing() {
    if !has("git") {
        return;
    }
    everywhere(|scene| {
        fs::create_dir(scene.path("outside/repo")).unwrap();
        repository(scene, "outside/repo");
        let target = scene.path("outside/repo/.git");
        fs::write(
            scene.path("ws/.git"),
            format!("gitdir: {}\n", target.display()),
        )
        .unwrap();
        scene.give("ws");
        scene.run(WORKSPACE, r#"echo x > "$OUTSIDE/repo/.git/planted""#);
        assert!(!target.join("planted").exists(), "{}", scene.rung);

        // A directory that points back as a worktree's does, and names a repository elsewhere.
        let forged = scene.path("ws/forged");
        fs::create_dir(&forged).unwrap();
        let dot_git = scene.path("ws/.git");
        fs::write(&dot_git, format!("gitdir: {}\n", forged.display())).unwrap();
        let lines = [("gitdir", &dot_git), ("commondir", &target)];
        for (name, path) in lines {
            fs::write(forged.join(name), path.display().to_string()).unwrap();
        }
        scene.give("ws");
        scene.run(WORKSPACE, r#"echo x > "$OUTSIDE/repo/.git/planted""#);
        assert!(!target.join("planted").exists(), "{}", scene.rung);
        fs::remove_dir_all(scene.path("outside/repo")).unwrap();
    });
}

/// What must stay of a Git directory.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    config: String,
    hooks: Vec<(String, String)>,
    redirected: bool,
}

impl Held {
    fn of(scene: &Scene, directory: &str) -> Self {
        let directory = scene.path(directory);
        let mut hooks: Vec<_> = fs::read_dir(directory.join("hooks"))
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions();
                let text = fs::read_to_string(entry.path()).unwrap();
                let name = entry.file_name().into_string().unwrap();
                (format!("{name} {mode:?}"), text)
            })
            .collect();
        hooks.sort();
        Self {
            config: fs::read_to_string(directory.join("config")).unwrap(),
            hooks,
            redirected: directory.join("commondir").exists()
                || directory.join("config.worktree").exists(),
        }
    }
}

fn repository(scene: &Scene, at: &str) {
    git(scene, at, &["init", "-q"]);
    for (name, value) in [("user.name", "A"), ("user.email", "a@example.org")] {
        git(scene, at, &["config", name, value]);
    }
    let hooks = scene.path(at).join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::write(hooks.join("pre-commit.sample"), "#!/bin/sh\n").unwrap();
    fs::write(scene.path(at).join("file"), "first").unwrap();
    git(scene, at, &["add", "file"]);
    git(scene, at, &["commit", "-qm", "first"]);
    scene.give(at);
}

fn git(scene: &Scene, at: &str, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(scene.path(at))
        .env("HOME", scene.path("home"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        said(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn listed(scene: &Scene, at: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(scene.path(at))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
