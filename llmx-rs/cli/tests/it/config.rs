//! `llmx config`, `llmx login`, completions and manual pages as their users meet them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::{World, stderr, stdout};

const KEY: &str = "sk-canary-5d2e";

impl World {
    fn run(&self, args: &[&str]) -> Output {
        self.llmx(args).output().unwrap()
    }

    fn login(&self, args: &[&str], input: &str) -> Output {
        let mut child = self
            .llmx(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that needs no input may have gone already.
        drop(stdin.write_all(input.as_bytes()));
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    fn file(&self) -> String {
        fs::read_to_string(self.path().join("home/config.toml")).unwrap()
    }
}

#[test]
fn a_setting_is_written_shown_and_refused() {
    let world = World::new();
    fs::write(world.path().join("home/config.toml"), "# mine\n").unwrap();
    assert!(
        world
            .run(&["config", "set", "model", "m-1"])
            .status
            .success()
    );
    assert_eq!(world.file(), "model = \"m-1\"\n# mine\n");
    let refused = world.run(&["config", "set", "modle", "x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("did you mean `model`?"));
    assert_eq!(world.file(), "model = \"m-1\"\n# mine\n");
    let shown = world.run(&[
        "config",
        "show",
        "--origin",
        "-c",
        "hide_agent_reasoning=true",
    ]);
    let text = stdout(&shown);
    assert!(
        text.lines()
            .any(|line| line.starts_with("model = \"m-1\" ")
                && line.ends_with("home/config.toml:1:9")),
        "{text}"
    );
    assert!(text.contains("# -c hide_agent_reasoning\n"), "{text}");
    // The key is missing, which is said after what is known.
    assert_eq!(shown.status.code(), Some(2));
    assert!(stderr(&shown).contains("$LLMX_API_KEY is not set"));
}

#[test]
fn a_key_is_stored_used_and_forgotten_and_never_shown() {
    let world = World::new();
    let missing = world.run(&["login", "status"]);
    assert_eq!(missing.status.code(), Some(1));
    let stored = world.login(&["login", "--with-api-key"], &format!("{KEY}\n"));
    assert!(stored.status.success(), "{}", stderr(&stored));
    let status = world.run(&["login", "status"]);
    assert_eq!(status.status.code(), Some(0));
    assert_eq!(
        stdout(&status),
        format!(
            "provider litellm: key from `llmx login`, in {}\nstored keys: litellm\n",
            world.path().join("home/auth.json").display()
        )
    );
    let shown = world.run(&["config", "show", "--json", "-c", "model=m"]);
    assert_eq!(shown.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(json["settings"]["model"]["value"], "m");
    assert_eq!(json["settings"]["model"]["origin"], "-c model");
    for output in [&stored, &status, &shown] {
        assert!(!format!("{}{}", stdout(output), stderr(output)).contains(KEY));
    }
    assert!(world.run(&["logout"]).status.success());
    assert!(!world.path().join("home/auth.json").exists());
}

/// The kernel's keyring is in every Linux, but some containers forbid it: both are tested, each where
/// it is, and `auto` must work in either.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
#[test]
fn a_key_goes_into_the_keyring_or_is_refused_with_a_cure() {
    let world = World::new();
    let file = world.path().join("home/auth.json");
    let text = || fs::read_to_string(&file).unwrap_or_default();
    let settings = world.path().join("home/config.toml");
    fs::write(&settings, "cli_auth_credentials_store = 'keyring'\n").unwrap();
    let stored = world.login(&["login", "--with-api-key"], KEY);
    assert!(!text().contains(KEY));
    if stored.status.success() {
        assert!(text().contains("litellm"), "{}", text());
        let status = stdout(&world.run(&["login", "status"]));
        assert!(status.contains("`llmx login`, in the "), "{status}");
        assert!(!status.contains("auth.json"), "{status}");
        assert!(world.run(&["logout"]).status.success());
        let status = world.run(&["login", "status"]);
        assert_eq!(status.status.code(), Some(1), "{}", stdout(&status));
    } else {
        assert_eq!(stored.status.code(), Some(2));
        let said = stderr(&stored);
        assert!(said.contains("cannot be used here"), "{said}");
        assert!(
            said.contains("cli_auth_credentials_store = \"file\""),
            "{said}"
        );
    }
    fs::write(&settings, "cli_auth_credentials_store = 'auto'\n").unwrap();
    let is_in_keyring = stored.status.success();
    let stored = world.login(&["login", "--with-api-key"], KEY);
    assert!(stored.status.success(), "{}", stderr(&stored));
    assert_eq!(text().contains(KEY), !is_in_keyring, "{}", stderr(&stored));
    assert!(world.run(&["login", "status"]).status.success());
    assert!(world.run(&["logout"]).status.success());
    assert!(!file.exists());
}

/// In the sandbox nobody has a keyring, the agent's commands least of all.
#[cfg(target_os = "linux")]
#[test]
fn without_a_keyring_there_is_an_error_or_the_file() {
    let world = World::new();
    let inner = world.path().join("work/home");
    fs::create_dir(&inner).unwrap();
    let log_in = |store: &str| {
        let settings = format!("cli_auth_credentials_store = '{store}'\n");
        fs::write(inner.join("config.toml"), settings).unwrap();
        let home = format!("LLMX_HOME={}", inner.display());
        let llmx = env!("CARGO_BIN_EXE_llmx");
        let command = ["env", &home, llmx, "login", "--with-api-key"];
        let sandbox = ["sandbox", "-p", "workspace-write", "--"];
        world.login(&[&sandbox[..], &command].concat(), KEY)
    };
    let refused = log_in("keyring");
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    let said = stderr(&refused);
    assert!(
        said.contains("the kernel's keyring cannot be used here"),
        "{said}"
    );
    assert!(
        said.contains("cli_auth_credentials_store = \"file\""),
        "{said}"
    );
    assert!(!inner.join("auth.json").exists());
    let kept = log_in("auto");
    assert!(kept.status.success(), "{}", stderr(&kept));
    assert!(
        stderr(&kept).contains("note: the kernel's keyring"),
        "{}",
        stderr(&kept)
    );
    let text = fs::read_to_string(inner.join("auth.json")).unwrap();
    assert!(text.contains(KEY) && !text.contains("in_keyring"), "{text}");
}

#[test]
fn what_is_no_key_or_no_provider_is_not_stored() {
    let world = World::new();
    for (args, input, words) in [
        (&["login", "--with-api-key"][..], "", "not a key"),
        (&["login", "--with-api-key"], "two\nlines", "not a key"),
        (
            &["login", "--with-api-key", "--provider", "opnai"],
            KEY,
            "did you mean `openai`?",
        ),
        (&["login"], KEY, "--with-api-key"),
    ] {
        let output = world.login(args, input);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!stderr(&output).contains(KEY));
    }
    assert!(!world.path().join("home/auth.json").exists());
}

#[test]
fn a_configuration_of_codex_is_taken_over_once() {
    let world = World::new();
    let theirs = world.path().join("theirs.toml");
    fs::write(&theirs, "model = 'gpt-5.5'\n[tui]\ntheme = 'x'\n").unwrap();
    let args = ["config", "import", theirs.to_str().unwrap()];
    let imported = world.run(&args);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let told = stdout(&imported);
    assert!(
        told.contains("taken     model\n") && told.contains("left out  tui.theme: "),
        "{told}"
    );
    assert_eq!(
        world.file(),
        "model = 'gpt-5.5'\nmodel_provider = \"openai\"\n"
    );
    let again = world.run(&args);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("--force"));
    let forced = world.run(&[&args[..], &["--force"]].concat());
    assert!(forced.status.success());
    assert!(world.path().join("home/config.toml.before-import").exists());
}

#[test]
fn a_project_counts_once_it_is_trusted() {
    let world = World::new();
    let project = world.path().join("work").canonicalize().unwrap();
    fs::create_dir_all(project.join(".git")).unwrap();
    fs::create_dir_all(project.join(".llmx")).unwrap();
    fs::write(project.join(".llmx/config.toml"), "model = 'theirs'\n").unwrap();
    let show = ["config", "show", "-c", "model_provider=demo"];
    let untrusted = world.run(&show);
    assert!(stdout(&untrusted).contains("model = \"demo\"\n"));
    let notice = stderr(&untrusted);
    let key = notice.split('\'').nth(1).unwrap();
    assert!(
        world
            .run(&["config", "set", key, "trusted"])
            .status
            .success(),
        "{notice}"
    );
    let trusted = world.run(&show);
    assert!(stdout(&trusted).contains("model = \"theirs\"\n"));
    assert_eq!(stderr(&trusted), "");
}

#[test]
fn schema_completions_and_pages_are_printed() {
    let world = World::new();
    let schema: serde_json::Value =
        serde_json::from_str(&stdout(&world.run(&["config", "schema"]))).unwrap();
    assert_eq!(schema["properties"]["model"]["type"], "string");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&world.run(&["completions", shell]));
        assert!(script.contains("output-last-message"), "{shell}");
    }
    let overview = stdout(&world.run(&["man"]));
    assert!(overview.contains(".TH llmx 1"));
    assert!(world.run(&["man", "--dir", "."]).status.success());
    assert_names_only_pages_in(&world.path().join("work"), &overview);
    let page = fs::read_to_string(world.path().join("work/llmx-exec.1")).unwrap();
    assert!(page.contains("max\\-cost"));
}

/// A page that names another one sends its reader there.
fn assert_names_only_pages_in(directory: &Path, overview: &str) {
    let pages = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|it| it == "1"));
    let mut texts: Vec<_> = pages
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    texts.push(overview.to_owned());
    let mut count = 0;
    for text in texts {
        let named = text.lines().filter_map(|line| line.strip_suffix("(1)"));
        for name in named.map(|name| name.replace('\\', "")) {
            assert!(directory.join(format!("{name}.1")).exists(), "{name}");
            count += 1;
        }
    }
    assert!(count > 30);
}
