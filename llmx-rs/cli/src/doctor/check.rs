//! One thing that was looked at, and what to do about it.

use serde::Serialize;

/// The result of looking at one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// The name under which programs find it.
    id: &'static str,
    status: Status,
    summary: String,
    /// What belongs to the summary and does not fit into a line.
    details: Vec<String>,
    /// What makes it better; there is one unless all is well.
    cure: Option<String>,
}

/// How well something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It works.
    Ok,
    /// It works, or may, but not as well as it could.
    Warning,
    /// Something will not work.
    Fail,
}

impl Check {
    pub(super) fn ok(id: &'static str, summary: impl Into<String>) -> Self {
        Self {
            id,
            status: Status::Ok,
            summary: summary.into(),
            details: Vec::new(),
            cure: None,
        }
    }

    pub(super) fn warning(
        id: &'static str,
        summary: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Warning,
            cure: Some(cure.into()),
            ..Self::ok(id, summary)
        }
    }

    pub(super) fn fail(
        id: &'static str,
        summary: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Fail,
            cure: Some(cure.into()),
            ..Self::ok(id, summary)
        }
    }

    pub(super) fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    /// Returns the check for people: a line, and below it what belongs to it.
    pub(super) fn text(&self) -> String {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Fail => "FAIL",
        };
        let mut text = format!("{status:8} {:13} {}\n", self.id, self.summary);
        let details = self.details.iter().map(String::as_str);
        let cure = self.cure.iter().map(|cure| format!("cure: {cure}"));
        for part in details.map(str::to_owned).chain(cure) {
            for line in part.lines() {
                text.push_str(&format!("{:23}{line}\n", ""));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cure_stands_below_the_line_that_needs_it() {
        let check = Check::fail("git", "it is missing", "install it")
            .with_details(vec!["one".to_owned(), "two\nlines".to_owned()]);
        let indent = " ".repeat(23);
        assert_eq!(
            check.text(),
            format!(
                "FAIL     git           it is missing\n{indent}one\n{indent}two\n{indent}lines\n{indent}cure: install it\n"
            )
        );
    }

    #[test]
    fn the_worst_status_is_the_greatest() {
        assert!(Status::Ok < Status::Warning && Status::Warning < Status::Fail);
    }
}
