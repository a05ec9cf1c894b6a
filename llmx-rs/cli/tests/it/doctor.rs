//! `llmx doctor`: what it finds, what it says to do, and what it never says.

use std::fs;
use std::process::{Command, Output};

use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::Value;

use crate::{World, stderr, stdout};

const KEY: &str = "sk-doctor-41ac";
const MODELS: &str = r#"{"data":[{"id":"m-1"},{"id":"m-2"}]}"#;

#[test]
fn where_all_is_well_nothing_is_said_to_do() {
    let upstream = ScriptedUpstream::start_with_facts(|_| vec![Step::json(200, MODELS)]);
    let world = world(&upstream.url("/v1"));
    let created = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(world.path().join("work"))
        .status();
    assert!(created.unwrap().success());
    let output = doctor(&world, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(whole["schema_version"], 1);
    assert_ne!(whole["status"], "fail");
    for id in ["configuration", "credentials", "provider", "mcp", "git"] {
        let check = find(&whole, id);
        assert_eq!(
            (&check["status"], &check["cure"]),
            (&"ok".into(), &Value::Null),
            "{check}"
        );
    }
    for id in ["sandbox", "terminal", "home"] {
        assert_ne!(find(&whole, id)["status"], "fail", "{whole}");
    }
    let summary = find(&whole, "provider")["summary"].to_string();
    assert!(summary.contains("lists 2 models; speaks chat"), "{summary}");
    assert!(
        find(&whole, "credentials")["summary"]
            .to_string()
            .contains("$P_KEY")
    );
    let asked = upstream.requests();
    let sent = format!("Bearer {KEY}");
    assert_eq!(asked[0].header("authorization"), Some(sent.as_str()));
    let text = doctor(&world, &[]);
    assert_eq!(text.status.code(), Some(0));
    assert!(
        stdout(&text).starts_with("ok       configuration it loads: model m-1 of provider p\n")
    );
    for output in [output, text] {
        assert!(!stdout(&output).contains(KEY) && !stderr(&output).contains(KEY));
    }
}

#[test]
fn ways_in_which_a_provider_can_fail_are_told_apart() {
    let refusal = format!(r#"{{"error":{{"message":"{KEY} is not known here"}}}}"#);
    for (status, body, expected, said, cure) in [
        (
            401,
            refusal.as_str(),
            "fail",
            "refuses the key",
            "llmx login --with-api-key --provider p",
        ),
        (
            404,
            "{}",
            "warning",
            "has no list of models",
            "model_providers.p.base_url",
        ),
        (429, "{}", "warning", "wants fewer requests", "wait"),
        (
            503,
            "{}",
            "fail",
            "is reachable and fails",
            "try again later",
        ),
        (
            200,
            "<html>",
            "warning",
            "something else than a list",
            "model_providers.p.base_url",
        ),
        (
            200,
            r#"{"data":[{"id":"other"}]}"#,
            "warning",
            "m-1 is not among them",
            "llmx models",
        ),
    ] {
        let body = body.to_owned();
        let upstream = ScriptedUpstream::start_with_facts(move |_| vec![Step::json(status, &body)]);
        let (code, check) = provider_check(&world(&upstream.url("/v1")));
        assert_eq!(check["status"], expected, "{check}");
        assert_eq!(code, i32::from(expected == "fail"), "{check}");
        assert!(check["summary"].to_string().contains(said), "{check}");
        assert!(check["cure"].to_string().contains(cure), "{check}");
        assert!(!check.to_string().contains(KEY), "{check}");
    }
    // Nobody listens on the port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (code, check) = provider_check(&world(&format!("http://{address}/v1")));
    assert_eq!((code, &check["status"]), (1, &"fail".into()));
    assert!(
        check["summary"].to_string().contains("cannot be reached"),
        "{check}"
    );
    assert!(
        check["cure"].to_string().contains("start the provider"),
        "{check}"
    );
}

#[test]
fn a_broken_configuration_is_shown_and_the_rest_is_looked_at() {
    let world = World::new();
    fs::write(world.path().join("home/config.toml"), "\nmodle = \"m\"\n").unwrap();
    let output = doctor(&world, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("FAIL     configuration"), "{text}");
    assert!(
        text.contains("config.toml:2:1: llmx has no setting `modle`; did you mean `model`?"),
        "{text}"
    );
    for id in [
        "credentials",
        "provider",
        "sandbox",
        "mcp",
        "hooks",
        "git",
        "terminal",
        "home",
    ] {
        assert!(
            text.lines()
                .any(|line| line.get(9..).is_some_and(|line| line.starts_with(id))),
            "{id}: {text}"
        );
    }
}

#[test]
fn a_model_can_wait_and_a_key_cannot() {
    let world = world("http://127.0.0.1:9/v1");
    let file = world.path().join("home/config.toml");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("model = \"m-1\"\n", "");
    fs::write(&file, text).unwrap();
    let mut command = world.llmx(&["doctor", "--json"]);
    let output = command.env_remove("P_KEY").output().unwrap();
    let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let configuration = find(&whole, "configuration");
    assert_eq!(configuration["status"], "warning");
    assert!(
        configuration["cure"].to_string().contains("-m NAME"),
        "{whole}"
    );
    let credentials = find(&whole, "credentials");
    assert_eq!(credentials["status"], "fail");
    assert!(
        credentials["cure"].to_string().contains("export P_KEY=KEY"),
        "{whole}"
    );
    assert_eq!(find(&whole, "provider")["status"], "warning");
}

#[test]
fn what_a_server_lacks_is_named_and_a_server_that_is_off_lacks_nothing() {
    let upstream = ScriptedUpstream::start_with_facts(|_| vec![Step::json(200, MODELS)]);
    let world = world(&upstream.url("/v1"));
    let file = world.path().join("home/config.toml");
    let servers = "[mcp_servers.here]\ncommand = \"sh\"\n\
        [mcp_servers.gone]\ncommand = \"no-such-program\"\n\
        [mcp_servers.far]\nurl = \"https://host.invalid/mcp\"\nbearer_token_env_var = \"NO_SUCH_TOKEN\"\n\
        [mcp_servers.off]\ncommand = \"no-such-program\"\nenabled = false\n";
    let text = fs::read_to_string(&file).unwrap() + servers;
    fs::write(&file, text).unwrap();
    let output = doctor(&world, &["--json"]);
    let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let check = find(&whole, "mcp");
    assert_eq!(
        (&check["status"], &check["summary"]),
        (&"warning".into(), &"far, gone, here, off (off)".into())
    );
    assert_eq!(
        check["details"],
        serde_json::json!([
            "far: $NO_SUCH_TOKEN is not set",
            "gone: there is no program `no-such-program`"
        ])
    );
}

#[cfg(unix)]
#[test]
fn rules_without_which_nothing_starts_are_looked_at() {
    let world = world("http://127.0.0.1:9/v1");
    let file = world.path().join("home/rules.toml");
    for (text, expected) in [
        ("[[rule]]\nprefix = ['ls']\ndecision = 'allow'\n", "ok"),
        ("[[rule]]\nprefix = []\ndecision = 'allow'\n", "fail"),
    ] {
        fs::write(&file, text).unwrap();
        let output = doctor(&world, &["--json"]);
        let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(find(&whole, "rules")["status"], expected, "{whole}");
    }
}

#[test]
fn keys_that_others_can_read_are_a_failure() {
    use std::os::unix::fs::PermissionsExt;

    let upstream = ScriptedUpstream::start_with_facts(|_| vec![Step::json(200, MODELS)]);
    let world = world(&upstream.url("/v1"));
    let auth = world.path().join("home/auth.json");
    fs::write(&auth, r#"{"keys":{}}"#).unwrap();
    for (mode, expected) in [(0o600, "ok"), (0o644, "fail")] {
        fs::set_permissions(&auth, fs::Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(world.path().join("home"), fs::Permissions::from_mode(0o700)).unwrap();
        let output = doctor(&world, &["--json"]);
        let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let check = find(&whole, "home");
        assert_eq!(check["status"], expected, "{whole}");
        assert_eq!(
            output.status.code(),
            Some(i32::from(expected == "fail")),
            "{whole}"
        );
    }
}

#[test]
fn a_directory_that_is_not_there_is_a_mistake_of_the_call() {
    let output = doctor(&World::new(), &["-C", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("nowhere is not a directory"),
        "{}",
        stderr(&output)
    );
}

/// A world whose provider is at `base_url`.
fn world(base_url: &str) -> World {
    let world = World::new();
    let text = format!(
        "model = \"m-1\"\nmodel_provider = \"p\"\n[model_providers.p]\n\
         base_url = \"{base_url}\"\nenv_key = \"P_KEY\"\nwire_api = \"chat\"\n"
    );
    fs::write(world.path().join("home/config.toml"), text).unwrap();
    world
}

fn doctor(world: &World, flags: &[&str]) -> Output {
    let words = [&["doctor"], flags].concat();
    world.llmx(&words).env("P_KEY", KEY).output().unwrap()
}

fn provider_check(world: &World) -> (i32, Value) {
    let output = doctor(world, &["--json"]);
    let whole: Value = serde_json::from_str(&stdout(&output)).unwrap();
    (
        output.status.code().unwrap(),
        find(&whole, "provider").clone(),
    )
}

fn find<'a>(whole: &'a Value, id: &str) -> &'a Value {
    let checks = whole["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap()
}
