//! Removes the headers that belong to one connection and must not cross a proxy.

use http::HeaderMap;
use http::header::{CONNECTION, HeaderName};

/// Headers of one hop (RFC 9110 §7.6.1), with the old names that some clients still send.
const HOP_HEADERS: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Response headers that speak about the upstream's own origin. A client would take them for the
/// proxy's, whose address is another.
const ORIGIN_HEADERS: [&str; 2] = ["alt-svc", "strict-transport-security"];

/// Removes hop-by-hop headers and those that `Connection` names.
pub fn strip_hop_headers(headers: &mut HeaderMap) {
    let nominated = nominated(headers);
    for name in HOP_HEADERS {
        headers.remove(name);
    }
    for name in nominated {
        headers.remove(name);
    }
}

/// Removes response headers that are true only of the upstream's own origin.
pub fn strip_origin_headers(headers: &mut HeaderMap) {
    for name in ORIGIN_HEADERS {
        headers.remove(name);
    }
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
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip_hop_headers(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-length", "cookie", "x-end-to-end"]);
    }
}
