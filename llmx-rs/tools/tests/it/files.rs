//! The tools that read without a command, over real files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use llmx_protocol::{ItemDetails, ItemStatus, SandboxMode, TodoItem};
use llmx_tools::{Confinement, Input, Owner, Permit, Reach, Said, SandboxSettings, Toolbox};
use serde_json::{Value, json};

#[tokio::test]
async fn read_file_numbers_the_lines_and_goes_to_any_of_them() {
    let scene = Scene::new(&[("a", "one\ntwo\r\nthree\nfour"), ("empty", "")]);
    let read = |arguments| scene.ok("read_file", arguments);
    let whole = "1\tone\n2\ttwo\n3\tthree\n4\tfour\n";
    assert_eq!(read(json!({"path": "a"})).await, whole);
    assert_eq!(
        read(json!({"path": "a", "offset": 2, "limit": "2"})).await,
        "2\ttwo\n3\tthree\n[the file goes on to line 4]\n"
    );
    assert!(
        read(json!({"path": "a", "offset": 9}))
            .await
            .contains("has 4 lines")
    );
    assert_eq!(read(json!({"file": "empty"})).await, "empty is empty");
}

#[tokio::test]
async fn read_file_cuts_the_middle_of_what_is_long_and_says_so() {
    let many: String = (1..=20_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let long = format!("{}é{}\n", "a".repeat(1499), "z".repeat(5_000));
    let scene = Scene::new(&[("many", &many), ("long", &long)]);
    let text = scene.ok("read_file", json!({"path": "many"})).await;
    assert!(text.len() < 64 << 10);
    assert!(text.starts_with("1\tline 1\n") && text.ends_with("20000\tline 20000\n"));
    let note = text.lines().find(|line| line.starts_with('[')).unwrap();
    let numbers: Vec<usize> = note
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [first, last] = numbers[..] else {
        panic!("{note}")
    };
    assert!(
        text.contains(&format!("\n{}\t", first - 1)) && text.contains(&format!("\n{}\t", last + 1))
    );
    let rest = json!({"path": "many", "offset": first, "limit": 2});
    assert!(
        scene
            .ok("read_file", rest)
            .await
            .starts_with(&format!("{first}\tline {first}\n"))
    );

    let text = scene.ok("read_file", json!({"path": "long"})).await;
    assert!(!text.contains(char::REPLACEMENT_CHARACTER), "{text}");
    assert!(
        text.contains("a[4702 bytes of this line are left out]z"),
        "{text}"
    );
}

#[tokio::test]
async fn read_file_says_why_it_cannot() {
    let scene = Scene::new(&[("bin", "a\0b"), ("Readme.md", "x")]);
    fs::write(scene.path("latin"), b"caf\xe9\n").unwrap();
    let said = scene.failed("read_file", json!({"path": "bin"})).await;
    assert!(said.contains("is binary (3 bytes)"), "{said}");
    let said = scene.failed("read_file", json!({"path": "."})).await;
    assert!(said.contains("use `list_dir`"), "{said}");
    let said = scene
        .failed("read_file", json!({"path": "README.txt"}))
        .await;
    assert!(said.contains("there is Readme.md"), "{said}");
    let said = scene.failed("read_file", json!({"path": "no/where"})).await;
    assert!(said.contains("neither does its directory"), "{said}");
    let text = scene.ok("read_file", json!({"path": "latin"})).await;
    assert!(text.contains("not UTF-8"), "{text}");
    let said = scene
        .failed("read_file", json!({"path": "/dev/null"}))
        .await;
    assert!(said.contains("neither a file nor a directory"), "{said}");
}

/// This process holds the key, so what the kernel tells of it is not for the model.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_reads_proc_in_the_name_of_the_model() {
    let scene = Scene::new(&[("a", "")]);
    symlink("/proc/self", scene.path("self")).unwrap();
    for path in [
        "/proc/self/environ",
        "self/environ",
        "/proc/thread-self/maps",
        "/proc",
    ] {
        for tool in ["read_file", "list_dir", "view_image"] {
            let said = scene.failed(tool, json!({"path": path})).await;
            assert!(
                said.contains("does not read /proc"),
                "{tool} {path}: {said}"
            );
        }
    }
}

