//! Tells pictures by their first bytes; names of files say little.

use std::fmt;

/// A kind of picture that models can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Png,
    Jpeg,
    Gif,
    WebP,
}

impl Kind {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            _ => None,
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }

    /// Returns whether the picture has its end. Some programs write more behind it.
    pub(crate) fn is_whole(self, bytes: &[u8]) -> bool {
        let has = |end: &[u8]| bytes.windows(end.len()).any(|window| window == end);
        match self {
            Self::Png => has(b"IEND"),
            Self::Jpeg => has(&[0xff, 0xd9]),
            Self::Gif => bytes.len() > GIF_HEAD && bytes.contains(&b';'),
            Self::WebP => {
                let length = bytes.get(4..8).and_then(|length| length.try_into().ok());
                let length = length.map_or(0, u32::from_le_bytes) as usize;
                length > 4 && length <= bytes.len().saturating_sub(8)
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        })
    }
}

/// The signature and the screen descriptor.
const GIF_HEAD: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_bytes_and_ends() {
        for (bytes, kind, whole) in [
            (&b"\x89PNG\r\n\x1a\n..IEND...."[..], Kind::Png, true),
            (b"\x89PNG\r\n\x1a\n..", Kind::Png, false),
            (b"\xff\xd8\xff\xe0..\xff\xd9", Kind::Jpeg, true),
            (b"\xff\xd8\xff\xe0..", Kind::Jpeg, false),
            (b"GIF89a........;", Kind::Gif, true),
            (b"GIF87a", Kind::Gif, false),
            (b"RIFF\x06\0\0\0WEBP..", Kind::WebP, true),
            (b"RIFF\xff\0\0\0WEBP..", Kind::WebP, false),
        ] {
            assert_eq!(Kind::of(bytes), Some(kind));
            assert_eq!(kind.is_whole(bytes), whole, "{kind} {bytes:?}");
        }
        assert_eq!(Kind::of(b"<svg>"), None);
        assert_eq!(Kind::of(b""), None);
    }
}
