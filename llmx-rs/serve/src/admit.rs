//! Decides whether a request may reach a handler at all: is it meant for this server, and could a
//! web page have sent it?

use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, StatusCode};

use crate::reply::Problem;

/// The names under which this server may be addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// A loopback name with this port.
    Loopback {
        /// The port the server listens on.
        port: u16,
    },
    /// A Unix socket: any loopback name, since the path of the socket already says whom to reach.
    UnixSocket,
}

/// A request that may not pass, with the reason for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) problem: Problem,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", message)
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            problem: Problem {
                status,
                kind: "invalid_request_error",
                code,
            },
            message: message.into(),
        }
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks the addressee and the sender of a request.
///
/// A page that rebinds its DNS name to 127.0.0.1 still sends that name in `Host`; a page that
/// calls `http://127.0.0.1` sends its `Origin` or, in a plain GET, `Sec-Fetch-Site`. Programs send
/// neither, so no honest client is lost.
pub(crate) fn check_headers(headers: &HeaderMap, hosts: Hosts) -> Result<(), Refusal> {
    check_host(headers, hosts)?;
    if headers.contains_key(ORIGIN) {
        return Err(Refusal::forbidden(
            "browser_request",
            "requests from web pages are refused: the request has an Origin header",
        ));
    }
    if headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .any(|site| site.as_bytes() != b"none")
    {
        return Err(Refusal::forbidden(
            "browser_request",
            "requests from web pages are refused: the request has a Sec-Fetch-Site header",
        ));
    }
    Ok(())
}

fn check_host(headers: &HeaderMap, hosts: Hosts) -> Result<(), Refusal> {
    let mut values = headers.get_all(HOST).iter();
    let (Some(host), None) = (values.next(), values.next()) else {
        return Err(Refusal::malformed(
            "the request must have exactly one Host header",
        ));
    };
    if is_ours(host.as_bytes(), hosts) {
        return Ok(());
    }
    let expected = match hosts {
        Hosts::Loopback { port } => format!("127.0.0.1:{port}, localhost:{port} or [::1]:{port}"),
        Hosts::UnixSocket => "127.0.0.1, localhost or [::1]".to_owned(),
    };
    Err(Refusal::forbidden(
        "foreign_host",
        format!("the Host header must be {expected}"),
    ))
}

fn is_ours(host: &[u8], hosts: Hosts) -> bool {
    let Some(rest) = [&b"127.0.0.1"[..], b"localhost", b"[::1]"]
        .into_iter()
        .find_map(|name| {
            let (begin, rest) = host.split_at_checked(name.len())?;
            begin.eq_ignore_ascii_case(name).then_some(rest)
        })
    else {
        return false;
    };
    match (hosts, rest) {
        (Hosts::UnixSocket, b"") => true,
        (Hosts::Loopback { port }, b"") => port == 80,
        (hosts, [b':', digits @ ..]) => {
            // `+80`, `080` and the like are other spellings, so they are other hosts.
            let plain = !digits.starts_with(b"0") && digits.iter().all(u8::is_ascii_digit);
            let given = str::from_utf8(digits).ok().and_then(|d| d.parse().ok());
            plain
                && match hosts {
                    Hosts::UnixSocket => given.is_some_and(|_: u16| true),
                    Hosts::Loopback { port } => given == Some(port),
                }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::post("/v1/responses");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_headers(&parts.headers, Hosts::Loopback { port: 8080 })
            .err()
            .map(|refusal| refusal.problem.status.as_u16())
    }

    #[test]
    fn loopback_names_with_our_port_pass() {
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LocalHost:8080",
            "[::1]:8080",
        ] {
            assert_eq!(status(&[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn every_other_host_is_foreign() {
        for host in [
            "127.0.0.1",
            "localhost",
            "127.0.0.1:8081",
            "127.0.0.1:08080",
            "127.0.0.1:+8080",
            "127.0.0.1:",
            "127.0.0.1.:8080",
            "localhost.attacker.example:8080",
            "localhost.:8080",
            "attacker.example:8080",
            "127.1:8080",
            "2130706433:8080",
            "0.0.0.0:8080",
            "0x7f000001:8080",
            "user@127.0.0.1:8080",
            "[::ffff:127.0.0.1]:8080",
            "[::1]8080",
            "",
        ] {
            assert_eq!(status(&[("host", host)]), Some(403), "{host}");
        }
    }

    #[test]
    fn host_must_stand_there_exactly_once() {
        assert_eq!(status(&[]), Some(400));
        let ours = ("host", "127.0.0.1:8080");
        assert_eq!(status(&[ours, ours]), Some(400));
    }

    #[test]
    fn what_only_a_browser_sends_is_refused() {
        let ours = ("host", "127.0.0.1:8080");
        for header in [
            ("origin", "https://attacker.example"),
            ("origin", "http://127.0.0.1:8080"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert_eq!(status(&[ours, header]), Some(403), "{header:?}");
        }
        assert_eq!(status(&[ours, ("sec-fetch-site", "none")]), None);
    }

    #[test]
    fn a_unix_socket_takes_any_loopback_name() {
        for (host, ours) in [
            ("localhost", true),
            ("127.0.0.1:1", true),
            ("attacker.example", false),
            ("localhostess", false),
        ] {
            assert_eq!(is_ours(host.as_bytes(), Hosts::UnixSocket), ours, "{host}");
        }
    }
}