#[tokio::test]
async fn what_the_sandbox_hides_is_hidden_from_every_tool_and_every_name() {
    let home = Scene::new(&[
        (".ssh/id", "SECRET"),
        ("work/a", "SECRET"),
        (".netrc", "SECRET"),
    ]);
    symlink("../.ssh", home.path("work/keys")).unwrap();
    symlink("../.netrc", home.path("work/net")).unwrap();
    let work = home.path("work");
    let owner = Owner {
        home: Some(home.path(".")),
        ..Owner::default()
    };
    for mode in [SandboxMode::ReadOnly, SandboxMode::WorkspaceWrite] {
        let scene = Scene::of(&work, mode, owner.clone());
        for path in ["../.ssh/id", "keys/id", "net", "../.netrc"] {
            let said = scene.failed("read_file", json!({"path": path})).await;
            assert!(
                said.contains("credentials are kept there"),
                "{path}: {said}"
            );
            let said = scene
                .failed("grep", json!({"pattern": "SECRET", "path": path}))
                .await;
            assert!(
                said.contains("credentials are kept there"),
                "{path}: {said}"
            );
        }
        let said = scene.failed("list_dir", json!({"path": "keys"})).await;
        assert!(said.contains("credentials are kept there"), "{said}");
        let found = scene
            .ok("grep", json!({"pattern": "SECRET", "path": ".."}))
            .await;
        assert_eq!(found, "a\n1:SECRET\n");
        let listed = scene.ok("list_dir", json!({"path": ".."})).await;
        assert!(
            listed.contains(".ssh/ (cannot be read)") && !listed.contains("id"),
            "{listed}"
        );
        let free = Scene::run(
            &scene.toolbox,
            "read_file",
            json!({"path": "net"}),
            Permit::Unconfined,
        );
        assert_eq!(free.await.0, "1\tSECRET\n");
    }
    let scene = Scene::of(&work, SandboxMode::DangerFullAccess, owner);
    assert_eq!(
        scene.ok("read_file", json!({"path": "net"})).await,
        "1\tSECRET\n"
    );
}

#[tokio::test]
async fn list_dir_shows_a_tree_with_sizes_and_counts_the_rest() {
    let scene = Scene::new(&[
        ("b", "12345"),
        ("d/e/f/g", ""),
        (".git/config", ""),
        ("d/h", ""),
    ]);
    symlink("b", scene.path("link")).unwrap();
    let text = scene.ok("list_dir", json!({})).await;
    let (_, tree) = text.split_once('\n').unwrap();
    assert_eq!(
        tree,
        "  .git/ (not listed)\n  b  5 B\n  d/\n    e/\n    h  0 B\n  link -> b\n"
    );
    let text = scene.ok("list_dir", json!({"path": "d", "depth": 9})).await;
    assert!(
        text.ends_with("/d/\n  e/\n    f/\n      g  0 B\n  h  0 B\n"),
        "{text}"
    );
    let text = scene.ok("list_dir", json!({"limit": 2})).await;
    assert!(text.contains("  b  5 B\n  [2 more]\n"), "{text}");
    let said = scene.failed("list_dir", json!({"path": "b"})).await;
    assert!(said.contains("use `read_file`"), "{said}");
}

