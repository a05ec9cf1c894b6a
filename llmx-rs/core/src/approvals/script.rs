//! Takes a shell script apart into the plain commands that it runs, if it is made of nothing else.
//!
//! What is not known to be plain is not taken apart: a script with a redirection, a substitution or
//! a loop may do anything, so it counts as one unknown whole.

use tree_sitter::{Node, Parser};

/// Returns the commands that running `command` runs: those of the script that it gives to a shell,
/// or else itself. `None` if that cannot be told.
pub(super) fn commands(command: &[String]) -> Option<Vec<Vec<String>>> {
    let Some(script) = script_of(command) else {
        return Some(vec![command.to_vec()]);
    };
    plain_commands(script)
}

/// Returns the script in a command such as `bash -lc SCRIPT`.
pub(super) fn script_of(command: &[String]) -> Option<&str> {
    match command {
        [shell, flag, script] if is_shell(shell) && is_command_flag(flag) => Some(script),
        _ => None,
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program_name(program), "bash" | "sh" | "zsh" | "dash")
}

/// Only `-c` with at most `-l`: other options change what the script means.
fn is_command_flag(flag: &str) -> bool {
    matches!(flag, "-c" | "-lc" | "-cl")
}

/// Returns the name of a program without the directory that it is in.
pub(super) fn program_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn plain_commands(script: &str) -> Option<Vec<Vec<String>>> {
    if script.len() > LONGEST {
        return None;
    }
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    let tree = parser.parse(script, None)?;
    let root = tree.root_node();
    if root.has_error() {
        return None;
    }
    let mut commands = Vec::new();
    collect(root, script, 0, &mut commands)?;
    (!commands.is_empty()).then_some(commands)
}

/// Collects the commands below `node`; `None` at the first thing that is not plain.
fn collect(node: Node<'_>, script: &str, depth: usize, out: &mut Vec<Vec<String>>) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    match node.kind() {
        "program" | "list" | "pipeline" => {
            for at in 0..node.child_count() {
                let child = node.child(at)?;
                match child.kind() {
                    "&&" | "||" | ";" | "|" | "\n" | "comment" => {}
                    _ => collect(child, script, depth + 1, out)?,
                }
            }
            Some(())
        }
        "command" => {
            out.push(words(node, script)?);
            Some(())
        }
        _ => None,
    }
}

fn words(command: Node<'_>, script: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for at in 0..command.child_count() {
        let child = command.child(at)?;
        words.push(match child.kind() {
            "command_name" => word(child.child(0)?, script)?,
            _ => word(child, script)?,
        });
    }
    (!words.is_empty()).then_some(words)
}

/// Returns what a word stands for, if the shell changes nothing in it but quotes.
fn word(node: Node<'_>, script: &str) -> Option<String> {
    let text = script.get(node.byte_range())?;
    match node.kind() {
        // A glob, a brace or a tilde may become any number of words.
        "word" | "number"
            if !text.contains(['*', '?', '[', ']', '{', '}', '~', '\\', '$', '`']) =>
        {
            Some(text.to_owned())
        }
        "raw_string" => Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()),
        "string" => {
            let inside = text.strip_prefix('"')?.strip_suffix('"')?;
            let is_plain = !inside.contains(['$', '`', '\\', '!']);
            is_plain.then(|| inside.to_owned())
        }
        "concatenation" => {
            let parts = (0..node.child_count()).map(|at| {
                let child = node.child(at)?;
                word(child, script)
            });
            parts
                .collect::<Option<Vec<_>>>()
                .map(|parts| parts.concat())
        }
        _ => None,
    }
}

/// A longer script is not one that a person would read before approving it.
const LONGEST: usize = 32 << 10;
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bash(script: &str) -> Option<Vec<String>> {
        let command = ["bash", "-lc", script].map(str::to_owned);
        commands(&command).map(|found| found.iter().map(|words| words.join("|")).collect())
    }

    #[test]
    fn plain_commands_are_taken_apart() {
        for (script, expected) in [
            ("ls -la", vec!["ls|-la"]),
            (
                "cd a && git status; pwd || true | wc -l",
                vec!["cd|a", "git|status", "pwd", "true", "wc|-l"],
            ),
            ("grep 'a b' \"c d\" e'f'g", vec!["grep|a b|c d|efg"]),
            ("ls # a comment\npwd", vec!["ls", "pwd"]),
        ] {
            assert_eq!(bash(script).unwrap(), expected, "{script}");
        }
    }

    #[test]
    fn what_may_do_anything_is_not() {
        for script in [
            "ls > a",
            "ls $(rm a)",
            "ls `rm a`",
            "ls $HOME",
            "ls \"$HOME\"",
            "for i in a; do ls; done",
            "(ls)",
            "ls &",
            "X=1 ls",
            "ls *",
            "ls ~",
            "ls {a,b}",
            "ls <(rm a)",
            "cat <<E\nx\nE",
            "if true; then ls; fi",
            "f() { rm a; }; f",
            "! ls",
            "ls 2>&1",
            "eval \"$(x)\"",
            "",
            "ls &&",
        ] {
            assert_eq!(bash(script), None, "{script}");
        }
    }

    #[test]
    fn a_command_without_a_shell_is_itself() {
        let command = ["rg", "$x > y"].map(str::to_owned);
        assert_eq!(commands(&command), Some(vec![command.to_vec()]));
        // Other options change what the script means, so the whole is one unknown command.
        let odd = ["bash", "-xc", "ls"].map(str::to_owned);
        assert_eq!(commands(&odd), Some(vec![odd.to_vec()]));
    }

    proptest! {
        #[test]
        fn no_script_panics(script in "[a-z $`'\"(){}<>|&;*#!\\\\\n-]{0,40}") {
            let _any = bash(&script);
        }
    }
}
