//! `llmx mcp`: what is shown, and what is written into the user's file.

use std::fs;

use serde_json::{Value, json};

use crate::{World, stderr, stdout};

#[test]
fn a_server_is_added_shown_and_removed_and_the_rest_of_the_file_stays() {
    let world = World::new();
    let file = world.path().join("home/config.toml");
    let before = "# mine\nmodel = 'm' # this one\n";
    fs::write(&file, before).unwrap();
    let run = |args: &[&str]| {
        let output = world.llmx(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let add = [
        "mcp",
        "add",
        "docs",
        "--env",
        "TOKEN=canary",
        "--",
        "npx",
        "-y",
        "a server",
    ];
    run(&add);
    let url = [
        "mcp",
        "add",
        "web",
        "--url",
        "https://h.example/mcp",
        "--bearer-token-env-var",
        "T",
    ];
    run(&url);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with(before), "{text}");
    assert!(
        text.contains("[mcp_servers.docs]\ncommand = \"npx\"\nargs = [\"-y\", \"a server\"]\n"),
        "{text}"
    );

    let listed: Value = serde_json::from_str(&run(&["mcp", "list", "--json"])).unwrap();
    assert_eq!(listed[0]["name"], "docs");
    assert_eq!(listed[0]["transport"]["args"], json!(["-y", "a server"]));
    assert_eq!(listed[1]["transport"]["bearer_token_env_var"], "T");
    for args in [
        &["mcp", "list"][..],
        &["mcp", "list", "--json"],
        &["mcp", "get", "docs"],
    ] {
        let shown = run(args);
        assert!(
            shown.contains("docs") && !shown.contains("canary"),
            "{shown}"
        );
    }
    run(&["mcp", "remove", "docs"]);
    run(&["mcp", "remove", "web"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn what_cannot_be_done_is_said_with_exit_code_2() {
    let world = World::new();
    for (args, expected) in [
        (
            &["mcp", "get", "none"][..],
            "there is no MCP server `none`; none is configured",
        ),
        (&["mcp", "remove", "none"], "there is no MCP server `none`"),
        (&["mcp", "add", "a b", "--", "x"], "cannot be the name"),
        (&["mcp", "add", "a"], "llmx mcp add a --url URL"),
        (&["mcp", "add", "a"], "llmx mcp add a -- COMMAND"),
        (&["mcp", "add", "a", "--url", "ftp://h"], "begins with http"),
    ] {
        let output = world.llmx(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    assert!(!world.path().join("home/config.toml").exists());
}

#[test]
fn a_login_that_makes_no_sense_says_why() {
    let world = World::new();
    let file = world.path().join("home/config.toml");
    let servers = "[mcp_servers.local]\ncommand = 'x'\n[mcp_servers.web]\n\
                   url = 'https://h.example/mcp'\nbearer_token_env_var = 'T'\n\
                   [mcp_servers.bare]\nurl = 'http://h.example/mcp'\n";
    fs::write(&file, servers).unwrap();
    for (name, code, expected) in [
        ("none", 2, "there is no MCP server `none`"),
        ("local", 2, "`local` is a program"),
        ("web", 2, "which wins over a login"),
        ("bare", 1, "it is not encrypted"),
    ] {
        let output = world.llmx(&["mcp", "login", name]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    let output = world.llmx(&["mcp", "logout", "bare"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("there was no login"));
}
