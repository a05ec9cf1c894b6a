//! `--dump-dir`: what passed, readable, without secrets.

use std::path::Path;

use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::Value;

use crate::proxy::{KEY, Proxy};

pub(crate) fn dumped(dir: &Path, suffix: &str) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(suffix))
        .collect();
    files.sort();
    let read = |path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    files.into_iter().map(read).collect()
}

#[test]
fn requests_and_responses_are_dumped_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("dumps");
    // The upstream echoes the key, cut over two chunks.
    let (left, right) = KEY.split_at(7);
    let upstream = ScriptedUpstream::with_replies(vec![
        vec![
            Step::sse_head(),
            Step::chunk(&format!("data: \"grüße {left}")),
            Step::Pause(std::time::Duration::from_millis(20)),
            Step::chunk(&format!("{right}\"\n\n")),
            Step::last_chunk(),
        ],
        vec![Step::sse_head(), Step::chunk("half"), Step::Close],
    ]);
    let mut proxy = Proxy::start(
        &upstream,
        &["--http-shutdown", "--dump-dir", dir.to_str().unwrap()],
    );
    let request = proxy.fill(
        "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nCookie: secret=1\r\nX-Api-Key: secret\r\n\
         X-Plain: seen\r\nContent-Length: 10\r\n\r\n{\"a\": \"b\"}",
    );
    let answer = proxy.exchange(&request).unwrap();
    assert!(
        answer.text().contains(KEY),
        "the traffic itself is not touched"
    );
    proxy.exchange(&request);
    proxy.exchange("GET /shutdown HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(proxy.wait().code(), Some(0));

    let requests = dumped(&dir, "-request.json");
    assert_eq!(requests.len(), 2);
    let first = &requests[0];
    assert_eq!(first["method"], "POST");
    assert_eq!(first["url"], upstream.url("/v1/responses"));
    assert_eq!(first["body"], "{\"a\": \"b\"}");
    assert_eq!(first["complete"], true);
    let header = |of: &Value, name: &str| -> Value {
        let list = of["headers"].as_array().unwrap();
        list.iter().find(|header| header["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(header(first, "cookie"), "[REDACTED]");
    assert_eq!(header(first, "x-api-key"), "[REDACTED]");
    assert_eq!(header(first, "x-plain"), "seen");

    let responses = dumped(&dir, "-response.json");
    assert_eq!(responses[0]["status"], 200);
    assert_eq!(responses[0]["body"], "data: \"grüße [REDACTED]\"\n\n");
    assert_eq!(responses[0]["complete"], true);
    assert_eq!(responses[1]["body"], "half");
    assert_eq!(responses[1]["complete"], false);

    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(KEY) && !text.contains("secret"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = crate::proxy::command();
    let dir = file.path().join("x");
    command.args(["--dump-dir", dir.to_str().unwrap()]);
    let (status, stderr) = crate::proxy::run(command, "key\n");
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("--dump-dir"), "{stderr}");
}
