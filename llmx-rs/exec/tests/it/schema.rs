//! `--output-schema`: the final answer matches, is corrected once, or the run says that it does not.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use llmx_exec::Ending;
use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::bench::{Bench, answer, lines, message, provider, shell};

const RIGHT: &str = r#"{"sum": 3}"#;
const WRONG: &str = r#"{"sum": "three"}"#;

#[tokio::test]
async fn an_answer_that_matches_is_printed_as_it_is() {
    let upstream = provider(vec![vec![shell("c1", "true")], vec![message(RIGHT)]]);
    let bench = bench(&upstream);
    let _kept = Arc::clone(&bench.directory);
    let path = bench.args.output_last_message.clone().unwrap();
    let (ending, out, err) = bench.run().await;
    assert_eq!((ending, out.trim()), (Ending::Completed, RIGHT), "{err}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), RIGHT);

    let body = &bodies(&upstream)[0];
    assert_eq!(
        body["text"]["format"],
        json!({"type": "json_schema", "name": "final_answer", "strict": true, "schema": schema()})
    );
    let told = body["instructions"].as_str().unwrap();
    assert!(told.ends_with(&schema().to_string()), "{told}");
}

#[tokio::test]
async fn a_wrong_answer_is_corrected_once() {
    for wrong in [WRONG, "The sum is 3.", "```json\n{\"sum\": 3}\n```"] {
        let upstream = provider(vec![vec![message(wrong)], vec![message(RIGHT)]]);
        let (ending, out, err) = bench(&upstream).run().await;
        assert_eq!((ending, out.trim()), (Ending::Completed, RIGHT), "{err}");
        assert!(err.contains("must be corrected: "), "{err}");
        let bodies = bodies(&upstream);
        assert_eq!(bodies.len(), 2);
        let told = bodies[1]["input"].as_array().unwrap().last().unwrap();
        let told = told["content"][0]["text"].as_str().unwrap().to_owned();
        let fault = if wrong == WRONG {
            "- at `/sum`: "
        } else {
            "- it is not JSON"
        };
        assert!(told.contains(fault), "{told}");
        assert_eq!(bodies[1]["text"], bodies[0]["text"]);
    }
}

#[tokio::test]
async fn an_answer_that_stays_wrong_fails_the_turn_with_a_code_of_its_own() {
    let answers = || {
        let wrong = r#"{"sum": 3, "more": 1}"#;
        provider(vec![vec![message(WRONG)], vec![message(wrong)]])
    };
    let upstream = answers();
    let bench_of_text = bench(&upstream);
    let _kept = Arc::clone(&bench_of_text.directory);
    let path = bench_of_text.args.output_last_message.clone().unwrap();
    std::fs::write(&path, "old").unwrap();
    let (ending, out, err) = bench_of_text.run().await;
    assert_eq!((ending, ending.code()), (Ending::OutputSchema, 7), "{err}");
    // Whoever reads standard output or the file relies on the shape.
    assert_eq!(out, "");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "old");
    assert!(err.contains(r#"{"sum": 3, "more": 1}"#), "{err}");
    assert_eq!(upstream.requests().len(), 2);

    let (_, out, _) = bench(&answers()).json().run().await;
    let last = lines(&out).pop().unwrap();
    assert_eq!(last["type"], "turn.failed");
    assert_eq!(last["error"]["code"], "output_schema");
    let told = last["error"]["message"].as_str().unwrap();
    assert!(told.contains("more"), "{told}");
}

#[tokio::test]
async fn a_provider_that_refuses_formats_is_asked_without_one() {
    let refusal = r#"{"error":{"message":"Unknown parameter: 'text.format'."}}"#;
    let asked = AtomicUsize::new(0);
    let upstream = ScriptedUpstream::start(move |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        if body["text"]["format"].is_object() {
            return vec![Step::json(400, refusal)];
        }
        answer(&[match asked.fetch_add(1, Relaxed) {
            0 => shell("c1", "true"),
            _ => message(RIGHT),
        }])
    });
    let (ending, out, err) = bench(&upstream).run().await;
    assert_eq!((ending, out.trim()), (Ending::Completed, RIGHT), "{err}");
    assert_eq!(err.matches("is not asked to hold").count(), 1, "{err}");
    assert!(err.contains("Unknown parameter: 'text.format'"), "{err}");
    let formats: Vec<_> = bodies(&upstream)
        .iter()
        .map(|body| body["text"]["format"].is_object())
        .collect();
    assert_eq!(formats, [true, false, false]);
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_told_before_any_request() {
    let upstream = provider(vec![vec![message("unseen")]]);
    for (text, expected) in [
        (None, "cannot be read: "),
        (Some("{"), "it is not JSON: "),
        (
            Some(r#"{"properties": {"a": {"type": "in"}}}"#),
            "at `/properties/a/type`: ",
        ),
    ] {
        let mut bench = Bench::new(&upstream.url("/v1"));
        let path = bench.directory.path().join("schema.json");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        bench.args.output_schema = Some(path);
        let (ending, out, err) = bench.json().run().await;
        assert_eq!((ending, ending.code()), (Ending::Usage, 2));
        assert!(
            err.contains("schema.json") && err.contains(expected),
            "{err}"
        );
        assert_eq!(lines(&out)[0]["type"], "error");
    }
    assert_eq!(upstream.requests().len(), 0);
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"],
        "additionalProperties": false})
}

/// A run whose answer must match the schema and goes into a file.
fn bench(upstream: &ScriptedUpstream) -> Bench {
    let mut bench = Bench::new(&upstream.url("/v1"));
    let path: PathBuf = bench.directory.path().join("schema.json");
    std::fs::write(&path, schema().to_string()).unwrap();
    bench.args.output_schema = Some(path);
    bench.args.output_last_message = Some(bench.directory.path().join("answer.json"));
    bench
}

fn bodies(upstream: &ScriptedUpstream) -> Vec<Value> {
    let requests = upstream.requests();
    requests
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect()
}
