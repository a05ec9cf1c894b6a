//! Any bytes of a connection through the check that decides where a request ends.
//!
//! The check is private to `llmx-serve` and pure, so its files are included here as they are.
#![no_main]

#[path = "../../../llmx-rs/serve/src/framing.rs"]
mod framing;
#[path = "../../../llmx-rs/serve/src/head.rs"]
mod head;
#[path = "../../../llmx-rs/serve/src/limits.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "only the limit on heads is of use here"
)]
mod limits;
#[path = "../../../llmx-rs/serve/src/violation.rs"]
#[expect(dead_code, reason = "one violation is found by the server itself")]
mod violation;

use framing::{Framing, Phase};
use head::BodyFraming;
use violation::Violation;

llmx_fuzz::byte_target!(read, "http");

fn read(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else {
        return;
    };
    let cut = usize::from(*cut) + 1;
    let whole = follow([bytes]);
    assert_eq!(follow(bytes.chunks(cut)), whole, "cut by {cut}");
    assert_eq!(follow(bytes.chunks(1)), whole, "cut by 1");
    agrees_with_another_parser(bytes);
}

/// What is the same however the bytes are cut.
fn follow<'a>(cuts: impl IntoIterator<Item = &'a [u8]>) -> (Result<(), Violation>, u64, Phase) {
    let mut framing = Framing::default();
    let mut result = Ok(());
    for bytes in cuts {
        let before = result;
        result = framing.observe(bytes);
        assert!(
            before.is_ok() || result == before,
            "a refusal was taken back"
        );
    }
    (result, framing.heads(), framing.phase())
}

/// A head that both accept has, to both, a body of the same length: else one request could hide
/// in the other's body.
fn agrees_with_another_parser(bytes: &[u8]) {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(end)) = request.parse(bytes) else {
        return;
    };
    let Ok(framing) = head::check(&bytes[..end]) else {
        return;
    };
    let values = |name: &str| -> Vec<String> {
        let named = request
            .headers
            .iter()
            .filter(|it| it.name.eq_ignore_ascii_case(name));
        named
            .map(|it| {
                String::from_utf8_lossy(it.value)
                    .trim()
                    .to_ascii_lowercase()
            })
            .collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    let expected = match framing {
        BodyFraming::Chunked => (vec![], vec!["chunked".to_owned()]),
        BodyFraming::Sized(0) if lengths.is_empty() => (vec![], vec![]),
        BodyFraming::Sized(length) => (vec![length], vec![]),
    };
    let lengths: Vec<u64> = lengths
        .iter()
        .map(|it| it.parse().unwrap_or(u64::MAX))
        .collect();
    assert_eq!((lengths, codings), expected);
}
