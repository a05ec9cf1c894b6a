//! Reads how long a provider asks to be left alone.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Returns the longest pause that a refusal asks for in any of the ways that providers have: an
/// early request would be refused again.
pub(super) fn parse(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Option<Duration> {
    let asked = in_words(headers, now);
    if status != StatusCode::TOO_MANY_REQUESTS {
        return asked;
    }
    let refilled = BUCKETS.iter().filter_map(|bucket| refill(headers, bucket));
    asked.into_iter().chain(refilled).chain(in_body(body)).max()
}

/// Returns what `retry-after-ms` or `retry-after` (seconds or a date) says.
fn in_words(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| text(headers, name);
    if let Some(pause) = text("retry-after-ms").and_then(|ms| number(ms, 1_000.0)) {
        return Some(pause);
    }
    let value = text("retry-after")?;
    number(value, 1.0).or_else(|| {
        let date = httpdate::parse_http_date(value).ok()?;
        // A date that has passed asks for no pause.
        Some(date.duration_since(now).unwrap_or_default())
    })
}

/// Returns when a bucket that may be empty is full again, if that is soon. Later says little about
/// when it lets the next request through.
fn refill(headers: &HeaderMap, bucket: &Bucket) -> Option<Duration> {
    let is_left = |left: &str| left.parse().is_ok_and(|left: f64| left > 0.0);
    if bucket.is_counted_in_requests && text(headers, bucket.remaining).is_some_and(is_left) {
        return None;
    }
    let pause = duration(text(headers, bucket.reset)?)?;
    (pause <= LONGEST_REFILL).then_some(pause)
}

/// Returns what the body says, or the error in it, or a detail of that.
fn in_body(body: &[u8]) -> Option<Duration> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let body = body.get(0).unwrap_or(&body);
    let error = body.get("error");
    let details = error.and_then(|error| error.get("details")?.as_array());
    let places = details.into_iter().flatten();
    let places = places.chain(error).chain([body]);
    let fields = places.flat_map(|place| BODY_FIELDS.iter().filter_map(|name| place.get(*name)));
    fields
        .filter_map(|field| match field {
            Value::Number(seconds) => number(&seconds.to_string(), 1.0),
            Value::String(text) => duration(text),
            _ => None,
        })
        .max()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Reads `1s`, `6m0s`, `20ms`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = number(text, 1.0) {
        return Some(seconds);
    }
    let mut sum = None;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at_checked(digits)?;
        let unit = after.find(|c: char| c.is_ascii_digit());
        let (unit, after) = after.split_at_checked(unit.unwrap_or(after.len()))?;
        let (_, per_second) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = number(amount, *per_second)?;
        sum = Some(sum.unwrap_or(Duration::ZERO).saturating_add(part));
        rest = after;
    }
    sum
}

fn number(text: &str, per_second: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number / per_second).ok()
}

/// A limit that refills with time, and the headers that tell of it.
struct Bucket {
    remaining: &'static str,
    reset: &'static str,
    /// One that is not empty is not what refused. Of tokens there may be some left, but too few.
    is_counted_in_requests: bool,
}

const BUCKETS: [Bucket; 2] = [
    Bucket {
        remaining: "x-ratelimit-remaining-requests",
        reset: "x-ratelimit-reset-requests",
        is_counted_in_requests: true,
    },
    Bucket {
        remaining: "x-ratelimit-remaining-tokens",
        reset: "x-ratelimit-reset-tokens",
        is_counted_in_requests: false,
    },
];
const LONGEST_REFILL: Duration = Duration::from_secs(300);
const BODY_FIELDS: [&str; 4] = [
    "resets_in_seconds",
    "retry_after",
    "retry_after_seconds",
    // Of `google.rpc.RetryInfo`.
    "retryDelay",
];
/// How many of each unit make a second.
const UNITS: [(&str, f64); 6] = [
    ("ns", 1e9),
    ("us", 1e6),
    ("ms", 1e3),
    ("s", 1.0),
    ("m", 1.0 / 60.0),
    ("h", 1.0 / 3600.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITED: StatusCode = StatusCode::TOO_MANY_REQUESTS;

    #[test]
    fn the_longest_pause_that_can_be_meant_counts() {
        let (requests, tokens) = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens");
        let left = "x-ratelimit-remaining-requests";
        for (headers, body, expected) in [
            (vec![(requests, "1s")], "", Some(1_000)),
            (vec![(tokens, "20ms"), (requests, "1.5")], "", Some(1_500)),
            (vec![(tokens, "2m3s")], "", Some(123_000)),
            (vec![("retry-after", "2"), (tokens, "7s")], "", Some(7_000)),
            (vec![("retry-after", "9"), (tokens, "7s")], "", Some(9_000)),
            (vec![(requests, "9s"), (left, "3")], "", None),
            (vec![(requests, "9s"), (left, "0")], "", Some(9_000)),
            (vec![(tokens, "6m0s")], "", None),
            (vec![(tokens, "1732113257")], "", None),
            (vec![(tokens, "soon")], "", None),
            (
                vec![],
                r#"{"error":{"resets_in_seconds":12}}"#,
                Some(12_000),
            ),
            (vec![], r#"{"retry_after":"1.5"}"#, Some(1_500)),
            (vec![], r#"{"error":"no","retry_after":-1}"#, None),
            (
                vec![("retry-after", "1")],
                r#"[{"error":{"details":[{"retryDelay":"34s"}]}}]"#,
                Some(34_000),
            ),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            let pause = parse(LIMITED, &map, body.as_bytes(), SystemTime::now());
            let expected = expected.map(Duration::from_millis);
            assert_eq!(pause, expected, "{headers:?} {body}");
        }
    }

    #[test]
    fn the_state_of_a_bucket_counts_only_where_it_refuses() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-reset-tokens", "7s".parse().unwrap());
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(parse(busy, &headers, b"", SystemTime::now()), None);
    }

    #[test]
    fn every_form_is_understood() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (name, value, expected) in [
            ("retry-after", "2", Some(2_000)),
            ("retry-after", " 1.5", Some(1_500)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT", Some(3_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT", Some(0)),
            ("retry-after", "-3", None),
            ("retry-after", "nan", None),
            ("retry-after", "soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let pause = parse(LIMITED, &headers, b"", now);
            assert_eq!(
                pause,
                expected.map(Duration::from_millis),
                "{name}: {value}"
            );
        }
    }
}
