//! What the agent is asked to do for `llmx exec review`.

use crate::args::ReviewArgs;

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
