//! Logging in to MCP servers: a server, its authorization server and a browser, all scripted.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::{answers, calling};
use crate::mcp::Test;
use crate::{stderr, stdout};

#[test]
fn a_login_serves_sessions_is_renewed_and_ends() {
    let scene = Scene::new(Rules::default());
    let before = scene.test.run(&[]);
    assert!(
        before.notices().contains("run `llmx mcp login web`"),
        "{}",
        before.notices()
    );
    assert!(scene.list().contains("needs login"), "{}", scene.list());
    let doctor = stdout(&scene.llmx(&["doctor", "--json", "-c", "model_provider=demo"]));
    assert!(doctor.contains("web: needs a login"), "{doctor}");

    let mut login = scene.login(&["--no-browser"]);
    let asked = login.asked.clone();
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "mcp:use");
    assert_eq!(asked["resource"], scene.url());
    let page = login.come_back(&[("code", "code-1"), ("state", &asked["state"])]);
    assert!(page.contains("close this page"), "{page}");
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let file = scene.test.world.path().join("home/auth-mcp.json");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(scene.list().contains("logged in"), "{}", scene.list());

    let call = ("mcp__web__hello", json!({}));
    let print = ("exec_command", json!({"cmd": "env"}));
    let run = scene.run_with_copy("canary-access-1", &[call.clone(), print]);
    assert_eq!(run[0], "hello over HTTP");
    assert!(!run[1].to_string().contains("canary"), "{}", run[1]);

    // The server does not take the first token any more.
    scene.rules().good = 2;
    assert_eq!(scene.test.run(&[call]).answers(), ["hello over HTTP"]);
    let stored = fs::read_to_string(&file).unwrap();
    assert!(stored.contains("canary-access-2") && stored.contains("canary-refresh-2"));
    assert!(!stored.contains("-1\""), "{stored}");
    let elsewhere = "grep -rl canary . | grep -v '^./auth-mcp.json$'";
    let mut grep = Command::new("sh");
    grep.args(["-c", elsewhere])
        .current_dir(file.parent().unwrap());
    assert_eq!(stdout(&grep.output().unwrap()), "");

    // Nor any other.
    scene.rules().good = 9;
    scene.rules().renews = false;
    let run = scene.test.run(&[("mcp__web__hello", json!({}))]);
    for said in [run.notices(), run.answers()[0].to_string()] {
        assert!(said.contains("run `llmx mcp login web`"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    assert!(scene.list().contains("needs login"), "{}", scene.list());

    let output = scene.llmx(&["mcp", "logout", "web"]);
    assert!(stderr(&output).contains("forgot the login"));
    assert!(!file.exists());
}

#[test]
fn an_error_that_repeats_the_token_is_shown_without_it() {
    let scene = Scene::new(Rules::default());
    scene.log_in();
    scene.rules().breaks = true;
    let notices = scene.test.run(&[]).notices();
    assert!(
        notices.contains("broken for Bearer [redacted]"),
        "{notices}"
    );
}

#[test]
fn a_token_that_ends_is_renewed_before_it_is_refused() {
    let scene = Scene::new(Rules {
        lives: 5,
        ..Rules::default()
    });
    scene.log_in();
    scene.rules().good = 2;
    scene.rules().lives = 3600;
    let asked = scene.server.requests().len();
    let run = scene.test.run(&[("mcp__web__hello", json!({}))]);
    assert_eq!(run.answers(), ["hello over HTTP"]);
    let requests = scene.server.requests();
    let refused = requests.iter().skip(asked);
    let old =
        refused.filter(|request| request.header("authorization") == Some("Bearer canary-access-1"));
    assert_eq!(old.count(), 0);
}

#[test]
fn sessions_side_by_side_renew_a_token_once() {
    let scene = Scene::new(Rules {
        lives: 5,
        ..Rules::default()
    });
    scene.log_in();
    scene.rules().good = 2;
    scene.rules().lives = 3600;
    // The server takes no other than the second, and a refresh token counts once.
    let call = [("mcp__web__hello", json!({}))];
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| scene.test.run(&call).answers()))
            .collect();
        for run in runs {
            assert_eq!(run.join().unwrap(), ["hello over HTTP"]);
        }
    });
    assert_eq!(scene.rules().given, 2);
}

