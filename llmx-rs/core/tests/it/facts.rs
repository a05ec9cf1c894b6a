//! What is known of the model and where it comes from: configuration, provider, table, refusal.

use std::time::{Duration, Instant};

use llmx_core::turn::Bounds;
use llmx_protocol::{ErrorCode, FactSource, ThreadEvent, TurnFacts};
use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::bench::{Bench, Course, answer, message, shell};

#[tokio::test]
async fn what_litellm_tells_makes_the_cost_known_and_is_asked_for_once_a_day() {
    let upstream = ScriptedUpstream::start_with_facts(|request| match request.target() {
        "/v1/models" => found(&json!({"data": [{"id": "other"}, {"id": "m"}]})),
        "/v1/model/info" => found(&json!({"data": [{"model_name": "m", "model_info": {
            "max_input_tokens": 64_000, "input_cost_per_token": 1e-3,
            "output_cost_per_token": 1e-2, "cache_read_input_token_cost": 1e-4}}]})),
        _ => unhurried(),
    });
    let bench = Bench::new(&upstream.url("/v1"));
    for run in 0..2 {
        let facts = completed(&bench.turn(|_| None).await);
        // Ten tokens in, three out.
        assert!((facts.cost_usd.unwrap() - 0.04).abs() < 1e-9, "{facts:?}");
        assert_eq!(facts.prices_source, Some(FactSource::Provider));
        assert_eq!(window(&facts), Some((64_000, FactSource::Provider)));
        let asked = targets(&upstream);
        // Nothing is asked before the model is.
        assert_eq!(
            asked[..3],
            ["/v1/responses", "/v1/models", "/v1/model/info"]
        );
        assert_eq!(asked.len(), 3 + run);
    }
    let key = upstream.requests()[1]
        .header("authorization")
        .unwrap()
        .to_owned();
    assert!(key.starts_with("Bearer "), "{key}");
}

#[tokio::test]
async fn a_bound_on_the_cost_holds_by_the_prices_of_the_provider() {
    let upstream = ScriptedUpstream::start_with_facts(|request| match request.target() {
        "/v1/models" => slowly(&json!({"data": [{"id": "m", "pricing":
            {"prompt": "0.001", "completion": "0.01"}}]})),
        "/v1/model/info" => vec![Step::json(404, "{}")],
        _ => answer(&[shell("c", "true")]),
    });
    let mut bench = Bench::new(&upstream.url("/v1"));
    bench.bounds = Bounds {
        cost_usd: Some(0.03),
        ..Bounds::default()
    };
    let course = bench.turn(|_| None).await;
    let Some(ThreadEvent::TurnFailed { error }) = course.events.last() else {
        panic!("{:?}", course.brief())
    };
    assert_eq!(error.code, Some(ErrorCode::MaxCost));
    let asked = targets(&upstream);
    assert_eq!(asked.iter().filter(|it| *it == "/v1/responses").count(), 1);
}

#[tokio::test]
async fn a_bound_on_the_cost_that_cannot_hold_is_told() {
    let upstream = crate::bench::provider(vec![vec![shell("c", "true")], vec![message("done")]]);
    let mut bench = Bench::new(&upstream.url("/v1"));
    bench.bounds = Bounds {
        cost_usd: Some(0.03),
        ..Bounds::default()
    };
    let course = bench.turn(|_| None).await;
    let told = course.brief();
    let told: Vec<_> = told
        .iter()
        .filter(|it| it.contains("is not bounded"))
        .collect();
    assert_eq!(told.len(), 1, "{:?}", course.brief());
    assert_eq!(completed(&course).cost_usd, None);
}

#[tokio::test]
async fn a_provider_that_tells_nothing_in_time_holds_nothing_up() {
    let upstream = ScriptedUpstream::start_with_facts(|request| match request.method() {
        "GET" => vec![Step::AwaitHangup],
        _ => answer(&[message("done")]),
    });
    let bench = Bench::new(&upstream.url("/v1"));
    let begun = Instant::now();
    for _run in 0..3 {
        let facts = completed(&bench.turn(|_| None).await);
        assert_eq!((facts.cost_usd, window(&facts)), (None, None));
    }
    assert!(begun.elapsed() < Duration::from_secs(3));
    upstream.wait_for_hangups(1);
    let asked = |target| targets(&upstream).iter().filter(|it| *it == target).count();
    assert_eq!((asked("/v1/models"), asked("/v1/responses")), (1, 3));
}

