//! Decides how long the body of a request is, from the raw bytes of its head, or refuses.
//!
//! The HTTP library in front of the handlers is lenient where two framings meet (it drops one
//! silently). A lenient proxy is half of a request-smuggling pair, so this check runs on the bytes
//! themselves, before that leniency.

use memchr::{memchr, memchr_iter};

use crate::violation::Violation;

/// How the body of a request is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    /// This many bytes; zero when there is no body.
    Sized(u64),
    /// Chunks until one of size zero.
    Chunked,
}

/// Checks the head of one request, from its request line to its blank line.
pub(crate) fn check(head: &[u8]) -> Result<BodyFraming, Violation> {
    let mut lines = Lines::new(head);
    let http_11 = check_request_line(lines.next().ok_or(Violation::BadRequestLine)??)?;
    let mut length = None;
    let mut chunked = false;
    for line in lines {
        let line = line?;
        match line.first() {
            None => break,
            Some(b' ' | b'\t') => return Err(Violation::FoldedHeader),
            Some(_) => {}
        }
        // A line without a colon is the HTTP library's to refuse.
        let Some((name, value)) = split_header(line) else {
            continue;
        };
        if is_name(name, b"content-length") {
            if length.is_some() {
                return Err(Violation::RepeatedContentLength);
            }
            length = Some(parse_length(value)?);
        } else if is_name(name, b"transfer-encoding") {
            if chunked || !http_11 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Violation::BadTransferEncoding);
            }
            chunked = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => Err(Violation::TwoFramings),
        (None, true) => Ok(BodyFraming::Chunked),
        (length, false) => Ok(BodyFraming::Sized(length.unwrap_or(0))),
    }
}

/// Accepts `METHOD SP /path SP HTTP/1.x` and returns whether it is HTTP/1.1.
fn check_request_line(line: &[u8]) -> Result<bool, Violation> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (method, target, version) = (parts.next(), parts.next(), parts.next());
    let origin_form = target.is_some_and(|target| target.starts_with(b"/"));
    if method.is_none_or(<[u8]>::is_empty) || !origin_form || parts.next().is_some() {
        return Err(Violation::BadRequestLine);
    }
    match version {
        Some(b"HTTP/1.1") => Ok(true),
        Some(b"HTTP/1.0") => Ok(false),
        _ => Err(Violation::BadRequestLine),
    }
}

/// Splits at the colon. White space before it stays in the name, which then matches nothing here
/// and is refused by the HTTP library.
fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    let (name, rest) = line.split_at_checked(colon)?;
    Some((name, rest.get(1..)?.trim_ascii()))
}

fn is_name(name: &[u8], expected: &[u8]) -> bool {
    name.len() == expected.len() && name.eq_ignore_ascii_case(expected)
}

fn parse_length(value: &[u8]) -> Result<u64, Violation> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Violation::BadContentLength);
    }
    str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(Violation::BadContentLength)
}

/// The lines of a head, each of which must end in CR LF.
struct Lines<'a> {
    head: &'a [u8],
    start: usize,
    ends: memchr::Memchr<'a>,
}

impl<'a> Lines<'a> {
    fn new(head: &'a [u8]) -> Self {
        Self {
            head,
            start: 0,
            ends: memchr_iter(b'\n', head),
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.ends.next()?;
        let line = self.head.get(self.start..end)?;
        self.start = end + 1;
        Some(line.strip_suffix(b"\r").ok_or(Violation::BareLineFeed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &str) -> Result<BodyFraming, Violation> {
        check(format!("POST /v1/responses HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes())
    }

    #[test]
    fn plain_requests_pass() {
        assert_eq!(checked(""), Ok(BodyFraming::Sized(0)));
        assert_eq!(
            checked("Content-Length: 12\r\n"),
            Ok(BodyFraming::Sized(12))
        );
        assert_eq!(
            checked("TRANSFER-encoding:chunked\r\n"),
            Ok(BodyFraming::Chunked)
        );
        assert_eq!(
            checked("transfer-encoding: Chunked \r\n"),
            Ok(BodyFraming::Chunked)
        );
    }

    #[test]
    fn ambiguous_framing_is_refused() {
        for (headers, violation) in [
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                Violation::TwoFramings,
            ),
            (
                "Transfer-Encoding: chunked\r\ncontent-length: 5\r\n",
                Violation::TwoFramings,
            ),
            (
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                Violation::RepeatedContentLength,
            ),
            (
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                Violation::RepeatedContentLength,
            ),
            ("Content-Length: 5, 5\r\n", Violation::BadContentLength),
            ("Content-Length: +5\r\n", Violation::BadContentLength),
            ("Content-Length: 0x5\r\n", Violation::BadContentLength),
            ("Content-Length:\r\n", Violation::BadContentLength),
            (
                "Content-Length: 99999999999999999999\r\n",
                Violation::BadContentLength,
            ),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                Violation::BadTransferEncoding,
            ),
            (
                "Transfer-Encoding: identity\r\n",
                Violation::BadTransferEncoding,
            ),
            (
                "Transfer-Encoding: xchunked\r\n",
                Violation::BadTransferEncoding,
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Violation::BadTransferEncoding,
            ),
            ("X-A: b\r\n folded\r\n", Violation::FoldedHeader),
            ("X-A: b\r\n\tfolded\r\n", Violation::FoldedHeader),
            ("X-A: b\nX-B: c\r\n", Violation::BareLineFeed),
        ] {
            assert_eq!(checked(headers), Err(violation), "{headers:?}");
        }
    }

    #[test]
    fn only_origin_form_in_http_1_is_a_request_line() {
        for line in [
            "GET http://127.0.0.1/ HTTP/1.1",
            "CONNECT host:443 HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "GET /",
            "GET / HTTP/2.0",
            "GET / HTTP/0.9",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "",
        ] {
            let head = format!("{line}\r\nHost: a\r\n\r\n");
            assert_eq!(
                check(head.as_bytes()),
                Err(Violation::BadRequestLine),
                "{line:?}"
            );
        }
    }

    #[test]
    fn http_1_0_may_have_no_transfer_coding() {
        let head = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(check(head), Err(Violation::BadTransferEncoding));
    }
}
