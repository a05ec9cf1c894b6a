//! Finds secrets in what is dumped: by the name of a header, and the key itself anywhere.

use memchr::memmem;

/// What stands in a dump where a secret was.
pub(super) const MARK: &str = "[REDACTED]";

/// Returns whether headers of this name (in lower case) carry credentials.
pub(super) fn is_secret_header(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "set-cookie"
            | "api-key"
            | "x-api-key"
            | "x-goog-api-key"
            | "x-amz-security-token"
    ) || name.ends_with("-token")
        || name.ends_with("-secret")
}

/// Replaces a key in a text that comes in parts, however the parts cut it.
#[derive(Debug)]
pub(super) struct Redactor {
    key: &'static str,
    /// The end of what came so far, as long as it could be the beginning of the key.
    held: Vec<u8>,
}

impl Redactor {
    pub(super) fn new(key: &'static str) -> Self {
        Self {
            key,
            held: Vec::new(),
        }
    }

    /// Appends to `out` what of `part` and the parts before is certain not to be a secret.
    pub(super) fn push(&mut self, part: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(part);
        let mut start = 0;
        while let Some(found) = self
            .rest(start)
            .and_then(|rest| memmem::find(rest, self.key.as_bytes()))
        {
            out.extend_from_slice(self.held.get(start..start + found).unwrap_or_default());
            out.extend_from_slice(MARK.as_bytes());
            start += found + self.key.len();
        }
        let certain = self
            .held
            .len()
            .saturating_sub(self.key.len() - 1)
            .max(start);
        out.extend_from_slice(self.held.get(start..certain).unwrap_or_default());
        self.held.drain(..certain);
    }

    /// Appends the rest to `out`: it is too short to be the key.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    fn rest(&self, start: usize) -> Option<&[u8]> {
        self.held.get(start..).filter(|_| !self.key.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut redactor = Redactor::new("sk-1");
        let mut out = Vec::new();
        for part in parts {
            redactor.push(part, &mut out);
        }
        redactor.finish(&mut out);
        out
    }

    #[test]
    fn a_key_cut_over_parts_is_found() {
        assert_eq!(redact([&b"a sk"[..], b"-", b"1 b"]), b"a [REDACTED] b");
    }

    proptest! {
        /// However the text is cut, the key is replaced and nothing else changes.
        #[test]
        fn cuts_change_nothing(text in "(sk-1|s|k|-|1|x){0,40}", size in 1_usize..9) {
            let whole = text.replace("sk-1", MARK);
            prop_assert_eq!(redact(text.as_bytes().chunks(size)), whole.as_bytes());
        }
    }
}