#[test]
fn the_browser_is_opened_and_any_other_visitor_turned_away() {
    let scene = Scene::new(Rules::default());
    let bin = scene.test.world.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let opened = scene.test.world.path().join("opened");
    let program = bin.join(if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    });
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" > '{}'\n",
        opened.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut login = Login::start(&scene, &[], &path);
    for stranger in [
        vec![("code", "evil"), ("state", "guessed")],
        vec![("code", "evil")],
        vec![],
    ] {
        let page = login.come_back(&stranger);
        assert!(page.starts_with("HTTP/1.1 404"), "{page}");
    }
    let state = login.asked["state"].clone();
    login.come_back(&[("code", "code-1"), ("state", &state)]);
    let address = login.address.clone();
    assert!(login.end().status.success());
    let text = fs::read_to_string(opened).unwrap();
    assert_eq!(text, format!("1\n{address}\n"));
}

#[test]
fn a_login_that_does_not_come_about_stores_nothing_and_says_why() {
    for (rules, extra, answer, expected) in [
        (
            Rules::default(),
            &[][..],
            Some(("error", "access_denied")),
            "the login was refused: access_denied",
        ),
        (
            Rules::default(),
            &["--timeout", "1"],
            None,
            "nobody has logged in within 1 s",
        ),
        (
            Rules {
                grants: false,
                ..Rules::default()
            },
            &[],
            Some(("code", "canary-code")),
            "the login has ended: no such code [redacted]",
        ),
    ] {
        let scene = Scene::new(rules);
        let mut args = vec!["--no-browser"];
        args.extend(extra);
        let mut login = scene.login(&args);
        let state = login.asked["state"].clone();
        if let Some(answer) = answer {
            login.come_back(&[answer, ("state", &state)]);
        }
        let output = login.end();
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.contains(expected), "{said}");
        assert!(!scene.test.world.path().join("home/auth-mcp.json").exists());
    }
}

