//! Tells commands that only look from those that destroy.

use super::script::{self, program_name};

/// What a command is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It only reads, whatever its arguments are.
    Safe,
    /// Nothing is known of it.
    Unknown,
    /// It destroys what cannot be brought back.
    Dangerous,
}

/// Classifies a command with all that it runs.
pub(super) fn classify(command: &[String]) -> Class {
    let Some(commands) = script::commands(command) else {
        // Of what cannot be read, the worst is looked for in the words.
        let words = script::script_of(command).unwrap_or_default();
        return if words_look_dangerous(words) {
            Class::Dangerous
        } else {
            Class::Unknown
        };
    };
    let classes = commands.iter().map(|words| classify_words(words));
    classes.max().unwrap_or(Class::Unknown)
}

fn classify_words(words: &[String]) -> Class {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((program, arguments)) = words.split_first() else {
        return Class::Unknown;
    };
    if is_dangerous(program_name(program), arguments) {
        Class::Dangerous
    // A program with a path is not the one of the system.
    } else if !program.contains('/') && is_safe(program, arguments) {
        Class::Safe
    } else {
        Class::Unknown
    }
}

fn is_safe(program: &str, arguments: &[&str]) -> bool {
    match program {
        "cat" | "cd" | "cut" | "echo" | "expr" | "false" | "grep" | "head" | "id" | "ls" | "nl"
        | "paste" | "pwd" | "rev" | "seq" | "stat" | "tail" | "tr" | "true" | "uname" | "wc"
        | "which" | "whoami" => true,
        // It writes what it makes of the first file into the second.
        "uniq" => arguments.iter().filter(|it| !it.starts_with('-')).count() < 2,
        "find" => !has(arguments, &FIND_ACTS),
        "rg" => !arguments.iter().any(|argument| {
            RG_RUNS.contains(argument)
                || argument.starts_with("--pre=")
                || argument.starts_with("--hostname-bin=")
        }),
        "git" => is_safe_git(arguments),
        "sed" => matches!(arguments, ["-n", range] | ["-n", range, _] if is_line_range(range)),
        "base64" => !arguments
            .iter()
            .any(|it| it.starts_with("-o") || it.starts_with("--output")),
        _ => false,
    }
}

/// Options before the subcommand can make git run anything (`-c core.pager=…`, `-C`, `--exec-path`).
fn is_safe_git(arguments: &[&str]) -> bool {
    match arguments.split_first() {
        Some((
            &("status" | "log" | "diff" | "show" | "blame" | "shortlog" | "rev-parse" | "ls-files"),
            rest,
        )) => !rest.iter().any(|argument| {
            argument.starts_with("--output")
                || argument.starts_with("--ext-diff")
                || argument.starts_with("--textconv")
                || *argument == "-o"
        }),
        Some((&"branch", rest)) => rest.iter().all(|argument| {
            matches!(
                *argument,
                "-a" | "-r" | "-v" | "-vv" | "--list" | "--all" | "--show-current"
            )
        }),
        _ => false,
    }
}

fn is_line_range(range: &str) -> bool {
    let Some(lines) = range.strip_suffix('p') else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match lines.split_once(',') {
        Some((first, last)) => is_number(first) && is_number(last),
        None => is_number(lines),
    }
}

fn is_dangerous(program: &str, arguments: &[&str]) -> bool {
    match program {
        "find" if arguments.contains(&"-delete") => true,
        "sudo" | "doas" | "env" | "nohup" | "nice" | "ionice" | "time" | "timeout" | "setsid"
        | "stdbuf" | "xargs" | "command" | "exec" | "find" => runs_a_destroyer(arguments),
        "bash" | "sh" | "zsh" | "dash" => {
            let arguments = arguments.iter().map(|word| (*word).to_owned());
            let words: Vec<_> = [program.to_owned()].into_iter().chain(arguments).collect();
            script::script_of(&words).is_some() && classify(&words) == Class::Dangerous
        }
        "rm" => arguments.iter().any(|it| {
            is_short(it, 'f')
                || is_short(it, 'r')
                || is_short(it, 'R')
                || matches!(*it, "--force" | "--recursive")
        }),
        "git" => is_dangerous_git(arguments),
        "dd" | "mkfs" | "shred" | "shutdown" | "reboot" | "halt" | "poweroff" | "fdisk"
        | "wipefs" => true,
        "chmod" | "chown" => {
            has(arguments, &["-R", "--recursive"]) && has(arguments, &["/", "~", "/*"])
        }
        _ => program.starts_with("mkfs."),
    }
}

/// Whether the program that these words lead up to destroys. Which of them are options, and how many
/// belong to an option, each program says in its own way.
fn runs_a_destroyer(words: &[&str]) -> bool {
    let at = words
        .iter()
        .position(|word| DESTROYERS.contains(&program_name(word)));
    let found = at.and_then(|at| words.get(at..)?.split_first());
    found.is_some_and(|(program, arguments)| is_dangerous(program_name(program), arguments))
}

