//! What `cargo xtask fuzz` is asked to do.

use std::ffi::OsString;

/// Which targets to run, and how.
#[derive(Debug, PartialEq)]
pub(super) struct Args {
    pub(super) targets: Vec<String>,
    pub(super) length: Length,
}

/// How much of a target is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    /// The same inputs on every run of the same program, so that what passed once passes again.
    Smoke,
    /// Ever new inputs for so many seconds.
    Seconds(u32),
}

impl Args {
    /// Reads the arguments; `all` are the targets that there are.
    pub(super) fn parse(
        args: impl Iterator<Item = OsString>,
        all: &[String],
    ) -> Result<Self, String> {
        let (mut targets, mut length) = (Vec::new(), USUAL);
        let mut args = args.map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--smoke" => length = Length::Smoke,
                "--seconds" => {
                    let given = args.next().and_then(|number| number.parse().ok());
                    // libFuzzer takes zero for no end at all.
                    let given = given.filter(|seconds| *seconds > 0);
                    let seconds = given.ok_or("--seconds needs a number of seconds")?;
                    length = Length::Seconds(seconds);
                }
                name if all.iter().any(|target| target == name) => targets.push(arg),
                other => return Err(format!("there is no target or option `{other}`")),
            }
        }
        if targets.is_empty() {
            targets = all.to_vec();
        }
        Ok(Self { targets, length })
    }
}

const USUAL: Length = Length::Seconds(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let all = ["http".to_owned(), "sse".to_owned()];
        Args::parse(args.iter().map(OsString::from), &all)
    }

    #[test]
    fn all_targets_run_unless_some_are_named() {
        let all = parse(&["--smoke"]).unwrap();
        assert_eq!((all.targets.len(), all.length), (2, Length::Smoke));
        let one = parse(&["sse", "--seconds", "3"]).unwrap();
        let three = Length::Seconds(3);
        assert_eq!((one.targets, one.length), (vec!["sse".to_owned()], three));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (args, told) in [
            (&["tls"][..], "`tls`"),
            (&["--seconds"], "--seconds"),
            (&["--seconds", "0"], "--seconds"),
        ] {
            assert!(parse(args).unwrap_err().contains(told), "{args:?}");
        }
    }
}
