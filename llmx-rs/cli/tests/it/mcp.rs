//! Tools of MCP servers, from the configuration to the model and back.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::{answers, body, calling, script};
use crate::{World, stderr, stdout};

const LONG: &str =
    "a_tool_with_a_name_that_no_provider_would_ever_take_since_it_has_eighty_letters_";

#[test]
fn tools_are_offered_under_legal_names_and_called_under_their_own() {
    let test = Test::new("good", "disabled_tools = ['hidden']");
    let run = test.run(&[]);
    let names = offered(&run.requests[0]);
    let remote: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("mcp__"))
        .collect();
    assert_eq!(remote.len(), 12, "{names:?}");
    assert!(
        names.contains(&"mcp__calc__multiply".to_owned()),
        "{names:?}"
    );
    for name in &names {
        let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        assert!(name.len() <= 64 && name.chars().all(legal), "{name}");
    }
    let long = names
        .iter()
        .find(|name| name.starts_with("mcp__calc__a_tool"))
        .unwrap();
    let dotted = names
        .iter()
        .find(|name| name.starts_with("mcp__calc__dotted"))
        .unwrap();
    let run = test.run(&[
        ("mcp__calc__multiply", json!({"a": 6, "b": 7})),
        (long, json!({})),
        (dotted, json!({})),
        ("mcp__calc__refuse", json!({})),
        ("mcp__calc__picture", json!({})),
        ("mcp__calc__hidden", json!({})),
    ]);
    let said = run.answers();
    assert_eq!(said[0], "product 42");
    assert_eq!(said[1], format!("called {LONG}"));
    assert_eq!(said[2], "called dotted.name");
    assert_eq!(said[3], "The tool failed: not on a Friday");
    assert_eq!(said[4][0]["text"], "one pixel");
    let url = said[4][1]["image_url"].as_str().unwrap();
    assert!(url.starts_with("data:image/png;base64,iVBOR"), "{url}");
    let unknown = said[5].as_str().unwrap();
    assert!(
        unknown.starts_with("there is no tool `mcp__calc__hidden`"),
        "{unknown}"
    );

    let items = run.items();
    assert_eq!(items[0]["server"], "calc");
    assert_eq!(items[1]["tool"], LONG);
    assert_eq!(items[0]["arguments"], json!({"a": 6, "b": 7}));
    assert_eq!(items[0]["result"]["content"][0]["text"], "product 42");
    assert_eq!(items[0]["status"], "completed");
    assert_eq!(items[3]["error"]["message"], "not on a Friday");
    assert_eq!(items[3]["status"], "failed");
}

#[test]
fn a_server_sees_little_of_the_environment_and_nothing_of_the_turn() {
    let test = Test::new(
        "good",
        "env = { GIVEN = 'by hand' }\nenv_vars = ['NAMED', 'LLMX_API_KEY']",
    );
    let run = test.run(&[
        ("mcp__calc__environment", json!({})),
        ("mcp__calc__params", json!({"a": 1})),
    ]);
    let said = run.answers();
    let environment: Value = serde_json::from_str(said[0].as_str().unwrap()).unwrap();
    assert_eq!(environment["GIVEN"], "by hand");
    assert_eq!(environment["NAMED"], "named");
    assert!(environment["PATH"].is_string());
    for absent in ["LLMX_API_KEY", "SECRET_TOKEN", "LLMX_BASE_URL"] {
        assert!(environment.get(absent).is_none(), "{absent}");
    }
    assert!(!said[0].to_string().contains("sk-test-canary"));
    let params: Value = serde_json::from_str(said[1].as_str().unwrap()).unwrap();
    let meta: Vec<_> = params["_meta"].as_object().unwrap().keys().collect();
    assert_eq!(meta, ["progressToken"]);
}

#[test]
fn a_slow_server_delays_no_request_and_its_calls_wait_for_it() {
    let test = Test::new("good", "");
    test.run(&[]);
    // The same settings, as far as the memory of its tools is concerned.
    test.wrap("late");
    let run = test.run(&[("mcp__calc__multiply", json!({"a": 2, "b": 2}))]);
    assert!(
        run.first_request < Duration::from_millis(1_500),
        "{:?}",
        run.first_request
    );
    assert!(offered(&run.requests[0]).contains(&"mcp__calc__multiply".to_owned()));
    assert_eq!(run.answers(), ["product 4"]);
}

