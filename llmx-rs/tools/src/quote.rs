//! Writes a command line so that a person can read it and a shell would run the same.

/// Joins `words` with spaces, each quoted where a shell would otherwise change it.
pub(crate) fn join(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| quote(word)).collect();
    quoted.join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        let words = ["bash", "-c", "echo 'a b'", "", "a/b.c:1"].map(str::to_owned);
        assert_eq!(join(&words), r"bash -c 'echo '\''a b'\''' '' a/b.c:1");
    }
}
