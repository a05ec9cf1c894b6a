//! What the model does for any prompt: the program it writes, and the commands that write and run it.

/// The file that the model writes into the workspace.
pub const FILE: &str = "fibonacci.sh";

/// What the file prints when it runs; nothing but running it puts this line into a tool's output.
pub const OUTPUT: &str = "Fibonacci: 0 1 1 2 3 5 8 13 21 34";

/// What the writing command prints when it worked.
pub(crate) const WRITTEN: &str = "wrote fibonacci.sh";

/// Writes the file, word by word.
pub(crate) const WRITE: [&str; 3] = ["sh", "-c", WRITE_SCRIPT];

pub(crate) const WRITE_SCRIPT: &str = r#"cat > fibonacci.sh <<'END'
a=0 b=1 line=Fibonacci: count=10
while [ "$count" -gt 0 ]; do
    line="$line $a"
    next=$((a + b)) a=$b b=$((next)) count=$((count - 1))
done
echo "$line"
END
test -s fibonacci.sh && echo "wrote fibonacci.sh""#;

/// Runs the file, word by word.
pub(crate) const RUN: [&str; 2] = ["sh", FILE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_and_the_evidence_are_what_the_commands_speak_of() {
        assert!(WRITE_SCRIPT.contains(FILE) && WRITTEN.contains(FILE));
        assert!(
            !WRITE_SCRIPT.contains(OUTPUT),
            "only running the file may produce its output"
        );
    }
}
