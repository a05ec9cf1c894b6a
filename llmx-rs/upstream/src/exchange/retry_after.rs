//! Reads how long a provider asks to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Returns the pause asked for in `retry-after-ms` or in `retry-after` (seconds or a date).
pub(super) fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
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

fn number(text: &str, per_second: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number / per_second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let pause = parse(&headers, now);
            assert_eq!(
                pause,
                expected.map(Duration::from_millis),
                "{name}: {value}"
            );
        }
    }
}
