//! `docs/two-users.md`: its own commands, run by `sh`, as two users where the test may become two.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output};
use std::time::{Duration, Instant};

use llmx_demo::{Options, ScriptedModel, Step};
use llmx_test_support::exchange;

use crate::scene::{INFO, NOBODY, Scene, has};
use crate::{stderr, stdout};

const KEY: &str = "sk-two-users-4d1c";

#[test]
fn the_documented_commands_work_as_they_stand() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let model = {
        let _inside = runtime.enter();
        let required_key = Some(KEY.to_owned());
        ScriptedModel::start(Options {
            required_key,
            ..Options::default()
        })
        .unwrap()
    };
    let scene = Scene::new();
    let [hold, spend, end] = documented_commands();
    let upstream = format!(
        "--http-shutdown --upstream-url {}/responses",
        model.base_url()
    );
    let mut proxy = scene.start_proxy(&hold.replace("--http-shutdown", &upstream));

    let spent = scene.as_other_user(&spend);
    assert!(spent.status.success(), "{}", stderr(&spent));
    assert!(
        stdout(&spent).contains("could not write fibonacci.sh"),
        "{}",
        stdout(&spent)
    );
    scene.assert_key_is_out_of_reach(&spent);

    // Asked for by name, commands run.
    let prompt = "-s danger-full-access 'Your prompt here'";
    let worked = scene.as_other_user(&spend.replace("'Your prompt here'", prompt));
    assert!(
        stdout(&worked).contains("Fibonacci: 0 1 1 2 3"),
        "{}\n{}",
        stdout(&worked),
        stderr(&worked)
    );
    let written = fs::metadata(scene.path("work/fibonacci.sh")).unwrap();
    assert!(!scene.two || written.uid() == NOBODY);

    scene.shut_down(&spend, &end);
    assert!(proxy.wait().success());
    let sightings = model.sightings();
    assert!(
        sightings.iter().all(|sighting| sighting.had_key),
        "{sightings:?}"
    );
    let steps: Vec<_> = sightings
        .iter()
        .filter_map(|sighting| sighting.step)
        .collect();
    assert_eq!(
        steps,
        [
            Step::Write,
            Step::Report,
            Step::Write,
            Step::Run,
            Step::Report
        ]
    );
}

/// Returns the page's first three shell blocks: hold the key, spend it, end the proxy.
fn documented_commands() -> [String; 3] {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/two-users.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```shell\n").skip(1).take(3);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect();
    blocks.try_into().unwrap()
}

impl Scene {
    fn start_proxy(&self, script: &str) -> Group {
        let mut command = self.sh(&[], script);
        let group = Group(
            command
                .env("OPENAI_API_KEY", KEY)
                .process_group(0)
                .spawn()
                .unwrap(),
        );
        let begun = Instant::now();
        while !self.path(INFO).exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the proxy does not listen"
            );
            pause();
        }
        group
    }

    fn info(&self, field: &str) -> u64 {
        let text = fs::read_to_string(self.path(INFO)).unwrap();
        let info: serde_json::Value = serde_json::from_str(&text).unwrap();
        info[field].as_u64().unwrap()
    }

    /// Checks what the user without the key could try; as one user only the outputs can be held.
    fn assert_key_is_out_of_reach(&self, spent: &Output) {
        assert!(!stdout(spent).contains(KEY) && !stderr(spent).contains(KEY));
        if !Path::new("/proc/self/mem").exists() {
            return;
        }
        let pid = self.info("pid");
        let arguments = stdout(&self.as_other_user(&format!("cat /proc/{pid}/cmdline")));
        assert!(arguments.contains("responses-api-proxy"), "{arguments}");
        assert!(!arguments.contains(KEY));
        if !self.two {
            return;
        }
        for attempt in [
            "cat /proc/PID/environ",
            "head -c 1 /proc/PID/mem",
            "ls /proc/PID/fd/",
            "kill -0 PID",
        ] {
            let output = self.as_other_user(&attempt.replace("PID", &pid.to_string()));
            assert!(!output.status.success(), "`{attempt}` worked");
        }
    }

    /// Runs the page's last block where it was left off; without curl, makes the same request.
    fn shut_down(&self, spend: &str, end: &str) {
        if has("curl") {
            let variables = spend.split("llmx exec").next().unwrap();
            let output = self.as_other_user(&format!("{variables}\n{end}"));
            assert!(output.status.success(), "{}", stderr(&output));
            return;
        }
        let addr = SocketAddr::from(([127, 0, 0, 1], self.info("port").try_into().unwrap()));
        let request = format!("GET /shutdown HTTP/1.1\r\nhost: {addr}\r\n\r\n");
        assert_eq!(exchange(addr, request).unwrap().status(), 200);
    }
}

/// A shell and all that it started, which do not outlive the test.
struct Group(Child);

impl Group {
    fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let group = format!("-{}", self.0.id());
            let _already_ended = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _reaped = self.0.wait();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this thread waits for another process"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
