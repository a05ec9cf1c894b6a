//! Finding a rung: the report, what is refused, and a sandbox inside a sandbox.

use llmx_sandbox::{Report, Rung, Sandbox};

use crate::scene::{READ_ONLY, WORKSPACE, everywhere, said, settings, usable_rungs};

#[test]
fn the_report_names_the_rung_and_survives_json() {
    let sandbox = Sandbox::probe(settings(Rung::LADDER.to_vec()));
    let report = sandbox.report();
    assert_eq!(report.rung, usable_rungs().first().copied());
    let text = serde_json::to_string(report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), *report);
}

#[test]
fn a_rung_that_does_not_work_is_passed_over_with_its_reason() {
    let mut settings = settings(vec![Rung::Bubblewrap]);
    settings.bwrap = "/bin/false".into();
    let sandbox = Sandbox::probe(settings);
    let report = sandbox.report();
    assert_eq!(report.rung, None);
    let passed = report.passed_over.first().unwrap();
    assert!(!passed.reason.is_empty() && passed.cure.contains("bubblewrap"));
    assert!(report.to_string().contains("commands are refused"));
}

#[test]
fn a_helper_that_is_none_is_no_rung() {
    for helper in ["/bin/true", "/bin/false", "/no/such/program"] {
        let mut settings = settings(vec![Rung::Landlock]);
        settings.helper = helper.into();
        assert_eq!(Sandbox::probe(settings).report().rung, None, "{helper}");
    }
}

#[test]
fn inside_a_sandbox_another_one_is_landlock_or_a_clear_refusal() {
    everywhere(|scene| {
        for rung in ["namespaces", "landlock"] {
            let script = format!(
                r#"mkdir -p in; "$HARNESS" run {rung} '{READ_ONLY}' "$PWD/in" "$HOME" -- sh -c 'touch new || echo HELD'; exit 0"#
            );
            let text = said(&scene.run(WORKSPACE, &script));
            if rung == "namespaces" {
                assert!(
                    text.contains("REFUSED") && text.contains("not namespaces"),
                    "{text}"
                );
            } else if usable_rungs().contains(&Rung::Landlock) {
                assert!(text.contains("HELD"), "{}: {text}", scene.rung);
            }
            assert!(!scene.path("ws/in/new").exists());
        }
    });
}
