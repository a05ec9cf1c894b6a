//! Recognises a patch in a command: models that know `apply_patch` as a program call it as one.

use std::path::{Path, PathBuf};

use super::parse::BEGIN;

/// Returns the patch that `command` applies, and the directory that it changes to before.
///
/// Only where the command does nothing else: what a patch within a longer script would mean is for
/// a shell to say.
pub fn in_command(command: &[String]) -> Option<(String, Option<PathBuf>)> {
    match command {
        [body] if body.trim_start().starts_with(BEGIN) => Some((body.clone(), None)),
        [program, patch] if is_name(program) => Some((patch.clone(), None)),
        [shell, flag, script] if is_shell(shell) && is_script_flag(flag) => in_script(script),
        _ => None,
    }
}

/// Returns the patch that a script for a shell applies.
pub(super) fn in_script(script: &str) -> Option<(String, Option<PathBuf>)> {
    let script = script.trim();
    if script.starts_with(BEGIN) {
        return Some((script.to_owned(), None));
    }
    let (directory, rest) = match after_word(script, "cd") {
        Some(rest) => {
            let (directory, rest) = word(rest)?;
            // A place that only the shell knows.
            if directory.is_empty() || directory.contains(['$', '`', '~', '*', '?']) {
                return None;
            }
            let rest = rest.trim_start_matches([' ', '\t']);
            let rest = ["&&", ";", "\n"]
                .iter()
                .find_map(|end| rest.strip_prefix(end))?;
            (Some(PathBuf::from(directory)), rest.trim_start())
        }
        None => (None, script),
    };
    if let Some(rest) = after_word(rest, "cat") {
        let (first, body) = rest.split_once('\n')?;
        let (document, program) = first.split_once('|')?;
        let patch = here_document(&format!("{}\n{body}", document.trim_end()))?;
        return is_name(program.trim()).then_some((patch, directory));
    }
    let rest = NAMES.iter().find_map(|name| after_word(rest, name))?;
    let patch = here_document(rest).or_else(|| {
        let inner = rest.strip_prefix("\"$(cat")?.trim_start();
        here_document(inner.strip_suffix(")\"")?)
    });
    let patch = patch.or_else(|| match word(rest)? {
        (patch, "") => Some(patch),
        _ => None,
    })?;
    Some((patch, directory))
}

/// Returns what follows the word `name` and its space.
fn after_word<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(name)?;
    let trimmed = rest.trim_start_matches([' ', '\t']);
    let is_whole = trimmed.len() < rest.len() || rest.starts_with('<');
    is_whole.then_some(trimmed)
}

/// Returns the body of a here-document that is all of `text`. Nothing in it is expanded: a patch
/// means what it says.
pub(super) fn here_document(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix("<<")?;
    let (indented, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (first, body) = rest.split_once('\n')?;
    let first = first.trim();
    let unquoted = ['\'', '"']
        .iter()
        .find_map(|quote| first.strip_prefix(*quote)?.strip_suffix(*quote));
    let delimiter = unquoted.unwrap_or(first);
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if delimiter.is_empty() || !delimiter.chars().all(plain) {
        return None;
    }
    let is_end = |line: &str| match indented {
        true => line.trim() == delimiter,
        false => line.trim_end() == delimiter,
    };
    let mut lines = body.lines();
    let patch: Vec<_> = lines.by_ref().take_while(|line| !is_end(line)).collect();
    // Something more to do.
    if lines.any(|line| !line.trim().is_empty()) {
        return None;
    }
    Some(patch.join("\n"))
}

/// Reads one word of a shell, without expanding anything.
fn word(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '\\') => word.push(chars.next()?.1),
            (Some('"'), '\\') => match chars.next()?.1 {
                next @ ('"' | '\\' | '$' | '`') => word.push(next),
                '\n' => {}
                next => word.extend(['\\', next]),
            },
            (None, c) if c.is_whitespace() || ";&|<>()".contains(c) => {
                return Some((word, text.get(index..)?));
            }
            (_, c) => word.push(c),
        }
    }
    quote.is_none().then_some((word, ""))
}

fn is_name(program: &str) -> bool {
    NAMES.contains(&program)
}

fn is_shell(program: &str) -> bool {
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str());
    name.is_some_and(|name| ["bash", "sh", "zsh", "dash"].contains(&name))
}

fn is_script_flag(flag: &str) -> bool {
    flag.strip_prefix('-').is_some_and(|letters| {
        letters.ends_with('c') && letters.chars().all(|c| "lice".contains(c))
    })
}

const NAMES: [&str; 2] = ["apply_patch", "applypatch"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Add File: a\n+it's $HOME\n*** End Patch";

    #[test]
    fn every_way_to_call_it_is_recognised() {
        for script in [
            format!("apply_patch <<'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch <<EOF\n{PATCH}\nEOF\n"),
            format!("applypatch <<\"E_1\"\n{PATCH}\nE_1"),
            format!("apply_patch << 'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch <<-EOF\n{PATCH}\n\tEOF"),
            format!("apply_patch<<'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch '{}'", PATCH.replace('\'', r"'\''")),
            format!("apply_patch \"{}\"", PATCH.replace('$', "\\$")),
            format!("apply_patch \"$(cat <<'EOF'\n{PATCH}\nEOF\n)\""),
            format!("cat <<'EOF' | apply_patch\n{PATCH}\nEOF"),
            PATCH.to_owned(),
        ] {
            let found = bash(&script);
            assert_eq!(found, Some((PATCH.to_owned(), None)), "{script}");
        }
        let direct = ["apply_patch".to_owned(), PATCH.to_owned()];
        assert_eq!(in_command(&direct), Some((PATCH.to_owned(), None)));
    }

    #[test]
    fn a_change_of_directory_is_kept() {
        for (cd, expected) in [
            ("cd src && ", "src"),
            ("cd 'a b' ; ", "a b"),
            ("cd /x/y\n", "/x/y"),
        ] {
            let script = format!("{cd}apply_patch <<'EOF'\n{PATCH}\nEOF");
            let expected = Some((PATCH.to_owned(), Some(PathBuf::from(expected))));
            assert_eq!(bash(&script), expected, "{script}");
        }
    }

    #[test]
    fn a_script_that_does_more_is_left_to_the_shell() {
        for script in [
            format!("apply_patch <<'EOF'\n{PATCH}\nEOF\nmake"),
            format!("apply_patch <<'EOF' && make\n{PATCH}\nEOF"),
            format!("ls; apply_patch <<'EOF'\n{PATCH}\nEOF"),
            format!("cd $D && apply_patch <<'EOF'\n{PATCH}\nEOF"),
            format!("cd a b && apply_patch <<'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch '{}' x", PATCH.replace('\'', "")),
            format!("apply_patches <<'EOF'\n{PATCH}\nEOF"),
            "cat <<'EOF'\nx\nEOF".to_owned(),
            "grep apply_patch".to_owned(),
            "apply_patch".to_owned(),
        ] {
            assert_eq!(bash(&script), None, "{script}");
        }
        assert_eq!(in_command(&["ls".to_owned()]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(script in "(cd |apply_patch |<<|'|\"|EOF|\n|\\\\|[a-c$;&|é]){0,20}") {
            let _any = in_script(&script);
        }
    }

    fn bash(script: &str) -> Option<(String, Option<PathBuf>)> {
        in_command(&["/bin/bash", "-lc", script].map(str::to_owned))
    }
}