#[test]
fn a_server_that_never_answers_is_reported_and_costs_one_wait() {
    let test = Test::new("good", "startup_timeout_sec = 1");
    test.run(&[]);
    test.wrap("silent");
    let call = ("mcp__calc__multiply", json!({"a": 2, "b": 2}));
    let run = test.run(&[call.clone(), call]);
    let said = run.answers();
    for said in &said {
        let said = said.as_str().unwrap();
        assert!(
            said.starts_with("the MCP server `calc` is not ready"),
            "{said}"
        );
    }
    assert!(
        run.first_request < Duration::from_millis(900),
        "{:?}",
        run.first_request
    );
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
    assert!(
        run.notices().contains("`calc` is not ready after 1 s"),
        "{}",
        run.notices()
    );
}

#[test]
fn a_server_that_cannot_start_is_reported_with_its_last_words() {
    let test = Test::new("broken", "");
    let run = test.run(&[("exec_command", json!({"cmd": "echo still here"}))]);
    assert!(run.answers()[0].as_str().unwrap().contains("still here"));
    let notices = run.notices();
    assert!(
        notices.contains("the MCP server `calc` cannot be used: it ended before it was ready"),
        "{notices}"
    );
    assert!(notices.contains("no database here"), "{notices}");
    assert_eq!(
        offered(&run.requests[0])
            .iter()
            .filter(|name| name.starts_with("mcp"))
            .count(),
        0
    );
}

#[test]
fn a_server_that_dies_in_a_call_is_started_again_for_the_next() {
    let test = Test::new("good", "");
    let run = test.run(&[
        ("mcp__calc__die", json!({})),
        ("mcp__calc__multiply", json!({"a": 1, "b": 1})),
    ]);
    let said = run.answers();
    let died = said[0].as_str().unwrap();
    assert!(
        died.starts_with("the MCP server `calc` ended during this call"),
        "{died}"
    );
    assert!(died.contains("it is not repeated"), "{died}");
    assert!(died.ends_with("out of memory"), "{died}");
    assert_eq!(said[1], "product 1");
    assert_eq!(test.starts(), 2);
    assert_eq!(test.log(), ["die", "ended"]);
    let notices = run.notices();
    assert!(
        notices.contains("`calc` is not there: it has ended"),
        "{notices}"
    );
    assert!(notices.contains("out of memory"), "{notices}");
    assert!(notices.contains("`calc` was started again"), "{notices}");
}

#[test]
fn a_server_that_dies_between_calls_is_started_again_with_its_new_list() {
    let test = Test::new("good", "");
    let run = test.run(&[
        ("mcp__calc__leave", json!({})),
        ("exec_command", json!({"cmd": "sleep 0.4; touch ../grown"})),
        ("mcp__calc__multiply", json!({"a": 2, "b": 1})),
        (
            "read_mcp_resource",
            json!({"server": "calc", "uri": "note://1"}),
        ),
    ]);
    let said = run.answers();
    assert_eq!(said[0], "called leave");
    assert_eq!(said[2], "product 2");
    assert_eq!(said[3], "what the note says");
    assert_eq!(test.starts(), 2);
    let run = test.run(&[]);
    assert!(offered(&run.requests[0]).contains(&"mcp__calc__grown".to_owned()));
}

#[test]
fn a_server_that_dies_all_the_time_is_given_up() {
    let test = Test::new("good", "");
    let run = test.run(&vec![("mcp__calc__die", json!({})); 7]);
    let said = run.answers();
    assert!(
        said[4].as_str().unwrap().contains("ended during this call"),
        "{}",
        said[4]
    );
    for said in &said[5..] {
        let said = said.as_str().unwrap();
        assert!(
            said.starts_with("the MCP server `calc` cannot be used: it has ended"),
            "{said}"
        );
        assert!(said.contains("it is not started again"), "{said}");
    }
    assert_eq!(test.starts(), 5);
    assert_eq!(test.log(), ["die"; 5]);
}

