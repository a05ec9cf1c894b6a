//! Makes tool names that every server accepts: `[A-Za-z0-9_-]`, 1 to 64 characters, the first of
//! them a letter or `_`, for Gemini's sake.

use super::{Kind, Target};

/// Returns the tool's own name if it is legal, else one made of it.
pub(super) fn legal(target: &Target) -> String {
    let plain = plain(target);
    let fits = (1..=MAX_NAME).contains(&plain.len())
        && plain.starts_with(may_be_first)
        && plain.chars().all(is_legal);
    if fits { plain } else { hashed(target) }
}

/// Returns a name that differs from that of every other tool.
pub(super) fn hashed(target: &Target) -> String {
    let plain = plain(target);
    let prefix = (!plain.starts_with(may_be_first)).then_some('_');
    let mut name: String = prefix
        .into_iter()
        .chain(plain.chars())
        .map(|c| if is_legal(c) { c } else { '_' })
        .take(MAX_NAME - HASH_CHARS - 1)
        .collect();
    let hash = fingerprint(target);
    name.push_str(&format!("_{hash:0HASH_CHARS$x}"));
    name
}

fn plain(target: &Target) -> String {
    match &target.namespace {
        Some(namespace) => format!("{namespace}__{}", target.name),
        None => target.name.clone(),
    }
}

fn may_be_first(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Hashes what the tool is (FNV-1a, folded to 32 bits): stable across runs, unlike std's hasher.
fn fingerprint(target: &Target) -> u32 {
    let kind: &[u8] = match target.kind {
        Kind::Function => b"f",
        Kind::Custom => b"c",
        Kind::ToolSearch => b"s",
        Kind::LocalShell => b"l",
    };
    let namespace = target.namespace.as_deref().unwrap_or_default().as_bytes();
    let parts = [kind, namespace, target.name.as_bytes()];
    let hash = parts
        .iter()
        .flat_map(|part| part.iter().chain(&[0]))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let [a, b, c, d, e, f, g, h] = hash.to_be_bytes();
    u32::from_be_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}

/// What OpenAI and most servers allow.
const MAX_NAME: usize = 64;

/// Hexadecimal digits of 32 bits: enough to tell apart the tools of one request.
const HASH_CHARS: usize = 8;
