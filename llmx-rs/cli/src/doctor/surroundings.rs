//! What is around llmx: git and the terminal.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::check::Check;

/// Whether git is there, and whether it keeps what the agent changes.
pub(super) fn git(directory: Option<&Path>) -> Check {
    let directory = directory.unwrap_or(Path::new("."));
    let Some(version) = ask_git(directory, &["--version"]) else {
        return Check::warning(
            GIT,
            "git is not on the path",
            "install git: without it there is no `llmx exec review`, and no way back from changes",
        );
    };
    match ask_git(directory, &["rev-parse", "--show-toplevel"]) {
        Some(root) => Check::ok(GIT, format!("{version}; the repository is {root}")),
        None => Check::warning(
            GIT,
            format!("{version}; this directory is in no repository"),
            "run `git init` and commit, so that you can see and undo what the agent changes",
        ),
    }
}

fn ask_git(directory: &Path, args: &[&str]) -> Option<String> {
    let output: Output = Command::new("git")
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(said)
}

/// What can be shown here.
pub(super) fn terminal() -> Check {
    let size = match io::stdout().is_terminal() || io::stderr().is_terminal() {
        true => Screen::Of(size()),
        false => Screen::None,
    };
    judge(&size, &|name| env::var_os(name))
}

/// The terminal, if there is one, and its columns and rows, if it tells them.
enum Screen {
    None,
    Of(Option<(u16, u16)>),
}

#[cfg(unix)]
fn size() -> Option<(u16, u16)> {
    let of_output = rustix::termios::tcgetwinsize(io::stdout());
    let size = of_output
        .or_else(|_| rustix::termios::tcgetwinsize(io::stderr()))
        .ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

#[cfg(not(unix))]
fn size() -> Option<(u16, u16)> {
    None
}

fn judge(screen: &Screen, env: &dyn Fn(&str) -> Option<OsString>) -> Check {
    let value = |name| env(name).and_then(|value| value.into_string().ok());
    let term = value("TERM").unwrap_or_default();
    let colours = colours(&term, value("COLORTERM").as_deref(), env("NO_COLOR"));
    let Screen::Of(size) = screen else {
        return Check::ok(TERMINAL, "the output is none; `llmx exec` needs none");
    };
    let shown = match size {
        Some((columns, rows)) => format!("{columns}x{rows}"),
        None => "unknown size".to_owned(),
    };
    if term.is_empty() || term == "dumb" {
        let name = match term.as_str() {
            "" => "TERM is not set",
            _ => "TERM is dumb",
        };
        let cure = "set TERM to what the terminal is, such as xterm-256color";
        return Check::warning(TERMINAL, format!("{name}, {shown}"), cure);
    }
    let summary = format!("{term}, {shown}, {colours}");
    match size {
        Some((columns, rows)) if *columns < LEAST.0 || *rows < LEAST.1 => {
            let cure = format!("make it {}x{} or larger", LEAST.0, LEAST.1);
            Check::warning(TERMINAL, summary, cure)
        }
        _ => Check::ok(TERMINAL, summary),
    }
}

fn colours(term: &str, colorterm: Option<&str>, no_color: Option<OsString>) -> &'static str {
    if no_color.is_some_and(|value| !value.is_empty()) {
        return "no colours, as NO_COLOR asks";
    }
    match colorterm {
        Some("truecolor" | "24bit") => "16 million colours",
        _ if term.contains("256color") => "256 colours",
        _ => "16 colours",
    }
}

const GIT: &str = "git";
const TERMINAL: &str = "terminal";
/// The smallest size that text of commands can be read in.
const LEAST: (u16, u16) = (60, 15);

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    #[test]
    fn a_terminal_is_judged_by_what_it_can_show() {
        let cases: [(_, &[(&str, &str)], _, _); 6] = [
            (Screen::None, &[], Status::Ok, "the output is none"),
            (
                Screen::Of(Some((80, 24))),
                &[("TERM", "xterm-256color")],
                Status::Ok,
                "xterm-256color, 80x24, 256 colours",
            ),
            (
                Screen::Of(None),
                &[("TERM", "xterm"), ("COLORTERM", "truecolor")],
                Status::Ok,
                "unknown size, 16 million colours",
            ),
            (
                Screen::Of(Some((80, 24))),
                &[("TERM", "xterm"), ("NO_COLOR", "1")],
                Status::Ok,
                "no colours",
            ),
            (
                Screen::Of(Some((40, 24))),
                &[("TERM", "xterm")],
                Status::Warning,
                "40x24, 16 colours",
            ),
            (
                Screen::Of(Some((80, 24))),
                &[("TERM", "dumb")],
                Status::Warning,
                "TERM is dumb",
            ),
        ];
        for (screen, variables, status, expected) in cases {
            let check = judge(&screen, &|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            });
            assert_eq!(check.status(), status, "{check:?}");
            assert!(check.text().contains(expected), "{check:?}");
        }
    }

    #[test]
    fn a_directory_outside_of_repositories_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(git(Some(directory.path())).status(), Status::Warning);
        let created = ask_git(directory.path(), &["init", "--quiet"]);
        assert!(created.is_some());
        assert_eq!(git(Some(directory.path())).status(), Status::Ok);
    }
}