#[test]
fn a_server_that_does_not_come_back_costs_its_calls_an_error_and_may_yet_return() {
    let test = Test::new("good", "");
    let program = test.world.path().join("server.sh");
    let away = format!("mv '{0}' '{0}.away'", program.display());
    let back = format!("mv '{0}.away' '{0}'", program.display());
    let call = ("mcp__calc__multiply", json!({"a": 3, "b": 1}));
    let run = test.run(&[
        ("exec_command", json!({"cmd": away})),
        ("mcp__calc__die", json!({})),
        call.clone(),
        ("exec_command", json!({"cmd": back})),
        call,
    ]);
    let said = run.answers();
    let lost = said[2].as_str().unwrap();
    assert!(lost.contains("cannot be started again"), "{lost}");
    assert_eq!(said[4], "product 3");
}

#[test]
fn a_session_that_an_address_has_forgotten_is_begun_anew() {
    let sessions = std::sync::atomic::AtomicUsize::new(0);
    let server = ScriptedUpstream::start(move |request| {
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return Reply::from([Step::json(405, "{}")]);
        };
        let method = message["method"].as_str().unwrap_or_default();
        let count = &sessions;
        let begun = || count.load(std::sync::atomic::Ordering::SeqCst);
        if method == "tools/call" && request.header("mcp-session-id") == Some("s1") {
            return vec![Step::json(404, "{}")];
        }
        let result = match method {
            "initialize" => {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                json!({"protocolVersion": message["params"]["protocolVersion"],
                    "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}})
            }
            "tools/list" => {
                json!({"tools": [{"name": "hello", "inputSchema": {"type": "object"}}]})
            }
            "tools/call" => {
                json!({"content": [{"type": "text", "text": format!("in session {}", begun())}]})
            }
            _ => return vec![Step::json(202, "")],
        };
        let body = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nmcp-session-id: s{}\r\n\
             content-length: {}\r\n\r\n{body}",
            begun(),
            body.len()
        );
        vec![Step::Send(head.into_bytes())]
    });
    let test = Test::configured(&format!(
        "[mcp_servers.web]\nurl = '{}'\n",
        server.url("/mcp")
    ));
    let call = ("mcp__web__hello", json!({}));
    let run = test.run(&[call.clone(), call]);
    assert_eq!(
        run.answers(),
        ["in session 2", "in session 2"],
        "{}",
        run.notices()
    );
}

#[test]
fn a_call_that_takes_too_long_is_told_to_stop() {
    let test = Test::new("good", "tool_timeout_sec = 1");
    let run = test.run(&[("mcp__calc__slow", json!({}))]);
    let said = run.answers()[0].clone();
    assert!(
        said.as_str()
            .unwrap()
            .contains("has not answered within 1 s"),
        "{said}"
    );
    assert_eq!(test.log(), ["slow", "cancelled", "ended"]);
}

#[test]
fn an_interrupted_turn_stops_the_call_and_ends_the_server() {
    let test = Test::new("good", "");
    let script = vec![("mcp__calc__slow".to_owned(), json!({}))];
    let upstream = ScriptedUpstream::start(move |request| calling(request, &script));
    let child = test
        .command(&upstream)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    test.wait_for("slow");
    let interrupt = format!("kill -INT {}", child.id());
    Command::new("sh")
        .args(["-c", &interrupt])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(test.log(), ["slow", "cancelled", "ended"]);
    assert!(!test.server_runs());
}

#[test]
fn resources_are_listed_and_read() {
    let test = Test::new("good", "");
    let run = test.run(&[
        ("list_mcp_resources", json!({})),
        (
            "read_mcp_resource",
            json!({"server": "calc", "uri": "note://1"}),
        ),
        (
            "read_mcp_resource",
            json!({"server": "none", "uri": "note://1"}),
        ),
    ]);
    let said = run.answers();
    assert!(
        said[0].as_str().unwrap().contains("note://1"),
        "{}",
        said[0]
    );
    assert_eq!(said[1], "what the note says");
    assert!(
        said[2].as_str().unwrap().contains("these have: calc"),
        "{}",
        said[2]
    );
}

#[test]
fn a_list_that_changes_is_offered_in_the_next_turn() {
    let test = Test::new("good", "");
    let run = test.run(&[
        ("mcp__calc__grow", json!({})),
        ("exec_command", json!({"cmd": "sleep 0.5"})),
    ]);
    let grown = "mcp__calc__grown".to_owned();
    for request in &run.requests {
        assert!(!offered(request).contains(&grown));
    }
    let run = test.run(&[]);
    assert!(offered(&run.requests[0]).contains(&grown));
}

