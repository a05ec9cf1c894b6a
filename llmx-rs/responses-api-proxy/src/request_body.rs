//! Reads a whole request body, within a limit that also holds for what it unpacks to.

use std::io::Read;

use bytes::Bytes;
use http::HeaderValue;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ruzstd::decoding::StreamingDecoder;

/// A body that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadBody {
    #[error("the request is larger than {limit} bytes; start the proxy with a larger --body-limit")]
    TooLarge { limit: usize },
    #[error("the request is encoded with `{0}`; send it plain or with zstd")]
    Encoding(String),
    #[error("the request is not what its Content-Encoding says: {0}")]
    Corrupt(String),
    #[error("the request broke off")]
    Cut,
}

pub(crate) async fn read(
    body: Incoming,
    encoding: Option<&HeaderValue>,
    limit: usize,
) -> Result<Bytes, BadBody> {
    let body = collect(body, limit).await?;
    match encoding.map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(body),
        Some(b"zstd") => unpack(&body, limit),
        Some(other) => Err(BadBody::Encoding(other.escape_ascii().to_string())),
    }
}

/// Puts the pieces of a body together as they come, so that each can make room for the next.
async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, BadBody> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        let piece = frame.map_err(|_| BadBody::Cut)?.into_data();
        let piece = piece.unwrap_or_default();
        if collected.len() + piece.len() > limit {
            return Err(BadBody::TooLarge { limit });
        }
        if collected.is_empty() {
            if body.is_end_stream() {
                // A small body comes in one piece, right behind its head.
                return Ok(piece);
            }
            collected.reserve_exact(announced.min(limit).min(MAX_RESERVED));
        }
        collected.extend_from_slice(&piece);
    }
    collected.shrink_to_fit();
    Ok(collected.into())
}

/// What is taken at a client's word: more than most requests have, and little to lose.
const MAX_RESERVED: usize = 4 << 20;

/// Unpacks at most `limit` bytes: a few kilobytes can claim to be gigabytes.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, BadBody> {
    let corrupt = |error: &dyn std::fmt::Display| BadBody::Corrupt(error.to_string());
    let decoder = StreamingDecoder::new(packed).map_err(|error| corrupt(&error))?;
    let mut unpacked = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(room)
        .read_to_end(&mut unpacked)
        .map_err(|error| corrupt(&error))?;
    unpacked.shrink_to_fit();
    if unpacked.len() > limit {
        return Err(BadBody::TooLarge { limit });
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `zstd -19` of a thousand letters `a`.
    const PACKED: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x64, 0xe8, 0x02, 0x45, 0x00, 0x00, 0x08, 0x61, 0x01, 0x00, 0xe4,
        0x2b, 0x20, 0x04, 0x23, 0x42, 0xda, 0x2e,
    ];

    #[test]
    fn a_packed_body_is_unpacked_and_a_bomb_is_not() {
        assert_eq!(unpack(PACKED, 1000).unwrap(), "a".repeat(1000));
        assert_eq!(unpack(PACKED, 999), Err(BadBody::TooLarge { limit: 999 }));
    }

    #[test]
    fn what_is_not_packed_is_told() {
        let error = unpack(b"{}", 1000).unwrap_err();
        assert!(matches!(error, BadBody::Corrupt(_)), "{error}");
    }
}
