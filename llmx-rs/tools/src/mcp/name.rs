//! Names for the tools of servers that every provider takes: `mcp__SERVER__TOOL`, at most 64
//! characters out of letters, digits, `_` and `-`.
//!
//! A name that had to be changed or that could be read in two ways ends in a hash of what it stands
//! for, so that the same tool has the same name in every session and two tools never share one.

/// Returns the name by which the model calls `tool` of `server`.
pub(crate) fn qualified(server: &str, tool: &str) -> String {
    let plain = format!("{PREFIX}{server}__{tool}");
    // Then the first `__` behind the prefix is where the server ends.
    let is_clear = !server.contains("__") && !server.ends_with('_') && !server.is_empty();
    if plain.len() <= LONGEST && is_clear && plain.chars().all(is_legal) && !looks_hashed(&plain) {
        return plain;
    }
    let legal: String = plain
        .chars()
        .map(|c| if is_legal(c) { c } else { '_' })
        .take(LONGEST - HASH_LENGTH)
        .collect();
    let hash = hash(&[server, tool]);
    format!("{legal}_h{hash:016x}")
}

/// Returns a number that stands for `words` and stays the same in every version.
///
/// This is FNV-1a: good enough to tell names apart, and no promise against someone who wants two
/// names to meet.
pub(crate) fn hash(words: &[&str]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Returns whether a name ends as those do that were changed.
fn looks_hashed(name: &str) -> bool {
    let end = name.len().checked_sub(HASH_LENGTH);
    let ending = end.and_then(|end| name.get(end..));
    let digits = ending.and_then(|ending| ending.strip_prefix("_h"));
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// How every such name begins.
pub(crate) const PREFIX: &str = "mcp__";
/// What the strictest provider takes.
const LONGEST: usize = 64;
/// `_h` and sixteen digits.
const HASH_LENGTH: usize = 18;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_stays_readable() {
        assert_eq!(qualified("docs", "search_all"), "mcp__docs__search_all");
        assert_eq!(qualified("a-b", "c"), "mcp__a-b__c");
    }

    #[test]
    fn a_changed_name_is_the_same_in_every_session() {
        let long = "t".repeat(80);
        assert_eq!(
            qualified("docs", &long),
            "mcp__docs__ttttttttttttttttttttttttttttttttttt_h5d35ed6f8ed3fa08"
        );
    }

    proptest! {
        #[test]
        fn every_name_is_legal(server in ".{0,40}", tool in ".{0,90}") {
            let name = qualified(&server, &tool);
            prop_assert!(name.len() <= 64, "{}", name);
            prop_assert!(name.chars().all(is_legal), "{}", name);
            prop_assert!(name.starts_with(PREFIX));
        }

        /// Names that could meet are built from few letters, so that this finds them.
        #[test]
        fn two_tools_never_share_a_name(
            one in ("[a_. ]{1,4}", "[a_. ]{1,4}"),
            other in ("[a_. ]{1,4}", "[a_. ]{1,4}"),
        ) {
            let equal = qualified(&one.0, &one.1) == qualified(&other.0, &other.1);
            prop_assert_eq!(equal, one == other);
        }
    }
}
