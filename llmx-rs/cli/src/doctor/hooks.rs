//! Which hooks are configured, and whether their programs are there.

use std::path::Path;

use llmx_config::{Hook, HookCommand};

use super::check::Check;
use super::configuration::Findings;
use super::servers::find;

/// Looks at the hooks without starting any.
pub(super) fn check(findings: &Findings) -> Check {
    let Some(config) = &findings.config else {
        return Check::warning(
            ID,
            "not looked at: the configuration cannot be used",
            "correct the configuration first",
        );
    };
    if config.hooks.is_empty() {
        return Check::ok(ID, "none are configured");
    }
    let summary = match config.hooks.len() {
        1 => "1 hook".to_owned(),
        count => format!("{count} hooks"),
    };
    let lacking: Vec<_> = config.hooks.iter().filter_map(lacks).collect();
    match lacking.is_empty() {
        true => Check::ok(ID, summary),
        false => {
            let cure = "install or correct what is missing, or remove the hook: until then it only \
                        gives notices, and every call that it is to judge is refused";
            Check::fail(ID, summary, cure).with_details(lacking)
        }
    }
}

/// Says which program a hook names that is not there.
fn lacks(hook: &Hook) -> Option<String> {
    let program = match &hook.command {
        HookCommand::Program(words) => words.first()?.as_str(),
        HookCommand::Shell(line) => path_in(line)?,
    };
    let event = hook.event.name();
    (!find(program, None)).then(|| format!("{event}: there is no program `{program}`"))
}

/// Returns the program of a line for a shell, where it is surely a path and not the shell's own word.
fn path_in(line: &str) -> Option<&str> {
    let first = line.split_ascii_whitespace().next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let is_path = Path::new(first).is_absolute() && first.chars().all(plain);
    is_path.then_some(first)
}

const ID: &str = "hooks";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_a_path_is_looked_for() {
        for (line, expected) in [
            ("/usr/bin/env python3 x", Some("/usr/bin/env")),
            ("cd /tmp && x", None),
            ("$HOME/x", None),
            ("/a/$B", None),
            ("", None),
        ] {
            assert_eq!(path_in(line), expected, "{line}");
        }
    }
}