#[tokio::test]
async fn grep_finds_lines_and_leaves_out_what_git_does() {
    let scene = Scene::new(&[
        (".gitignore", "ignored\n"),
        ("a.rs", "fn one() {}\nfn Two() {}\n"),
        ("d/b.txt", "x\ny one\nz\n"),
        ("ignored", "one\n"),
        (".git/config", "one\n"),
        ("bin", "one\0\n"),
    ]);
    let grep = |arguments| scene.ok("grep", arguments);
    let both = "a.rs\n1:fn one() {}\n\nd/b.txt\n2:y one\n";
    assert_eq!(grep(json!({"pattern": "one"})).await, both);
    assert_eq!(
        grep(json!({"pattern": "one", "glob": "*.rs"})).await,
        "a.rs\n1:fn one() {}\n"
    );
    assert_eq!(
        grep(json!({"pattern": "one", "glob": ["!*.rs"]})).await,
        "d/b.txt\n2:y one\n"
    );
    assert_eq!(
        grep(json!({"pattern": "one", "path": "d", "context": 1})).await,
        "d/b.txt\n1-x\n2:y one\n3-z\n"
    );
    assert_eq!(
        grep(json!({"pattern": "one", "path": "ignored"})).await,
        "ignored\n1:one\n"
    );
    assert_eq!(
        grep(json!({"pattern": "ONE", "ignore_case": true})).await,
        both
    );
    assert_eq!(
        grep(json!({"pattern": "TWO", "case_sensitive": false})).await,
        "a.rs\n2:fn Two() {}\n"
    );
    assert_eq!(
        grep(json!({"pattern": "one", "files_only": true})).await,
        "a.rs\nd/b.txt\n"
    );
    assert_eq!(
        grep(json!({"pattern": "one", "limit": 1})).await,
        "a.rs\n1:fn one() {}\n[there are more matches than these 1]\n"
    );
    assert_eq!(
        grep(json!({"pattern": "e() {", "literal": true})).await,
        "a.rs\n1:fn one() {}\n"
    );
    assert_eq!(
        grep(json!({"pattern": "none here"})).await,
        "nothing matches\n"
    );
    let said = scene
        .toolbox
        .prepare("grep", Input::Json(r#"{"pattern":"("}"#))
        .err()
        .unwrap();
    assert!(
        said.contains("not a regular expression") && said.contains("`literal`"),
        "{said}"
    );
}

#[tokio::test]
async fn view_image_shows_a_picture_and_nothing_else() {
    let scene = Scene::new(&[("a.txt", "x")]);
    fs::write(scene.path("a.png"), b"\x89PNG\r\n\x1a\nIEND").unwrap();
    fs::write(scene.path("half.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let call = Scene::prepare(&scene.toolbox, "view_image", &json!({"path": "a.png"}));
    assert_eq!(call.reach(), Reach::Harmless);
    let outcome = call.run(Permit::Confined).await;
    let url = "data:image/png;base64,iVBORw0KGgpJRU5E".to_owned();
    assert_eq!(
        outcome.answer,
        [
            Said::Text("a.png: PNG, 12 B".to_owned()),
            Said::Image { url }
        ]
    );
    for (path, expected) in [
        ("a.txt", "not a picture"),
        ("half.png", "cut off"),
        ("x", "does not exist"),
    ] {
        let said = scene.failed("view_image", json!({"path": path})).await;
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn update_plan_shows_the_plan() {
    let scene = Scene::new(&[]);
    let plan = json!({"plan": [{"step": "a", "status": "in_progress"}], "explanation": " new "});
    let (said, shown) = Scene::run(&scene.toolbox, "update_plan", plan, Permit::Confined).await;
    assert_eq!(said, "The user sees the plan.");
    let item = TodoItem {
        text: "a".to_owned(),
        completed: false,
        in_progress: true,
    };
    let plan = ItemDetails::TodoList {
        items: vec![item],
        explanation: Some("new".to_owned()),
    };
    assert_eq!(shown, plan);
}

struct Scene {
    root: Option<tempfile::TempDir>,
    toolbox: Toolbox,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let scene = Self::of(root.path(), SandboxMode::ReadOnly, Owner::default());
        Self {
            root: Some(root),
            ..scene
        }
    }

    fn of(workspace: &Path, mode: SandboxMode, owner: Owner) -> Self {
        let settings = SandboxSettings::new(owner);
        let confinement = Confinement::new(mode.into(), workspace.to_owned(), settings, Vec::new());
        Self {
            root: None,
            toolbox: Toolbox::new(confinement),
        }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.root.as_ref().unwrap().path().join(path)
    }

    async fn ok(&self, tool: &str, arguments: Value) -> String {
        self.ended(tool, arguments, ItemStatus::Completed).await
    }

    async fn failed(&self, tool: &str, arguments: Value) -> String {
        self.ended(tool, arguments, ItemStatus::Failed).await
    }

    async fn ended(&self, tool: &str, arguments: Value, expected: ItemStatus) -> String {
        let (said, shown) =
            Self::run(&self.toolbox, tool, arguments.clone(), Permit::Confined).await;
        let expected = ItemDetails::ToolCall {
            tool: tool.to_owned(),
            arguments,
            output: said.clone(),
            status: expected,
        };
        assert_eq!(shown, expected);
        said
    }

    async fn run(
        toolbox: &Toolbox,
        tool: &str,
        arguments: Value,
        permit: Permit,
    ) -> (String, ItemDetails) {
        let outcome = Self::prepare(toolbox, tool, &arguments).run(permit).await;
        match outcome.answer.into_iter().next() {
            Some(Said::Text(said)) => (said, outcome.shown),
            other => panic!("{other:?}"),
        }
    }

    fn prepare(toolbox: &Toolbox, tool: &str, arguments: &Value) -> Box<dyn llmx_tools::Job> {
        toolbox
            .prepare(tool, Input::Json(&arguments.to_string()))
            .ok()
            .unwrap()
    }
}
