//! Makes the prompt out of the argument and stdin.

use std::io::{self, Write};
use std::path::Path;

use llmx_core::prompts::{self, Meant, PromptFault};

use crate::stdin::{Given, Stdin, StdinKind};

/// Why there is no usable prompt.
#[derive(Debug)]
pub(crate) enum NoPrompt {
    /// Neither an argument nor a stdin that leads somewhere.
    Missing,
    /// Nothing but white space.
    Empty,
    /// Stdin began and did not end.
    Unfinished,
    /// Stdin is too large.
    TooLarge,
    /// Stdin cannot be read.
    Unreadable(io::Error),
    /// The argument calls a prompt file that cannot be used.
    File(PromptFault),
}

impl NoPrompt {
    /// Returns the sentence for people, with the cure.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Missing => "no prompt: write it as an argument, or pipe it in".to_owned(),
            Self::Empty => "the prompt is empty".to_owned(),
            Self::Unfinished => "stdin began but did not end: close it, redirect it from \
                 /dev/null, or wait for it with `-` as the prompt"
                .to_owned(),
            Self::TooLarge => "stdin is larger than 16 MiB, more than any model can read: \
                 write it to a file and name the file in the prompt"
                .to_owned(),
            Self::Unreadable(error) => format!("stdin cannot be read: {error}"),
            Self::File(fault) => fault.to_string(),
        }
    }
}

/// Returns the argument, or the text of the prompt file below `home` that it calls.
pub(crate) fn expand(
    argument: Option<String>,
    home: &Path,
    notices: &mut dyn Write,
) -> Result<Option<String>, NoPrompt> {
    let Some(argument) = argument else {
        return Ok(None);
    };
    match prompts::resolve(home, &argument).map_err(NoPrompt::File)? {
        Meant::Plain => Ok(Some(argument)),
        Meant::Unknown { name } => {
            let _unread = writeln!(
                notices,
                "there is no prompt file `/{name}`, so the text goes to the model as it is"
            );
            Ok(Some(argument))
        }
        Meant::File { text, path } => {
            let _unread = writeln!(notices, "the prompt is {}", path.display());
            Ok(Some(text))
        }
    }
}

/// Returns the prompt. `-` or no argument makes stdin the prompt; otherwise what stdin holds is
/// added to the argument, if it holds anything.
pub(crate) async fn resolve(
    argument: Option<String>,
    stdin: Stdin,
    notices: &mut dyn Write,
) -> Result<String, NoPrompt> {
    let argument = argument.filter(|argument| argument != "-").ok_or(());
    let prompt = match (argument, stdin.kind) {
        (Ok(argument), StdinKind::Terminal) => argument,
        (Ok(argument), _) => match given(stdin.read_if_given().await)? {
            Some(text) if text.trim().is_empty() => argument,
            Some(text) => with_stdin(&argument, &text),
            None => {
                // A notice that nobody can read is no reason to stop.
                let _unread = writeln!(notices, "{SILENT}");
                argument
            }
        },
        (Err(()), StdinKind::Terminal) => return Err(NoPrompt::Missing),
        (Err(()), _) => given(stdin.read_all().await)?.unwrap_or_default(),
    };
    if prompt.trim().is_empty() {
        return Err(NoPrompt::Empty);
    }
    Ok(prompt)
}

fn given(read: io::Result<Given>) -> Result<Option<String>, NoPrompt> {
    match read.map_err(NoPrompt::Unreadable)? {
        Given::Text(text) => Ok(Some(text)),
        Given::Silence => Ok(None),
        Given::Unfinished => Err(NoPrompt::Unfinished),
        Given::TooLarge => Err(NoPrompt::TooLarge),
    }
}

fn with_stdin(prompt: &str, text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    format!("{prompt}\n\n<stdin>\n{text}\n</stdin>")
}

const SILENT: &str = "stdin is open but silent, so it is left out; \
     to wait for it, pipe the whole prompt into `llmx exec -`";

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn stdin_is_the_prompt_or_is_added_to_it() {
        for (argument, kind, text, expected) in [
            (None, StdinKind::Stream, "hi\n", "hi\n"),
            (Some("-"), StdinKind::File, "hi", "hi"),
            (Some("do"), StdinKind::Stream, "", "do"),
            (Some("do"), StdinKind::Terminal, "typed", "do"),
            (
                Some("do"),
                StdinKind::File,
                "a\nb\n",
                "do\n\n<stdin>\na\nb\n</stdin>",
            ),
        ] {
            let prompt = resolved(argument, stdin(kind, text)).await.unwrap();
            assert_eq!(prompt, expected);
        }
    }

    #[tokio::test]
    async fn no_prompt_is_told_from_an_empty_one() {
        let missing = resolved(None, stdin(StdinKind::Terminal, "")).await;
        assert!(matches!(missing, Err(NoPrompt::Missing)));
        for argument in [None, Some("-"), Some(" ")] {
            let empty = resolved(argument, stdin(StdinKind::Stream, "\n")).await;
            assert!(matches!(empty, Err(NoPrompt::Empty)));
        }
    }

    #[tokio::test]
    async fn a_pipe_that_never_closes_does_not_hold_up_the_run() {
        let (reader, _writer) = io::pipe().unwrap();
        let stdin = Stdin {
            reader: Box::new(reader),
            patience: Duration::from_millis(50),
            ..stdin(StdinKind::Stream, "")
        };
        let mut notices = Vec::new();
        let prompt = resolve(Some("do".to_owned()), stdin, &mut notices).await;
        assert_eq!(prompt.unwrap(), "do");
        assert!(
            String::from_utf8(notices)
                .unwrap()
                .starts_with("stdin is open but silent")
        );
    }

    #[tokio::test]
    async fn a_pipe_that_begins_and_never_ends_is_a_fault() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"half").unwrap();
        let stdin = Stdin {
            reader: Box::new(reader),
            longest_gap: Duration::from_millis(50),
            ..stdin(StdinKind::Stream, "")
        };
        let prompt = resolved(Some("do"), stdin).await;
        assert!(matches!(prompt, Err(NoPrompt::Unfinished)), "{prompt:?}");
    }

    #[tokio::test]
    async fn an_endless_stdin_is_cut_off() {
        let endless = Stdin {
            reader: Box::new(io::repeat(b'x')),
            ..stdin(StdinKind::Stream, "")
        };
        let prompt = resolved(None, endless).await;
        assert!(matches!(prompt, Err(NoPrompt::TooLarge)));
    }

    async fn resolved(argument: Option<&str>, stdin: Stdin) -> Result<String, NoPrompt> {
        resolve(argument.map(str::to_owned), stdin, &mut io::sink()).await
    }

    fn stdin(kind: StdinKind, text: &str) -> Stdin {
        Stdin {
            kind,
            reader: Box::new(Cursor::new(text.as_bytes().to_vec())),
            patience: Duration::from_secs(9),
            longest_gap: Duration::from_secs(9),
        }
    }
}
