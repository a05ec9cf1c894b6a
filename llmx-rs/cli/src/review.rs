//! What the agent is asked to do for `llmx exec review`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::args::ReviewArgs;

/// Returns why there is nothing to review in `directory`, before a model is paid to find it out.
pub(crate) fn check(args: &ReviewArgs, directory: &Path) -> Result<(), String> {
    let here = directory.display();
    if !ask_git(directory, &["--git-dir"])? {
        return Err(format!(
            "{here} is in no git repository that you own, so that there are no changes to review; \
             go to one, or name it with -C"
        ));
    }
    let revision = args.base.as_ref().or(args.commit.as_ref());
    let Some(revision) = revision else {
        return Ok(());
    };
    let commit = format!("{revision}^{{commit}}");
    if ask_git(directory, &["--verify", "--end-of-options", &commit])? {
        return Ok(());
    }
    Err(format!(
        "git knows no commit `{revision}` in {here}; `git branch --all` and `git log` show those \
         it knows, `git fetch` gets more"
    ))
}

/// Returns whether `git rev-parse` says yes. It only looks names up and runs nothing that the
/// repository configures; the settings take fetching what is missing away from it, too.
fn ask_git(directory: &Path, question: &[impl AsRef<OsStr>]) -> Result<bool, String> {
    let status = Command::new("git")
        .args(["-c", "protocol.allow=never", "rev-parse", "--quiet"])
        .args(question)
        .current_dir(directory)
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| {
            format!("a review needs git, which cannot be started: {error}; install it")
        })?;
    Ok(status.success())
}

/// Makes the prompt. The agent runs git itself, in the sandbox: what a repository configures to run
/// beside git is as little trusted as its code.
pub(crate) fn prompt(args: &ReviewArgs) -> String {
    let subject = match (&args.base, &args.commit) {
        (Some(base), _) => format!(
            "the changes of this branch since it left `{base}` (`git diff {base}...HEAD`), and the commits that made them"
        ),
        (None, Some(commit)) => format!("the commit `{commit}` (`git show {commit}`)"),
        (None, None) => "what is not committed (`git status`, `git diff HEAD`, and the files that git does not know yet)".to_owned(),
    };
    let focus = args.focus.as_ref();
    let focus = focus.map_or_else(String::new, |focus| format!("\n\nThe user adds: {focus}"));
    format!("{INSTRUCTION}\n\nReview {subject}.{focus}")
}

const INSTRUCTION: &str = "\
Review changes as the engineer who will have to live with them. Change nothing.

- Read the changes first, then as much of the code around them as it takes to judge them.
- Report what is wrong: errors in logic, lost cases, broken callers, races, leaks, security holes, \
tests that cannot fail. Not style, and not what a formatter or a compiler says.
- Report only what you can show: name the input or the course of events that goes wrong.
- For each finding, the worst first: `path:line`, one sentence for what goes wrong, one for how to \
cure it.
- If nothing is wrong, say so in one sentence. End with what you could not check.";
