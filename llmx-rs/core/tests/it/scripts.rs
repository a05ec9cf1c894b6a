//! What a script is taken for must be what a shell takes it for.

use llmx_core::approvals::commands;
use proptest::prelude::*;

use crate::plain::plain;

fn taken_apart(script: &str) -> Option<Vec<Vec<String>>> {
    commands(&["bash", "-lc", script].map(str::to_owned))
}

#[test]
fn what_a_grammar_passes_over_is_not_passed_over() {
    for script in ["ls\u{b}", "ls \u{c}a", "ls a#;rm x", "ls \\\nrm"] {
        let taken = taken_apart(script);
        assert!(
            taken.is_none() || taken == plain(script),
            "{script:?}: {taken:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever is taken apart, a second reader by the shell's own rules finds the same commands.
    #[test]
    fn two_readers_agree(pieces in prop::collection::vec(piece(), 1..10)) {
        let script = pieces.concat();
        if let Some(taken) = taken_apart(&script) {
            prop_assert_eq!(Some(taken), plain(&script), "{:?}", script);
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "ls", "echo", "-la", "a", "1", "a=b", "'b c'", "\"d e\"", "''", "\"", "'", "#", "# c", "!",
        "%", "@", "^", ",", "+", "=", ":", "-", "é", "rm -rf x", "time", "in", "if", "then", "do",
        "done", "fi",
    ];
    let marks = [
        " ", " ", " ", "\t", "\n", "\r", "\u{b}", "\u{c}", "\u{a0}", "\u{2028}", ";", "&&", "||",
        "|", "|&", "&", ";;", "\\", "\\\n", "$", "`", "<", ">", "(", ")", "{", "}", "~", "*",
    ];
    prop_oneof![
        prop::sample::select(words.to_vec()),
        prop::sample::select(marks.to_vec()),
    ]
    .prop_map(str::to_owned)
}
