//! Holds the API key: in by `read(2)`, checked, copied once to a locked page, never shown.
//!
//! This is the only file of the proxy with `unsafe` code.
#![expect(
    unsafe_code,
    reason = "the page of the key is allocated, locked and kept out of dumps by hand"
)]

use std::alloc::{Layout, alloc_zeroed};
use std::io;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use llmx_upstream::credential_name;
use llmx_wire::Dialect;
use zeroize::Zeroizing;

use crate::error::ProxyError;
use crate::protection::Protection;

/// The buffer on the stack that the key passes through.
const BUFFER: usize = 1024;

const PREFIX: &[u8; 7] = b"Bearer ";

/// The longest key; the buffer also holds the prefix, and one byte more tells that the key ended.
const MAX_KEY: usize = BUFFER - PREFIX.len() - 1;

/// An API key for the rest of the process.
pub(crate) struct Secret {
    bearer: &'static str,
}

impl Secret {
    /// Reads a key from `read` until a line or the input ends, and reports how well its page is
    /// protected. `read` is asked for bytes as `read(2)` is: none means the end.
    pub(crate) fn read(
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> Result<(Self, Vec<Protection>), ProxyError> {
        // Zeroizing wipes the buffer on every way out of this function.
        let mut buffer = Zeroizing::new([0_u8; BUFFER]);
        let (prefix, rest) = buffer.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        let range = read_line(rest, &mut read)?;
        let key = rest.get(range.clone()).unwrap_or_default();
        if key.is_empty() {
            return Err(ProxyError::KeyEmpty);
        }
        if !key.iter().all(|&byte| is_token_byte(byte)) {
            return Err(ProxyError::KeyNotToken);
        }
        let length = PREFIX.len() + key.len();
        // Leading blanks are rare; moving the key to the prefix keeps one contiguous value.
        buffer.copy_within(
            PREFIX.len() + range.start..PREFIX.len() + range.end,
            PREFIX.len(),
        );
        let (bearer, protections) = settle(buffer.get(..length).unwrap_or_default())?;
        Ok((Self { bearer }, protections))
    }

    /// Returns the value of `Authorization`, marked sensitive, without a copy of the key.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut value = HeaderValue::from_static(self.bearer);
        value.set_sensitive(true);
        value
    }

    /// Returns the header in which upstreams of `dialect` expect the key, without a copy of it.
    pub(crate) fn credential(&self, dialect: Dialect) -> (HeaderName, HeaderValue) {
        let name = credential_name(dialect);
        if name == AUTHORIZATION {
            return (name, self.header());
        }
        let mut value = HeaderValue::from_static(self.key());
        value.set_sensitive(true);
        (name, value)
    }

    /// Returns the key alone, for finding it where it must not stand.
    pub(crate) fn key(&self) -> &'static str {
        self.bearer.get(PREFIX.len()..).unwrap_or_default()
    }
}

/// RFC 6750: what a bearer token is made of.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// Reads into `buffer` up to the first line feed or the end, and returns where the text without
/// surrounding white space lies.
fn read_line(
    buffer: &mut [u8],
    read: &mut impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<std::ops::Range<usize>, ProxyError> {
    let mut filled = 0;
    let end = loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            return Err(ProxyError::KeyTooLong { limit: MAX_KEY });
        }
        let count = match read(room) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ProxyError::KeyUnreadable(error)),
        };
        let new = room.get(..count).unwrap_or_default();
        if let Some(end) = new.iter().position(|&byte| byte == b'\n') {
            break filled + end;
        }
        filled += count;
        if count == 0 {
            break filled;
        }
    };
    let line = buffer.get(..end).unwrap_or_default();
    let start = end - line.trim_ascii_start().len();
    Ok(start..start + line.trim_ascii().len())
}

/// Copies `bearer` to a page of its own that lives as long as the process.
fn settle(bearer: &[u8]) -> Result<(&'static str, Vec<Protection>), ProxyError> {
    let page = page_size();
    let size = bearer.len().next_multiple_of(page);
    let layout = Layout::from_size_align(size, page).map_err(|_| ProxyError::NoMemory)?;
    // SAFETY: the size is not zero, since the prefix alone is longer.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(ProxyError::NoMemory);
    }
    // The page is protected before the key is on it, so that no moment leaves it unguarded.
    let protections = protect(start, size);
    // SAFETY: `start` points to `size` zeroed bytes that nothing else refers to and that are never
    // freed; `bearer` is not longer than `size` and lies elsewhere.
    let text = unsafe {
        std::ptr::copy_nonoverlapping(bearer.as_ptr(), start, bearer.len());
        std::slice::from_raw_parts(start, bearer.len())
    };
    let text = str::from_utf8(text).map_err(|_| ProxyError::KeyNotToken)?;
    Ok((text, protections))
}