#[test]
fn a_list_that_never_comes_holds_up_nothing() {
    let test = Test::new("good", "");
    let run = test.run(&[
        ("mcp__calc__stall", json!({})),
        ("mcp__calc__multiply", json!({"a": 3, "b": 3})),
    ]);
    assert_eq!(run.answers(), ["called stall", "product 9"]);
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
}

#[test]
fn a_server_that_was_waited_for_in_vain_is_not_waited_for_again() {
    let test = Test::new("silent", "");
    test.run(&[]);
    let run = test.run(&[]);
    let notices = run.notices();
    assert!(
        notices.contains("the MCP server `calc` was not ready before the session ended"),
        "{notices}"
    );
    assert!(
        run.first_request < Duration::from_millis(1_500),
        "{:?}",
        run.first_request
    );
}

#[test]
fn an_address_that_refuses_is_reported_with_a_cure() {
    let server = ScriptedUpstream::start(|_| vec![Step::json(401, "{}")]);
    let test = Test::configured(&format!(
        "[mcp_servers.web]\nurl = '{}'\n",
        server.url("/mcp")
    ));
    let run = test.run(&[]);
    let notices = run.notices();
    assert!(
        notices.contains("`web` cannot be used") && notices.contains("llmx mcp login web"),
        "{notices}"
    );
}

#[test]
fn an_address_where_nobody_is_is_reported_in_plain_words() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let test = Test::configured(&format!(
        "[mcp_servers.web]\nurl = 'http://127.0.0.1:{port}/mcp'\n"
    ));
    let notices = test.run(&[]).notices();
    assert!(
        notices.contains("`web` cannot be used: the upstream 127.0.0.1:"),
        "{notices}"
    );
    assert!(!notices.contains("::"), "{notices}");
}

