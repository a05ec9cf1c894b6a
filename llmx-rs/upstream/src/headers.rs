//! Removes the headers that belong to one connection and must not cross a proxy.

use http::HeaderMap;
use http::header::{CONNECTION, HeaderName};

/// Removes from a request what belongs to the client's connection, and what only pretends not to.
pub(crate) fn strip_request(headers: &mut HeaderMap) {
    let nominated = nominated(headers);
    remove(headers, |name| {
        let text = name.as_str();
        // The server side has already answered the expectation.
        is_hop_header(text) || text == "expect" || is_lookalike(text) || nominated.contains(name)
    });
}

/// Removes from a response what belongs to the upstream's connection or is true only of its origin.
pub(crate) fn strip_response(headers: &mut HeaderMap) {
    let nominated = nominated(headers);
    remove(headers, |name| {
        let text = name.as_str();
        is_hop_header(text) || is_origin_header(text) || nominated.contains(name)
    });
}

/// Removes what `unwanted` chooses. Most messages have little to remove, so the names that are
/// there are looked at, instead of looking for each that could be.
fn remove(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| unwanted(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// Headers of one hop, with the old names that some clients still send.
fn is_hop_header(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Headers that speak about the upstream's own origin: a client would take them for the proxy's,
/// whose address is another.
fn is_origin_header(name: &str) -> bool {
    matches!(name, "alt-svc" | "strict-transport-security")
}

/// Names that some servers read as another once `_` has become `-`: a client could otherwise send
/// a second `Authorization` or framing past every check.
fn is_lookalike(name: &str) -> bool {
    name.contains('_')
        && matches!(
            name.replace('_', "-").as_str(),
            "authorization"
                | "connection"
                | "content-length"
                | "proxy-authorization"
                | "proxy-connection"
                | "transfer-encoding"
        )
}

/// Returns the headers named in `Connection`, but those that frame the message: naming
/// `Content-Length` there must not make the body's length disappear.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| name != http::header::CONTENT_LENGTH && name != http::header::HOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn hop_headers_and_nominated_ones_go_and_all_others_stay() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("connection", "x-other ,content-length"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "websocket"),
            ("content-length", "3"),
            ("x-end-to-end", "1"),
            ("cookie", "a=b"),
            ("content_length", "9"),
            ("transfer_encoding", "chunked"),
            ("x_custom", "1"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip_request(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            ["content-length", "cookie", "x-end-to-end", "x_custom"]
        );
    }
}
