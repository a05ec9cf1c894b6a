//! `llmx mcp-server`: another agent has this one do something.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::World;

#[test]
fn a_conversation_is_begun_and_goes_on() {
    let world = World::new();
    let mut client = Client::start(&world);
    let tools = client.ask("tools/list", &json!({}));
    let names = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["llmx", "llmx-reply"]);

    let begun = client.call(
        "llmx",
        &json!({"prompt": "go", "sandbox": "danger-full-access",
        "config": {"model_provider": "demo"}}),
    );
    assert_ne!(begun["isError"], true, "{begun}");
    let said = begun["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("0 1 1 2 3 5 8"), "{said}");
    assert_eq!(begun["structuredContent"]["content"], said);
    assert!(world.path().join("work/fibonacci.sh").is_file());

    let id = &begun["structuredContent"]["conversationId"];
    let again = client.call(
        "llmx-reply",
        &json!({"conversationId": id, "prompt": "again"}),
    );
    assert_ne!(again["isError"], true, "{again}");
    assert_eq!(&again["structuredContent"]["conversationId"], id);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn what_cannot_be_done_is_an_answer_and_the_server_stays() {
    let world = World::new();
    let mut client = Client::start(&world);
    for (tool, arguments, expected) in [
        ("llmx", json!({}), "prompt"),
        (
            "llmx",
            json!({"prompt": "p", "sandbox": "none", "config": {"model_provider": "demo"}}),
            "none",
        ),
        ("llmx", json!({"prompt": "p", "modle": "m"}), "modle"),
        (
            "llmx-reply",
            json!({"conversationId": "0199-none", "prompt": "p"}),
            "0199-none",
        ),
    ] {
        let answer = client.call(tool, &arguments);
        assert_eq!(answer["isError"], true, "{answer}");
        let said = answer["content"][0]["text"].as_str().unwrap();
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(client.end(), Some(0));
}

#[test]
fn a_cancelled_call_ends_its_turn_and_the_end_of_input_every_other() {
    let upstream = ScriptedUpstream::start(|_| vec![Step::sse_head(), Step::AwaitHangup]);
    let world = World::new();
    let provider = format!(
        "model = 'm'\nmodel_provider = 'p'\n[model_providers.p]\nbase_url = '{}'\n\
         wire_api = 'responses'\n",
        upstream.url("/v1")
    );
    fs::write(world.path().join("home/config.toml"), provider).unwrap();
    let mut client = Client::with_settings(&world, &[]);
    let call = |id: u64| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": "llmx", "arguments": {"prompt": "p"}}})
    };
    client.send(&call(77));
    upstream.wait_for_requests(1);
    client.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 77}}),
    );
    upstream.wait_for_hangups(1);
    client.send(&call(78));
    upstream.wait_for_requests(2);
    assert_eq!(client.end(), Some(0));
    upstream.wait_for_hangups(2);
}

/// The other side, which speaks the protocol by hand.
struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Client {
    fn start(world: &World) -> Self {
        Self::with_settings(world, &["-c", "model_provider=demo"])
    }

    fn with_settings(world: &World, settings: &[&str]) -> Self {
        let mut server = world
            .llmx(&["mcp-server"])
            .args(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = server.stdin.take().unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        let mut client = Self {
            server,
            input,
            output,
            asked: 0,
        };
        let hello = client.ask(
            "initialize",
            &json!({"protocolVersion": "2025-06-18",
            "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
        );
        assert_eq!(hello["serverInfo"]["name"], "llmx");
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    /// Closes the server's input and returns how it ended.
    fn end(self) -> Option<i32> {
        let Self {
            mut server, input, ..
        } = self;
        drop(input);
        server.wait().unwrap().code()
    }
}
