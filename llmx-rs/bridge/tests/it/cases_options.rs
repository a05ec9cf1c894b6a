//! Options are mapped, dropped by name, or refused (cases 42, 43 and 72).

use llmx_bridge::{Options, TokenBound};
use serde_json::{Value, json};

use crate::support::{options, request, try_request};

#[test]
fn case_42_what_only_the_bridge_needs_goes_no_further() {
    let translated = request(
        json!("hi"),
        json!({"store": false, "include": ["reasoning.encrypted_content"], "stream": false}),
    );
    assert!(translated.losses.is_empty());
    assert_eq!(
        json!(translated.request),
        json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": false})
    );
}

#[test]
fn a_stream_always_asks_what_it_costs() {
    let body = json!(request(json!("hi"), json!({"stream": true})).request);
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
}

#[test]
fn case_43_truncation_is_dropped_by_name() {
    let translated = request(json!("hi"), json!({"truncation": "auto"}));
    assert_eq!(translated.losses.header_value().unwrap(), "truncation");
}

#[test]
fn case_44_words_of_the_model_at_the_end_are_refused_where_no_one_goes_on_from_them() {
    let input = json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "I"}]);
    assert!(try_request(input.clone(), json!({}), &options()).is_ok());
    let strict = Options {
        prefill: false,
        ..options()
    };
    let fault = try_request(input, json!({}), &strict).unwrap_err();
    assert_eq!(fault.path(), "input");
}

#[test]
fn case_55_sampling_is_dropped_by_name_where_the_model_takes_none() {
    let fields = json!({"temperature": 0.5, "top_p": 0.5});
    let reasoner = Options {
        sampling: false,
        ..options()
    };
    let translated = try_request(json!("hi"), fields, &reasoner).unwrap();
    assert_eq!(
        translated.losses.header_value().unwrap(),
        "temperature, top_p"
    );
    assert_eq!(translated.request.temperature, None);
}

#[test]
fn openai_is_known_by_its_host_and_others_are_not() {
    let known = Options::for_host("API.openai.com");
    assert!(known.openai_fields);
    assert_eq!(known.token_bound, TokenBound::MaxCompletionTokens);
    let unknown = Options::for_host("api.openai.com.example");
    assert_eq!(unknown.provider, "api.openai.com.example");
    assert!(!unknown.openai_fields);
}

#[test]
fn case_72_each_format_has_its_place() {
    let format = |format: Value| {
        json!(
            request(json!("hi"), json!({"text": {"format": format}}))
                .request
                .response_format
        )
    };
    assert_eq!(format(json!({"type": "text"})), Value::Null);
    assert_eq!(
        format(json!({"type": "json_object"})),
        json!({"type": "json_object"})
    );
    assert_eq!(
        format(
            json!({"type": "json_schema", "name": "n", "strict": true, "schema": {"type": "object"}})
        ),
        json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}})
    );
    let odd = json!({"text": {"format": {"type": "grammar"}}});
    assert_eq!(
        try_request(json!("hi"), odd, &options())
            .unwrap_err()
            .path(),
        "text.format"
    );
}

#[test]
fn case_72_the_bound_on_tokens_takes_the_upstreams_name() {
    let fields = json!({"max_output_tokens": 9});
    assert_eq!(
        request(json!("hi"), fields.clone()).request.max_tokens,
        Some(9)
    );
    let newer = Options {
        token_bound: TokenBound::MaxCompletionTokens,
        ..options()
    };
    let body = try_request(json!("hi"), fields, &newer).unwrap().request;
    assert_eq!(
        (body.max_tokens, body.max_completion_tokens),
        (None, Some(9))
    );
}

#[test]
fn case_72_log_probabilities_are_asked_for() {
    let body = request(json!("hi"), json!({"top_logprobs": 2})).request;
    assert_eq!((body.logprobs, body.top_logprobs), (Some(true), Some(2)));
}

#[test]
fn case_72_more_than_one_answer_is_refused() {
    assert!(try_request(json!("hi"), json!({"n": 1}), &options()).is_ok());
    assert_eq!(
        try_request(json!("hi"), json!({"n": 2}), &options())
            .unwrap_err()
            .path(),
        "n"
    );
}
