//! Takes a shell script apart into the plain commands that it runs, if it is made of nothing else.
//!
//! What is not known to be plain is not taken apart: a script with a redirection, a substitution or
//! a loop may do anything, so it counts as one unknown whole.

use std::ops::Range;

use tree_sitter::{Node, Parser};

/// Returns the commands that running `command` runs: those of the script that it gives to a shell,
/// or else itself. `None` if that cannot be told.
pub fn commands(command: &[String]) -> Option<Vec<Vec<String>>> {
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
    // A person who approves it would not see them, and not every shell reads them alike.
    let is_hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if script.len() > LONGEST || script.contains(is_hidden) {
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
    // Whatever stands outside of the tree's root is part of the script all the same.
    let around = [0..root.start_byte(), root.end_byte()..script.len()];
    if !around.into_iter().all(|gap| is_blank(script, gap, LINES)) {
        return None;
    }
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
            for child in children(node, script, LINES)? {
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
    for child in children(command, script, BLANKS)? {
        words.push(match child.kind() {
            "command_name" => {
                let [name] = children(child, script, NOTHING)?.try_into().ok()?;
                word(name, script)?
            }
            _ => word(child, script)?,
        });
    }
    (!words.is_empty()).then_some(words)
}

/// Returns the parts of `node`; `None` if there is anything but `filler` between them. The grammar
/// passes over more than a shell does: a form feed, for one, is part of a word.
fn children<'t>(node: Node<'t>, script: &str, filler: &[char]) -> Option<Vec<Node<'t>>> {
    let mut children = Vec::new();
    let mut end = node.start_byte();
    for at in 0..node.child_count() {
        let child = node.child(at)?;
        if !is_blank(script, end..child.start_byte(), filler) {
            return None;
        }
        end = child.end_byte();
        children.push(child);
    }
    is_blank(script, end..node.end_byte(), filler).then_some(children)
}

fn is_blank(script: &str, gap: Range<usize>, filler: &[char]) -> bool {
    let gap = script.get(gap);
    gap.is_some_and(|gap| gap.chars().all(|c| filler.contains(&c)))
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
            let parts = children(node, script, NOTHING)?.into_iter();
            let parts: Option<Vec<_>> = parts.map(|child| word(child, script)).collect();
            parts.map(|parts| parts.concat())
        }
        _ => None,
    }
}

const NOTHING: &[char] = &[];
const BLANKS: &[char] = &[' ', '\t'];
const LINES: &[char] = &[' ', '\t', '\n'];
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
