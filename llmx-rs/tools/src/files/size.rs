//! Writes a number of bytes as people do.

/// Returns `bytes` with a unit, to two digits or more.
pub(crate) fn human(bytes: u64) -> String {
    let mut value = bytes;
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value < 10 << 10 {
            break;
        }
        value >>= 10;
        unit = next;
    }
    format!("{value} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_are_exact() {
        for (bytes, expected) in [
            (0, "0 B"),
            (9_999, "9999 B"),
            (20 << 10, "20 KiB"),
            (5 << 40, "5120 GiB"),
        ] {
            assert_eq!(human(bytes), expected);
        }
    }
}