#[cfg(unix)]
fn page_size() -> usize {
    rustix::param::page_size()
}

#[cfg(not(unix))]
fn page_size() -> usize {
    4096
}

#[cfg(unix)]
fn protect(start: *mut u8, size: usize) -> Vec<Protection> {
    let start = start.cast();
    // SAFETY: the range is one allocation of ours.
    let locked = unsafe { rustix::mm::mlock(start, size) };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: as above; the advice changes dumps, not contents.
    let undumped = unsafe { rustix::mm::madvise(start, size, rustix::mm::Advice::LinuxDontDump) }
        .map_err(|error| error.to_string());
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let undumped = Err("this system has no such advice; core dumps are off as a whole".to_owned());
    vec![
        Protection::new(
            "key never swapped to disk",
            locked.map_err(|error| format!("mlock: {error}; raise the limit with ulimit -l")),
        ),
        Protection::new("key left out of memory dumps", undumped),
    ]
}

#[cfg(not(unix))]
fn protect(_start: *mut u8, _size: usize) -> Vec<Protection> {
    vec![
        Protection::new(
            "key never swapped to disk",
            Err("not available on this system".to_owned()),
        ),
        Protection::new(
            "key left out of memory dumps",
            Err("not available on this system".to_owned()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `parts` one read at a time, then the end.
    fn read(parts: &[&[u8]]) -> Result<Secret, ProxyError> {
        let mut parts = parts.iter();
        Secret::read(|room| {
            let Some(part) = parts.next() else {
                return Ok(0);
            };
            room[..part.len()].copy_from_slice(part);
            Ok(part.len())
        })
        .map(|(secret, _)| secret)
    }

    #[test]
    fn a_key_comes_out_as_a_sensitive_bearer_header() {
        let header = read(&[b"sk-abc_1.2~3+4/5==\n"]).unwrap().header();
        assert_eq!(header.to_str().unwrap(), "Bearer sk-abc_1.2~3+4/5==");
        assert!(header.is_sensitive());
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn short_reads_line_ends_and_blanks_do_not_matter() {
        for parts in [
            &[&b"sk-"[..], b"a", b"bc\n"][..],
            &[b"sk-abc"],
            &[b"sk-abc\r\n"],
            &[b"  sk-abc \t\r\n"],
            &[b"sk-abc\nsecond line\n"],
            &[b"sk-abc", b"\n"],
        ] {
            assert_eq!(read(parts).unwrap().key(), "sk-abc", "{parts:?}");
        }
    }

    #[test]
    fn an_interrupted_read_is_tried_again() {
        let mut calls = 0;
        let (secret, _) = Secret::read(|room| {
            calls += 1;
            match calls {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => {
                    room[..2].copy_from_slice(b"k\n");
                    Ok(2)
                }
                _ => Ok(0),
            }
        })
        .unwrap();
        assert_eq!(secret.key(), "k");
    }

    #[test]
    fn bad_keys_are_refused_without_being_shown() {
        for (parts, rule) in [
            (&[&b""[..]][..], "no API key"),
            (&[b" \n"], "no API key"),
            (&[b"sk canary\n"], "may not have"),
            (&["sk-canar\u{fc}\n".as_bytes()], "may not have"),
            (&[b"sk-canary\0\n"], "may not have"),
            (&[&[b'c'; 1017]], "longer than 1016 bytes"),
            (&[&[b'c'; 1000], &[b'c'; 17]], "longer than 1016 bytes"),
        ] {
            let Err(error) = read(parts) else {
                panic!("accepted {parts:?}")
            };
            let text = error.to_string();
            assert!(text.contains(rule), "{text}");
            assert!(!text.contains("canar") && !text.contains("ccc"), "{text}");
        }
        assert_eq!(read(&[&[b'c'; 1016]]).unwrap().key().len(), 1016);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_page_of_the_key_is_locked_and_left_out_of_dumps() {
        let (secret, protections) = Secret::read(|room| {
            room[..5].copy_from_slice(b"key\n\n");
            Ok(4)
        })
        .unwrap();
        assert!(protections.iter().all(Protection::holds), "{protections:?}");
        let page = format!("{:x}-", secret.bearer.as_ptr() as usize);
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mapping = maps.split_once(&page).unwrap().1;
        let flags = mapping
            .lines()
            .find(|line| line.starts_with("VmFlags:"))
            .unwrap();
        assert!(flags.contains(" lo") && flags.contains(" dd"), "{flags}");
    }
}