fn is_dangerous_git(arguments: &[&str]) -> bool {
    let mut rest = arguments.iter().copied();
    // `-C DIR` and `-c KEY=VALUE` come before the subcommand.
    let mut subcommand = rest.next();
    while let Some(option) = subcommand.filter(|word| word.starts_with('-')) {
        if matches!(option, "-C" | "-c") {
            rest.next();
        }
        subcommand = rest.next();
    }
    let rest: Vec<&str> = rest.collect();
    match subcommand {
        Some("reset") => has(&rest, &["--hard", "--merge", "--keep"]),
        Some("clean") => rest.iter().any(|it| is_short(it, 'f') || *it == "--force"),
        Some("rm" | "filter-branch") => true,
        Some("push") => rest.iter().any(|it| {
            is_short(it, 'f')
                || it.starts_with("--force")
                || it.starts_with('+')
                || matches!(*it, "--delete" | "--mirror")
        }),
        Some("checkout" | "restore") => has(&rest, &[".", "--", "*"]),
        Some("branch") => has(&rest, &["-D"]),
        Some("stash") => has(&rest, &["drop", "clear"]),
        _ => false,
    }
}

/// Whether `argument` is a group of short options that holds `letter`.
fn is_short(argument: &str, letter: char) -> bool {
    argument.starts_with('-') && !argument.starts_with("--") && argument.contains(letter)
}

fn has(arguments: &[&str], wanted: &[&str]) -> bool {
    arguments.iter().any(|argument| wanted.contains(argument))
}

/// Looks at the words of a script that could not be taken apart.
fn words_look_dangerous(script: &str) -> bool {
    let split = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ';' | '&' | '|' | '(' | ')' | '`' | '\n' | '{' | '}' | '"' | '\''
            )
    };
    // A backslash changes nothing in the name of a program.
    let script = script.replace('\\', "");
    let words: Vec<&str> = script
        .split(split)
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let arguments = words.get(at + 1..).unwrap_or_default();
        let arguments: Vec<&str> = arguments
            .iter()
            .take(ARGUMENTS_LOOKED_AT)
            .copied()
            .collect();
        is_dangerous(program_name(word.trim_start_matches('$')), &arguments)
    })
}

const FIND_ACTS: [&str; 10] = [
    "-exec",
    "-execdir",
    "-ok",
    "-okdir",
    "-delete",
    "-fls",
    "-fprint",
    "-fprint0",
    "-fprintf",
    "-files0-from",
];
/// Programs that destroy with some arguments, or run a script that does.
const DESTROYERS: [&str; 17] = [
    "rm", "git", "dd", "mkfs", "shred", "shutdown", "reboot", "halt", "poweroff", "fdisk",
    "wipefs", "chmod", "chown", "bash", "sh", "zsh", "dash",
];
const RG_RUNS: [&str; 4] = ["--pre", "--hostname-bin", "--search-zip", "-z"];
const ARGUMENTS_LOOKED_AT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn class(line: &str) -> Class {
        classify(&["bash".to_owned(), "-lc".to_owned(), line.to_owned()])
    }

    #[test]
    fn what_only_looks_is_safe() {
        for line in [
            "ls -la && cat a.txt | head -5",
            "git status",
            "git log --oneline -5",
            "git branch -a",
            "rg foo src",
            "find . -name '*.rs'",
            "sed -n 1,20p a.txt",
            "cd a; pwd",
            "wc -l a",
            "cat a | uniq -c a",
        ] {
            assert_eq!(class(line), Class::Safe, "{line}");
        }
    }

    #[test]
    fn what_may_act_is_unknown() {
        for line in [
            "cargo test",
            "find . -exec x",
            "rg --pre x y",
            "sed -i s/a/b/ c",
            "git -c core.pager=x log",
            "./ls",
            "git diff --output=x",
            "git branch new",
            "ls > a",
            "git commit -m x",
            "rm a",
            "git checkout -b x",
            "uniq a b",
            "timeout 5 cargo test",
            "bash -c 'ls -la'",
            "sudo -u me make",
        ] {
            assert_eq!(class(line), Class::Unknown, "{line}");
        }
    }

    #[test]
    fn what_destroys_is_dangerous_wherever_it_stands() {
        for line in [
            "rm -rf build",
            "ls && rm -f a",
            "sudo rm -rf /",
            "git reset --hard",
            "git -C a reset --hard HEAD~1",
            "git push --force",
            "git push origin +main",
            "git clean -fdx",
            "for i in a; do rm -rf $i; done",
            "echo $(rm -rf x)",
            "xargs rm -rf",
            "env X=1 rm -r a",
            "dd if=/dev/zero of=x",
            "/bin/rm -rf a",
            "git checkout .",
            "git restore .",
            "mkfs.ext4 /dev/sda",
            "bash -c 'rm -rf x'",
            "timeout 5 rm -rf x",
            "timeout 5 bash -c 'ls && rm -rf x'",
            "sudo -u me rm -rf x",
            "find . -name '*.o' -delete",
            "find . -type d -exec rm -rf {} +",
            r"r\m -rf x",
        ] {
            assert_eq!(class(line), Class::Dangerous, "{line}");
        }
    }
}