#[tokio::test]
async fn what_the_user_says_is_not_asked_for() {
    let upstream = ScriptedUpstream::start_with_facts(|_| answer(&[message("done")]));
    let mut bench = Bench::new(&upstream.url("/v1"));
    bench.config.model_context_window = Some(9_000);
    bench.config.model_prices = Some(llmx_config::ModelPrices {
        input: 1.0,
        cached_input: 1.0,
        output: 1.0,
    });
    let facts = completed(&bench.turn(|_| None).await);
    assert_eq!(window(&facts), Some((9_000, FactSource::Config)));
    assert_eq!(facts.prices_source, Some(FactSource::Config));
    assert_eq!(targets(&upstream), ["/v1/responses"]);
}

#[tokio::test]
async fn local_servers_tell_what_they_run_with() {
    let llama = |request: &Message| match request.target() {
        "/v1/models" => Some(json!({"data": [{"id": "x.gguf", "meta": {"n_ctx_train": 131_072}}]})),
        "/props" => Some(json!({"default_generation_settings": {"n_ctx": 8_192}})),
        _ => None,
    };
    let ollama = |request: &Message| match request.target() {
        "/v1/models" => Some(json!({"data": [{"id": "m:latest", "owned_by": "library"}]})),
        "/api/ps" => Some(json!({"models": [{"name": "m:latest", "context_length": 4_096}]})),
        _ => None,
    };
    let asleep = |request: &Message| match request.target() {
        "/v1/models" => Some(json!({"data": [{"id": "m:latest", "owned_by": "library"}]})),
        "/api/ps" => Some(json!({"models": []})),
        "/api/show" if request.body == br#"{"model":"m:latest"}"# => {
            Some(json!({"model_info": {"llama.context_length": 32_768}}))
        }
        _ => None,
    };
    type Server = fn(&Message) -> Option<Value>;
    let servers: [(Server, u64); 3] = [(llama, 8_192), (ollama, 4_096), (asleep, 32_768)];
    for (server, expected) in servers {
        let upstream = ScriptedUpstream::start_with_facts(move |request| {
            match (request.target(), server(request)) {
                (_, Some(body)) => found(&body),
                ("/v1/responses", None) => unhurried(),
                _ => vec![Step::json(404, "{}")],
            }
        });
        let bench = Bench::new(&upstream.url("/v1"));
        let facts = completed(&bench.turn(|_| None).await);
        assert_eq!(
            window(&facts),
            Some((expected, FactSource::Provider)),
            "{:?}",
            targets(&upstream)
        );
    }
}

#[tokio::test]
async fn a_window_that_a_refusal_names_is_remembered() {
    let refusal = r#"{"error":{"message":"This model's maximum context length is 8192 tokens.",
        "code":"context_length_exceeded"}}"#;
    let replies = vec![
        vec![Step::json(400, refusal)],
        answer(&[message("a summary")]),
        answer(&[message("done")]),
    ];
    let upstream = ScriptedUpstream::with_replies(replies);
    let bench = Bench::new(&upstream.url("/v1"));
    for _run in 0..2 {
        let facts = completed(&bench.turn(|_| None).await);
        assert_eq!(window(&facts), Some((8_192, FactSource::Refusal)));
    }
    assert_eq!(upstream.requests().len(), 4);
}

fn completed(course: &Course) -> TurnFacts {
    let Some(ThreadEvent::TurnCompleted { facts, .. }) = course.events.last() else {
        panic!("{:?}", course.brief())
    };
    facts.clone()
}

fn window(facts: &TurnFacts) -> Option<(u64, FactSource)> {
    facts.context_window.zip(facts.context_window_source)
}

fn targets(upstream: &ScriptedUpstream) -> Vec<String> {
    let requests = upstream.requests();
    requests.iter().map(|it| it.target().to_owned()).collect()
}

fn found(body: &Value) -> Reply {
    vec![Step::json(200, &body.to_string())]
}

/// An answer that leaves a busy machine the time to ask beside it.
fn unhurried() -> Reply {
    let mut reply = answer(&[message("done")]);
    reply.insert(2, Step::Pause(Duration::from_millis(700)));
    reply
}

/// Tells later than an answer takes.
fn slowly(body: &Value) -> Reply {
    let pause = Step::Pause(Duration::from_millis(600));
    [vec![pause], found(body)].concat()
}