#[test]
fn servers_that_cannot_be_trusted_with_a_login_are_told_of() {
    for (rules, expected) in [
        (
            Rules {
                pkce: false,
                ..Rules::default()
            },
            "PKCE",
        ),
        (
            Rules {
                resource: Some("https://other.example/mcp"),
                ..Rules::default()
            },
            "it speaks for https://other.example/mcp",
        ),
        (
            Rules {
                registers: false,
                ..Rules::default()
            },
            "--client-id",
        ),
        (
            Rules {
                issuer: false,
                ..Rules::default()
            },
            "names no place to log in",
        ),
        (
            Rules {
                token: Some("http://far.example/token"),
                ..Rules::default()
            },
            "it is not encrypted",
        ),
    ] {
        let scene = Scene::new(rules);
        let mut child = scene.spawn(&["mcp", "login", "web", "--no-browser"], None);
        let mut said = String::new();
        if let Some((mut login, state)) = Login::follow(&mut child, &mut said) {
            login.come_back(&[("code", "c"), ("state", &state)]);
            said.push_str(&login.rest());
        }
        assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_client_that_is_known_by_name_does_not_register() {
    let scene = Scene::new(Rules {
        registers: false,
        ..Rules::default()
    });
    let mut login = scene.login(&[
        "--no-browser",
        "--client-id",
        "mine",
        "--scope",
        "a",
        "--scope",
        "b",
    ]);
    assert_eq!(login.asked["client_id"], "mine");
    assert_eq!(login.asked["scope"], "a b");
    let state = login.asked["state"].clone();
    login.come_back(&[("code", "code-1"), ("state", &state)]);
    assert!(login.end().status.success());
}

#[test]
fn a_file_of_logins_that_others_can_read_is_refused_and_holds_nobody_up() {
    let scene = Scene::new(Rules::default());
    scene.log_in();
    let file = scene.test.world.path().join("home/auth-mcp.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let run = scene.test.run(&[]);
    assert!(run.notices().contains("chmod 600"), "{}", run.notices());
    let output = scene.llmx(&["mcp", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("chmod 600"), "{}", stderr(&output));
}

#[test]
fn a_token_of_the_settings_wins_over_a_login() {
    let scene = Scene::new(Rules::default());
    scene.log_in();
    scene.configure("bearer_token_env_var = 'SECRET_TOKEN'\n");
    let asked = scene.server.requests().len();
    scene.test.run(&[]);
    let requests = scene.server.requests();
    let tokens: Vec<_> = requests
        .iter()
        .skip(asked)
        .map(|request| request.header("authorization"))
        .collect();
    assert!(!tokens.is_empty());
    assert!(
        tokens.iter().all(|token| *token == Some("Bearer hunter2")),
        "{tokens:?}"
    );
}

/// How the servers behave.
struct Rules {
    /// The number of the token that the server takes.
    good: u32,
    /// How many tokens were given.
    given: u32,
    /// How long a token lives, in seconds.
    lives: u32,
    grants: bool,
    renews: bool,
    pkce: bool,
    registers: bool,
    issuer: bool,
    /// Whether the server fails, and says for whom.
    breaks: bool,
    resource: Option<&'static str>,
    token: Option<&'static str>,
    challenge: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            good: 1,
            given: 0,
            lives: 3600,
            grants: true,
            renews: true,
            pkce: true,
            registers: true,
            issuer: true,
            breaks: false,
            resource: None,
            token: None,
            challenge: String::new(),
        }
    }
}

/// A home that is configured with a server that wants a login.
struct Scene {
    test: Test,
    server: ScriptedUpstream,
    rules: Arc<Mutex<Rules>>,
}

impl Scene {
    fn new(rules: Rules) -> Self {
        let rules = Arc::new(Mutex::new(rules));
        let shared = Arc::clone(&rules);
        let server = ScriptedUpstream::start_with_facts(move |request| {
            serve(request, &mut shared.lock().unwrap())
        });
        let scene = Self {
            test: Test::configured(""),
            server,
            rules,
        };
        scene.configure("");
        scene
    }

    fn configure(&self, more: &str) {
        let text = format!("[mcp_servers.web]\nurl = '{}'\n{more}", self.url());
        fs::write(self.test.world.path().join("home/config.toml"), text).unwrap();
    }

    fn url(&self) -> String {
        self.server.url("/mcp")
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Rules> {
        self.rules.lock().unwrap()
    }

    fn llmx(&self, args: &[&str]) -> Output {
        self.test.world.llmx(args).output().unwrap()
    }

    fn list(&self) -> String {
        stdout(&self.llmx(&["mcp", "list"]))
    }

    fn spawn(&self, args: &[&str], path: Option<&str>) -> Child {
        let mut command = self.test.world.llmx(args);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    fn login(&self, args: &[&str]) -> Login {
        Login::start(self, args, &std::env::var("PATH").unwrap())
    }

    fn log_in(&self) {
        let mut login = self.login(&["--no-browser"]);
        let state = login.asked["state"].clone();
        login.come_back(&[("code", "code-1"), ("state", &state)]);
        assert!(login.end().status.success());
    }

    /// Runs the calls with a variable that holds `secret`.
    fn run_with_copy(&self, secret: &str, calls: &[(&str, Value)]) -> Vec<Value> {
        let script: Vec<_> = calls
            .iter()
            .map(|(name, arguments)| ((*name).to_owned(), arguments.clone()))
            .collect();
        let upstream = ScriptedUpstream::start(move |request| calling(request, &script));
        let output = self
            .test
            .command(&upstream)
            .env("A_COPY", secret)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        answers(upstream.requests().last().unwrap())
    }
}

/// A login under way.
struct Login {
    child: Option<Child>,
    errors: BufReader<std::process::ChildStderr>,
    address: String,
    asked: HashMap<String, String>,
}

impl Login {
    fn start(scene: &Scene, args: &[&str], path: &str) -> Self {
        let all = [&["mcp", "login", "web"], args].concat();
        let mut child = scene.spawn(&all, Some(path));
        let mut said = String::new();
        let (mut login, _) =
            Self::follow(&mut child, &mut said).unwrap_or_else(|| panic!("no address: {said}"));
        login.child = Some(child);
        let mut rules = scene.rules();
        rules.challenge.clone_from(&login.asked["code_challenge"]);
        drop(rules);
        login
    }

    /// Reads up to the address; nothing where the program ends before.
    fn follow(child: &mut Child, said: &mut String) -> Option<(Self, String)> {
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            if errors.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(address) = line.strip_prefix("  http") {
                break format!("http{}", address.trim_end());
            }
            said.push_str(&line);
        };
        let query = address.split_once('?').unwrap().1.as_bytes();
        let asked: HashMap<_, _> = form_urlencoded::parse(query).into_owned().collect();
        let state = asked["state"].clone();
        let login = Self {
            child: None,
            errors,
            address,
            asked,
        };
        Some((login, state))
    }

    /// Visits the callback as a browser does, and returns what it is shown.
    fn come_back(&mut self, pairs: &[(&str, &str)]) -> String {
        let redirect = &self.asked["redirect_uri"];
        let place = redirect.strip_prefix("http://").unwrap();
        let (host, path) = place.split_once('/').unwrap();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET /{path}?{query} HTTP/1.1\r\nhost: {host}\r\n\r\n"
        )
        .unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.errors.read_to_string(&mut rest).unwrap();
        rest
    }

    fn end(mut self) -> Output {
        let said = self.rest();
        let mut output = self.child.unwrap().wait_with_output().unwrap();
        output.stderr = said.into_bytes();
        output
    }
}

fn serve(request: &Message, rules: &mut Rules) -> Reply {
    let host = format!("http://{}", request.header("host").unwrap());
    let json = |status, body: Value| vec![Step::json(status, &body.to_string())];
    match request.target() {
        "/.well-known/oauth-protected-resource/mcp" if rules.issuer => {
            let resource = rules.resource.map_or(format!("{host}/mcp"), str::to_owned);
            json(
                200,
                json!({"resource": resource, "authorization_servers": [format!("{host}/as")]}),
            )
        }
        "/.well-known/oauth-authorization-server/as" => {
            let methods = if rules.pkce { vec!["S256"] } else { Vec::new() };
            let mut document = json!({"issuer": format!("{host}/as"),
                "authorization_endpoint": format!("{host}/as/authorize?x=1"),
                "token_endpoint": rules.token.map_or(format!("{host}/as/token"), str::to_owned),
                "code_challenge_methods_supported": methods});
            if rules.registers {
                document["registration_endpoint"] = json!(format!("{host}/as/register"));
            }
            json(200, document)
        }
        "/as/register" => {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["token_endpoint_auth_method"], "none");
            json(201, json!({"client_id": "registered"}))
        }
        "/as/token" => tokens(request, rules),
        "/mcp" => protocol(request, rules, &host),
        _ => json(404, json!({})),
    }
}

fn tokens(request: &Message, rules: &mut Rules) -> Reply {
    let form: HashMap<_, _> = form_urlencoded::parse(&request.body).into_owned().collect();
    assert!(form["resource"].ends_with("/mcp"));
    let given = rules.given + 1;
    let is_good = match form["grant_type"].as_str() {
        "authorization_code" => {
            let hash = digest(&SHA256, form["code_verifier"].as_bytes());
            rules.grants && URL_SAFE_NO_PAD.encode(hash) == rules.challenge
        }
        "refresh_token" => {
            rules.renews && form["refresh_token"] == format!("canary-refresh-{}", rules.given)
        }
        _ => false,
    };
    if !is_good {
        let code = form.get("code").cloned().unwrap_or_default();
        let fault =
            json!({"error": "invalid_grant", "error_description": format!("no such code {code}")});
        return vec![Step::json(400, &fault.to_string())];
    }
    rules.given = given;
    let tokens = json!({"access_token": format!("canary-access-{given}"), "token_type": "Bearer",
        "expires_in": rules.lives, "refresh_token": format!("canary-refresh-{given}")});
    vec![Step::json(200, &tokens.to_string())]
}

fn protocol(request: &Message, rules: &Rules, host: &str) -> Reply {
    let token = request.header("authorization").unwrap_or_default();
    if token != format!("Bearer canary-access-{}", rules.good) && token != "Bearer hunter2" {
        let place = format!("{host}/.well-known/oauth-protected-resource/mcp");
        let scope = "scope=\"mcp:use\"";
        let head = format!(
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer resource_metadata=\"{place}\", {scope}\r\n\
             content-length: {}\r\n\r\nwho is {token}?",
            "who is ?".len() + token.len()
        );
        let without = head.replace(&format!("resource_metadata=\"{place}\", "), "");
        let head = if rules.issuer { head } else { without };
        return vec![Step::Send(head.into_bytes())];
    }
    if rules.breaks {
        return vec![Step::json(500, &format!("broken for {token}"))];
    }
    let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
        return vec![Step::json(405, "{}")];
    };
    let result = match message["method"].as_str() {
        Some("initialize") => json!({"protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}),
        Some("tools/list") => {
            json!({"tools": [{"name": "hello", "inputSchema": {"type": "object"}}]})
        }
        Some("tools/call") => json!({"content": [{"type": "text", "text": "hello over HTTP"}]}),
        _ => return vec![Step::json(202, "")],
    };
    let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
    vec![Step::json(200, &answer.to_string())]
}
