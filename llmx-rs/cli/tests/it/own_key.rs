//! An agent that holds a key of its own: what it runs can neither inherit nor look it up.

use std::fs;
use std::os::unix::fs::MetadataExt;

use llmx_test_support::ScriptedUpstream;
use serde_json::json;

use crate::conversation::{calling, script};
use crate::scene::Scene;
use crate::{stderr, stdout};

const KEY: &str = "sk-own-key-77c1";

/// What a curious command would try: its own environment, then its parents'.
const SPY: &str = "env; tr '\\0' '\\n' < /proc/$PPID/environ; \
    tr '\\0' '\\n' < /proc/$(ps -o ppid= -p $PPID | tr -d ' ')/environ; echo searched";

#[test]
fn commands_find_the_key_neither_in_their_environment_nor_in_the_agents() {
    let calls = script(&[("shell", json!({ "command": ["sh", "-c", SPY] }))]);
    let upstream = ScriptedUpstream::start(move |request| calling(request, &calls));
    let scene = Scene::new();
    let line = format!(
        "LLMX_API_KEY={KEY} LLMX_BASE_URL={} exec llmx exec -m any -s danger-full-access go",
        upstream.url("/v1")
    );
    let output = scene.as_other_user(&line);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("done"), "{}", stdout(&output));

    let requests = upstream.requests();
    assert_eq!(requests.len(), 2);
    let sent = format!("Bearer {KEY}");
    assert_eq!(requests[0].header("authorization"), Some(sent.as_str()));
    let seen = requests[1].text();
    assert!(seen.contains("searched"), "{seen}");
    // Root may read every process, so where the test cannot become someone else there is nothing
    // to hold against it.
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if scene.two || !is_root {
        assert!(!seen.contains(KEY), "{seen}");
    }
}
