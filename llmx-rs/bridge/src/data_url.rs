//! Reads data URLs, the form in which clients send bytes.

/// Splits a data URL into the type of its bytes and the bytes in base 64.
pub(crate) fn split(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media_type = head.split(';').next().unwrap_or_default();
    Some((media_type, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_and_the_bytes_are_told_apart() {
        assert_eq!(
            split("data:image/png;base64,AA=="),
            Some(("image/png", "AA=="))
        );
        assert_eq!(
            split("data:text/plain;charset=utf-8;base64,AA"),
            Some(("text/plain", "AA"))
        );
        for other in [
            "https://x/y.png",
            "data:text/plain,hello",
            "data:image/png;base64",
            "",
        ] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
