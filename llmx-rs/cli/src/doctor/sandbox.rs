//! What holds the agent's commands, and why nothing better does.

use super::check::Check;

#[cfg(unix)]
pub(super) fn check() -> Check {
    use llmx_sandbox::{Sandbox, Settings};

    let sandbox = Sandbox::probe(Settings::new(crate::sandbox::owner()));
    judge(sandbox.report())
}

#[cfg(not(unix))]
pub(super) fn check() -> Check {
    Check::fail(
        ID,
        "llmx cannot hold commands on this system, and runs none unless told `-s danger-full-access`",
        "run llmx in WSL or in a container",
    )
}

#[cfg(unix)]
fn judge(report: &llmx_sandbox::Report) -> Check {
    let passed = report
        .passed_over
        .iter()
        .map(|passed| format!("not {}: {}", passed.rung, passed.reason));
    let weaker = report.weaknesses.iter().map(|note| format!("note: {note}"));
    let details = passed.chain(weaker).collect();
    let cures: Vec<_> = report
        .passed_over
        .iter()
        .map(|passed| format!("{}: {}", passed.rung, passed.cure))
        .collect();
    let check = match report.rung {
        None => Check::fail(
            ID,
            "none: commands are refused",
            format!("make one of these available: {}", cures.join("; ")),
        ),
        Some(rung) if report.weaknesses.is_empty() => {
            Check::ok(ID, format!("commands are held by {rung}"))
        }
        Some(rung) => {
            let cure = match cures.as_slice() {
                [] => "nothing better is known for this system".to_owned(),
                cures => format!("better are {}", cures.join("; ")),
            };
            let summary = format!("commands are held by {rung}, which is weaker");
            Check::warning(ID, summary, cure)
        }
    };
    check.with_details(details)
}

const ID: &str = "sandbox";

#[cfg(all(test, unix))]
mod tests {
    use llmx_sandbox::{PassedOver, Report, Rung};

    use super::super::check::Status;
    use super::*;

    #[test]
    fn a_weaker_rung_is_a_warning_and_none_is_a_failure() {
        let passed = PassedOver {
            rung: Rung::Namespaces,
            reason: "not permitted".to_owned(),
            cure: "allow it".to_owned(),
        };
        for (rung, weaknesses, expected) in [
            (Some(Rung::Bubblewrap), Vec::new(), Status::Ok),
            (
                Some(Rung::Landlock),
                vec!["less".to_owned()],
                Status::Warning,
            ),
            (None, Vec::new(), Status::Fail),
        ] {
            let check = judge(&Report {
                rung,
                passed_over: vec![passed.clone()],
                weaknesses,
            });
            assert_eq!(check.status(), expected);
            let text = check.text();
            assert!(text.contains("not namespaces: not permitted\n"), "{text}");
            assert_eq!(
                text.contains("namespaces: allow it"),
                expected != Status::Ok
            );
        }
    }
}