#[test]
fn a_server_at_an_address_is_asked_with_its_token() {
    let server = ScriptedUpstream::start(|request| {
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return Reply::from([Step::json(405, "{}")]);
        };
        let result = match message["method"].as_str() {
            Some("initialize") => json!({"protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}),
            Some("tools/list") => {
                json!({"tools": [{"name": "hello", "inputSchema": {"type": "object"}}]})
            }
            Some("tools/call") => json!({"content": [{"type": "text", "text": "hello over HTTP"}]}),
            _ => return Reply::from([Step::json(202, "")]),
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        if message["method"] == "tools/call" {
            return vec![Step::sse_head(), Step::event(&answer), Step::last_chunk()];
        }
        vec![Step::json(200, &answer)]
    });
    let test = Test::configured(&format!(
        "[mcp_servers.web]\nurl = '{}'\nbearer_token_env_var = 'SECRET_TOKEN'\n",
        server.url("/mcp")
    ));
    let run = test.run(&[("mcp__web__hello", json!({}))]);
    assert_eq!(run.answers(), ["hello over HTTP"], "{}", run.notices());
    for request in server.requests() {
        let head = format!("{request:?}").to_lowercase();
        assert!(head.contains("bearer hunter2"), "{head}");
    }
}

#[test]
fn a_server_at_an_address_is_reached_through_the_proxy_of_the_environment() {
    let proxy = ScriptedUpstream::start(|_| vec![Step::json(502, "{}"), Step::Close]);
    let test = Test::configured("[mcp_servers.web]\nurl = 'https://mcp.invalid/mcp'\n");
    let upstream = ScriptedUpstream::start(|request| calling(request, &[]));
    let run = |no_proxy: &str| {
        let mut command = test.command(&upstream);
        command
            .env("HTTPS_PROXY", proxy.url(""))
            .env("NO_PROXY", no_proxy);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            stdout(&output).contains("`web` cannot be used"),
            "{}",
            stdout(&output)
        );
    };
    run("other.invalid");
    let asked: Vec<_> = proxy.requests();
    assert_eq!(asked[0].start_line, "CONNECT mcp.invalid:443 HTTP/1.1");
    run("mcp.invalid");
    assert_eq!(proxy.requests().len(), asked.len());
}

/// A home that is configured with servers.
pub(super) struct Test {
    pub(super) world: World,
}

impl Test {
    fn new(mode: &str, more: &str) -> Self {
        let test = Self::configured("");
        test.wrap(mode);
        let program = test.world.path().join("server.sh");
        let server = format!(
            "[mcp_servers.calc]\ncommand = '{}'\n{more}\n",
            program.display()
        );
        fs::write(test.world.path().join("home/config.toml"), server).unwrap();
        test
    }

    pub(super) fn configured(config: &str) -> Self {
        let world = World::new();
        fs::write(world.path().join("home/config.toml"), config).unwrap();
        Self { world }
    }

    /// Makes the configured program a server of this kind.
    fn wrap(&self, mode: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_server.py");
        let log = self.world.path().join("log");
        let text = format!(
            "#!/bin/sh\nexec python3 '{script}' {mode} '{}'\n",
            log.display()
        );
        let program = self.world.path().join("server.sh");
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn command(&self, upstream: &ScriptedUpstream) -> Command {
        let args = [
            "exec",
            "-m",
            "any",
            "-s",
            "danger-full-access",
            "--json",
            "go",
        ];
        let mut command = self.world.llmx(&args);
        command
            .env("LLMX_API_KEY", "sk-test-canary")
            .env("LLMX_BASE_URL", upstream.url("/v1"))
            .env("SECRET_TOKEN", "hunter2")
            .env("NAMED", "named");
        command
    }

    /// Has the model make these calls one after the other.
    pub(super) fn run(&self, calls: &[(&str, Value)]) -> Run {
        let script = script(calls);
        let upstream = ScriptedUpstream::start(move |request| calling(request, &script));
        let begun = Instant::now();
        let child = self
            .command(&upstream)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        upstream.wait_for_requests(1);
        let first_request = begun.elapsed();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(!self.server_runs());
        Run {
            first_request,
            took: begun.elapsed(),
            requests: upstream.requests(),
            events: stdout(&output)
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    /// Returns how often the server was started.
    fn starts(&self) -> usize {
        let log = fs::read_to_string(self.world.path().join("log")).unwrap_or_default();
        log.lines()
            .filter(|line| line.starts_with("started"))
            .count()
    }

    /// Returns what the server has noted, without its starts.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.world.path().join("log")).unwrap_or_default();
        let lines = log.lines().filter(|line| !line.starts_with("started"));
        lines.map(str::to_owned).collect()
    }

    fn wait_for(&self, line: &str) {
        let begun = Instant::now();
        while !self.log().iter().any(|noted| noted == line) {
            assert!(begun.elapsed() < Duration::from_secs(20), "no `{line}`");
            std::thread::yield_now();
        }
    }

    /// Returns whether a server is left; one that was killed may take a moment to be buried.
    fn server_runs(&self) -> bool {
        let log = fs::read_to_string(self.world.path().join("log")).unwrap_or_default();
        let pids: Vec<_> = log
            .lines()
            .filter_map(|line| line.strip_prefix("started "))
            .collect();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            if !pids.iter().any(|pid| runs(pid)) {
                return false;
            }
        }
        true
    }
}

fn runs(pid: &str) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap();
    let state = stdout(&state);
    !state.is_empty() && !state.starts_with('Z')
}

/// What came of one run.
pub(super) struct Run {
    first_request: Duration,
    took: Duration,
    pub(super) requests: Vec<Message>,
    pub(super) events: Vec<Value>,
}

impl Run {
    /// Returns what the calls were answered.
    pub(super) fn answers(&self) -> Vec<Value> {
        answers(self.requests.last().unwrap())
    }

    pub(super) fn items(&self) -> Vec<&Value> {
        let done = self
            .events
            .iter()
            .filter(|event| event["type"] == "item.completed");
        done.map(|event| &event["item"]).collect()
    }

    pub(super) fn notices(&self) -> String {
        let errors = self.events.iter().filter(|event| event["type"] == "error");
        errors
            .map(|event| event["message"].as_str().unwrap())
            .collect()
    }
}

fn offered(request: &Message) -> Vec<String> {
    let body = body(request);
    let tools = body["tools"].as_array().unwrap().iter();
    tools
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}
