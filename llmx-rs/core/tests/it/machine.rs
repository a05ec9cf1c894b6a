//! What the machine promises, over arbitrary events, and the course of single turns.

use std::collections::BTreeSet;

use llmx_core::turn::{
    Advice, Bounds, CallResult, Checkpoint, Checkpoints, Delay, Effect, Ended, Event, Fault, Known,
    Machine, ModelFacts, Note, Permit, Prices, Record, Retry, RetryLimits, Verdict,
};
use llmx_protocol::{
    ApprovalDecision, ErrorCode, FactSource, ItemDetails, ItemStatus, ThreadEvent, Usage,
};
use llmx_wire::responses::{ContentPart, Item, StreamEvent};
use proptest::prelude::*;
use serde_json::{Value, json};

const LIMITS: RetryLimits = RetryLimits {
    request: 2,
    stream: 2,
};

#[test]
fn a_turn_without_calls_records_and_shows_the_answer() {
    let course = run([prompt("hi"), completed(&json!([message("hello")]))]);
    assert_eq!(
        course,
        [
            "record context",
            "record item message",
            "note user hi",
            "emit turn.started",
            "request",
            "record item message",
            "note agent hello",
            "emit completed item_0 message hello",
            "note tokens",
            "emit turn.completed",
        ]
    );
}

#[test]
fn a_call_is_run_answered_and_followed_by_a_new_request() {
    let course = run([
        prompt("hi"),
        completed(&json!([call("c1", "ls")])),
        prepared("ls"),
        finished("a.txt", Some(0)),
        completed(&json!([message("one file")])),
    ]);
    assert_eq!(
        course[5..14],
        [
            "record item function_call",
            "prepare c1",
            "emit started item_0 ls",
            "run Confined",
            "record item function_call_output",
            "emit completed item_0 ls Completed",
            "request",
            "record item message",
            "note agent one file",
        ]
    );
}

#[test]
fn a_call_that_a_person_must_approve_waits_for_the_decision() {
    let asked = [
        prompt("hi"),
        completed(&json!([call("c1", "rm a")])),
        asking("rm a"),
    ];
    let before = run(asked.clone());
    assert_eq!(
        before[7..],
        ["emit started item_0 rm a", "emit ask c1 it deletes"]
    );
    for (decision, expected) in [
        (ApprovalDecision::Approve, vec!["run Unconfined"]),
        (
            ApprovalDecision::Deny,
            vec![
                "abort",
                "record item function_call_output",
                "emit completed item_0 rm a Declined",
                "request",
            ],
        ),
        (
            ApprovalDecision::Abort,
            vec![
                "abort",
                "record item function_call_output",
                "emit completed item_0 rm a Failed",
                "note aborted",
                "emit turn.failed interrupted",
            ],
        ),
    ] {
        // What comes from a call that was not let run is no end of it.
        let events = [finished("", Some(0)), decided(decision), decided(decision)];
        let course = run(asked.clone().into_iter().chain(events));
        assert_eq!(course[9..], expected);
    }
}

#[test]
fn a_call_that_may_not_run_is_declined_and_the_next_one_goes_on() {
    let refused = Event::CallPrepared {
        shown: shown("rm a"),
        verdict: Verdict::Refuse {
            reason: "no".to_owned(),
        },
    };
    let calls = json!([call("c1", "rm a"), call("c2", "ls")]);
    let course = run([prompt("hi"), completed(&calls), refused]);
    assert_eq!(
        course[8..],
        [
            "emit started item_0 rm a",
            "abort",
            "record item function_call_output",
            "emit completed item_0 rm a Declined",
            "prepare c2",
        ]
    );
}

#[test]
fn a_search_of_the_provider_is_shown_and_kept() {
    let search = |action: Value| json!({"type": "web_search_call", "id": "ws", "action": action});
    let course = run([
        prompt("hi"),
        completed(&json!([
            search(json!({"type": "search", "query": "llmx"})),
            search(json!({"type": "open_page", "url": "https://h/"})),
            search(json!({"type": "find_in_page", "url": "https://h/", "pattern": "x"})),
            message("found")
        ])),
    ]);
    let shown: Vec<_> = course
        .iter()
        .filter(|step| step.contains("WebSearch"))
        .collect();
    assert_eq!(shown.len(), 3);
    for (step, query) in shown.iter().zip(["llmx", "https://h/", "x in https://h/"]) {
        assert!(step.contains(&format!("query: {query:?}")), "{step}");
    }
    assert_eq!(course[5], "record item web_search_call");
}

#[test]
fn hooks_may_add_to_a_prompt_or_refuse_it() {
    let mut machine = machine();
    machine.consult_at(Checkpoints {
        prompt: true,
        ..Checkpoints::default()
    });
    let mut course = |event| -> Vec<_> { machine.handle(event).iter().map(brief).collect() };
    assert_eq!(
        course(prompt("hi")),
        ["record context", "emit turn.started", "consult prompt hi"]
    );
    assert_eq!(
        course(Event::Consulted(block("no"))),
        [
            "note tokens",
            "note failed a hook refused the prompt: no",
            "emit turn.failed a hook refused the prompt: no"
        ]
    );
    course(prompt("hi"));
    assert_eq!(
        course(Event::Consulted(go_on(&["be kind"]))),
        [
            "record item message",
            "record item message",
            "note user hi",
            "request"
        ]
    );
    assert_eq!(machine.conversation().len(), 2);
}

#[test]
fn hooks_may_have_the_agent_go_on_a_few_times() {
    let mut machine = machine();
    machine.consult_at(Checkpoints {
        stop: true,
        ..Checkpoints::default()
    });
    let mut course = |event| -> Vec<_> { machine.handle(event).iter().map(brief).collect() };
    course(prompt("hi"));
    let done = course(completed(&json!([message("done")])));
    assert_eq!(done.last().unwrap(), "consult stop done");
    for _ in 0..5 {
        assert_eq!(
            course(Event::Consulted(block("tests fail"))),
            [
                "record item message",
                "emit error a Stop hook has the agent go on: tests fail",
                "request"
            ]
        );
        course(completed(&json!([message("done")])));
    }
    let end = course(Event::Consulted(block("tests fail")));
    assert!(end[0].contains("5 times are enough"), "{end:?}");
    assert_eq!(end.last().unwrap(), "emit turn.completed");
}

#[test]
fn hooks_may_refuse_a_summary() {
    for (advice, end) in [
        (go_on(&[]), "summarize"),
        (
            block("not now"),
            "emit turn.failed a hook refused the summary that the conversation needs: not now",
        ),
    ] {
        let mut machine = small_machine();
        machine.consult_at(Checkpoints {
            compact: true,
            ..Checkpoints::default()
        });
        machine.handle(prompt("hi"));
        let usage = json!({"input_tokens": 101});
        machine.handle(ended("completed", &json!([call("c1", "ls")]), &usage));
        let effects = machine.handle(finished("a", Some(0)));
        assert_eq!(brief(effects.last().unwrap()), "consult compact true");
        let effects = machine.handle(Event::Consulted(advice));
        assert_eq!(brief(effects.last().unwrap()), end);
    }
}

#[test]
fn a_conversation_that_grew_too_long_is_summarized_before_the_next_request() {
    let mut machine = small_machine();
    let mut course = Vec::new();
    for event in [
        prompt("hi"),
        ended(
            "completed",
            &json!([call("c1", "ls")]),
            &json!({"input_tokens": 90, "output_tokens": 11}),
        ),
        prepared("ls"),
        finished("a.txt", Some(0)),
        completed(&json!([message("what was done")])),
        completed(&json!([message("done")])),
    ] {
        course.extend(machine.handle(event).iter().map(brief));
    }
    assert_eq!(
        course[11..17],
        [
            "emit started item_1 compaction InProgress",
            "summarize",
            "record compacted to 2 with what was done",
            "emit completed item_1 compaction Completed",
            "request",
            "record item message",
        ]
    );
    assert_eq!(unanswered(machine.conversation()), BTreeSet::new());
}

#[test]
fn a_conversation_that_the_server_finds_too_long_is_summarized_in_ever_shorter_form() {
    let too_long = || {
        Event::ModelEnded(Ended::Broken(Fault {
            message: "too long".to_owned(),
            retry: Retry::Shorter,
        }))
    };
    let mut machine = machine();
    machine.handle(prompt("hi"));
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let effects = machine.handle(too_long());
        assert_eq!(brief(effects.last().unwrap()), "summarize");
        sizes.push(machine.to_summarize().len());
    }
    assert_eq!(sizes, [2, 2, 1, 1]);
    let course: Vec<_> = machine.handle(too_long()).iter().map(brief).collect();
    assert_eq!(course[0], "emit completed item_0 compaction Failed");
    assert_eq!(course[3], "emit turn.failed too long");

    // What is left after a summary cannot be made shorter that way.
    machine.handle(prompt("again"));
    machine.handle(too_long());
    machine.handle(completed(&json!([message("short")])));
    let course: Vec<_> = machine.handle(too_long()).iter().map(brief).collect();
    assert_eq!(course[2], "emit turn.failed too long");
}

#[test]
fn a_refusal_teaches_how_long_a_conversation_may_be() {
    let refusal = |message: &str| {
        Event::ModelEnded(Ended::Broken(Fault {
            message: message.to_owned(),
            retry: Retry::Shorter,
        }))
    };
    let words = "maximum context length is 8192 tokens";
    let known = |value, source| ModelFacts {
        window: Some(Known { value, source }),
        ..ModelFacts::default()
    };
    for (facts, expected) in [
        (ModelFacts::default(), Some("learn 8192")),
        (known(128_000, FactSource::Table), Some("learn 8192")),
        (known(4_000, FactSource::Provider), None),
        (known(128_000, FactSource::Config), None),
    ] {
        let mut machine = machine();
        machine.know(facts);
        machine.handle(prompt("hi"));
        let course: Vec<_> = machine.handle(refusal(words)).iter().map(brief).collect();
        let learned = course.iter().find(|step| step.starts_with("learn"));
        assert_eq!(learned.map(String::as_str), expected);
        assert_eq!(course.last().unwrap(), "summarize");
    }

    // What was learned decides when the next summary is due.
    let mut machine = machine();
    machine.handle(prompt("hi"));
    machine.handle(refusal(words));
    machine.handle(completed(&json!([message("so far")])));
    let usage = json!({"input_tokens": 8_000, "output_tokens": 100});
    machine.handle(ended("completed", &json!([call("c1", "ls")]), &usage));
    machine.handle(prepared("ls"));
    let effects = machine.handle(finished("", Some(0)));
    assert_eq!(effects.last(), Some(&Effect::Summarize));
}

#[test]
fn a_turn_ends_where_its_bounds_are() {
    let mut machine = machine();
    let prices = Prices {
        input: 10.0,
        cached_input: 1.0,
        cache_write: 10.0,
        output: 100.0,
    };
    machine.know(ModelFacts {
        prices: Some(Known {
            value: prices,
            source: FactSource::Config,
        }),
        ..ModelFacts::default()
    });
    let usage = json!({"input_tokens": 1000, "output_tokens": 100});
    for (bounds, code) in [
        (
            Bounds {
                requests: Some(1),
                ..Bounds::default()
            },
            ErrorCode::MaxTurns,
        ),
        (
            Bounds {
                cost_usd: Some(0.01),
                ..Bounds::default()
            },
            ErrorCode::MaxCost,
        ),
    ] {
        machine.bound(bounds);
        machine.handle(prompt("hi"));
        machine.handle(ended("completed", &json!([call("c", "ls")]), &usage));
        let effects = machine.handle(finished("", Some(0)));
        let Some(Effect::Emit(ThreadEvent::TurnFailed { error })) = effects.last() else {
            panic!("{effects:?}")
        };
        assert_eq!(error.code, Some(code));
    }
    // An answer that ends the turn is worth having, whatever it cost.
    machine.handle(prompt("hi"));
    let effects = machine.handle(ended("completed", &json!([message("x")]), &usage));
    let Some(Effect::Emit(ThreadEvent::TurnCompleted { facts, .. })) = effects.last() else {
        panic!("{effects:?}")
    };
    assert!((facts.cost_usd.unwrap() - 0.02).abs() < 1e-9);
}

#[test]
fn what_was_previewed_is_discarded_before_another_try() {
    let mut machine = machine();
    machine.preview();
    machine.handle(prompt("hi"));
    let delta = json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0,
        "content_index": 0, "delta": "Hel"});
    let shown: Vec<_> = machine
        .handle(Event::Model(parse(&delta)))
        .iter()
        .map(brief)
        .collect();
    assert_eq!(
        shown,
        ["emit AnswerDelta { kind: AgentMessage, delta: \"Hel\" }"]
    );
    let again: Vec<_> = machine
        .handle(Event::ModelEnded(Ended::Eof))
        .iter()
        .map(brief)
        .collect();
    assert_eq!(again[0], "emit AnswerDiscarded");
}

#[test]
fn a_person_may_ask_for_a_summary() {
    let mut machine = machine();
    assert_eq!(machine.handle(Event::Compact), []);
    machine.handle(prompt("hi"));
    machine.handle(completed(&json!([message("hello")])));
    let mut course = Vec::new();
    for event in [Event::Compact, completed(&json!([message("so far")]))] {
        course.extend(machine.handle(event).iter().map(brief));
    }
    assert_eq!(
        course,
        [
            "record context",
            "emit turn.started",
            "emit started item_1 compaction InProgress",
            "summarize",
            "record compacted to 2 with so far",
            "emit completed item_1 compaction Completed",
            "note tokens",
            "emit turn.completed",
        ]
    );
}

#[test]
fn an_answer_that_must_have_a_shape_is_checked_before_the_turn_is_completed() {
    let mut machine = shaped_machine();
    let mut course = Vec::new();
    for event in [
        prompt("hi"),
        completed(&json!([message("{}")])),
        Event::AnswerChecked { faults: Vec::new() },
    ] {
        course.extend(machine.handle(event).iter().map(brief));
    }
    assert_eq!(
        course[5..],
        [
            "record item message",
            "note agent {}",
            "emit completed item_0 message {}",
            "check {}",
            "note tokens",
            "emit turn.completed",
        ]
    );
}

#[test]
fn a_wrong_answer_may_be_corrected_once_in_a_turn() {
    let mut machine = shaped_machine();
    let wrong = || Event::AnswerChecked {
        faults: vec!["at `/a`: no".to_owned(), "at `/b`: no".to_owned()],
    };
    for _turn in 0..2 {
        machine.handle(prompt("hi"));
        machine.handle(completed(&json!([message("x")])));
        let course: Vec<_> = machine.handle(wrong()).iter().map(brief).collect();
        assert_eq!(
            course,
            [
                "record item message",
                "emit error the answer does not match the output schema and must be corrected: \
                 at `/a`: no; at `/b`: no",
                "request",
            ]
        );
        let Some(Item::Message(told)) = machine.conversation().last() else {
            panic!("nothing was told")
        };
        assert!(told.text().contains("\n- at `/a`: no\n- at `/b`: no\n"));
        machine.handle(completed(&json!([message("y")])));
        let effects = machine.handle(wrong());
        let Some(Effect::Emit(ThreadEvent::TurnFailed { error })) = effects.last() else {
            panic!("{effects:?}")
        };
        assert_eq!(error.code, Some(ErrorCode::OutputSchema));
        assert!(error.message.ends_with("at `/a`: no; at `/b`: no"));
    }
}

#[test]
fn a_correction_is_a_request_like_any_other() {
    let mut machine = shaped_machine();
    let bounds = Bounds {
        requests: Some(1),
        ..Bounds::default()
    };
    machine.bound(bounds);
    machine.handle(prompt("hi"));
    machine.handle(completed(&json!([message("x")])));
    let faults = vec!["no".to_owned()];
    let effects = machine.handle(Event::AnswerChecked { faults });
    let Some(Effect::Emit(ThreadEvent::TurnFailed { error })) = effects.last() else {
        panic!("{effects:?}")
    };
    assert_eq!(error.code, Some(ErrorCode::MaxTurns));
}

#[test]
fn a_rejected_call_is_answered_and_shown() {
    let course = run([
        prompt("hi"),
        completed(&json!([call("c1", "ls")])),
        Event::CallFinished(CallResult::Rejected {
            message: "no such tool".to_owned(),
        }),
    ]);
    assert_eq!(
        course[7..],
        [
            "record item function_call_output",
            "emit completed item_0 shell: no such tool Failed",
            "request",
        ]
    );
}

#[test]
fn a_cut_answer_leaves_no_trace_and_is_asked_for_again() {
    let course = run([
        prompt("hi"),
        item_done(&message("half")),
        item_done(&call("c1", "rm -rf build")),
        Event::ModelEnded(Ended::Eof),
        Event::RetryDue,
        completed(&json!([message("whole")])),
    ]);
    assert_eq!(
        course[5..9],
        [
            "emit error trying again in 0.2 s (1 of 2): \
             the stream ended before the answer was complete",
            "wait 200",
            "request",
            "record item message",
        ]
    );
    assert!(
        !course
            .iter()
            .any(|step| step.contains("half") || step.starts_with("run"))
    );
}

#[test]
fn a_fault_that_no_retry_helps_fails_the_turn_with_its_words() {
    let course = run([
        prompt("hi"),
        Event::ModelEnded(Ended::Broken(Fault {
            message: "401 bad key".to_owned(),
            retry: Retry::Never,
        })),
    ]);
    assert_eq!(
        course[5..],
        [
            "note tokens",
            "note failed 401 bad key",
            "emit turn.failed 401 bad key"
        ]
    );
}

#[test]
fn an_interrupted_command_is_answered_so_that_the_conversation_can_go_on() {
    let mut machine = machine();
    let mut course = Vec::new();
    for event in [
        prompt("hi"),
        completed(&json!([call("c1", "sleep 9"), call("c2", "ls")])),
        prepared("sleep 9"),
        Event::Interrupt,
    ] {
        course.extend(machine.handle(event).iter().map(brief));
    }
    assert_eq!(
        course[10..],
        [
            "abort",
            "record item function_call_output",
            "emit completed item_0 sleep 9 Failed",
            "record item function_call_output",
            "note aborted",
            "emit turn.failed interrupted",
        ]
    );
    assert!(machine.is_idle());
    assert_eq!(unanswered(machine.conversation()), BTreeSet::new());
}

#[test]
fn usage_is_that_of_the_turn() {
    let mut machine = machine();
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 2});
    for _ in 0..2 {
        machine.handle(prompt("hi"));
        machine.handle(ended("completed", &json!([call("c", "ls")]), &usage));
        machine.handle(finished("", Some(0)));
        let effects = machine.handle(ended("completed", &json!([message("x")]), &usage));
        let expected = Usage {
            input_tokens: 20,
            cached_input_tokens: 8,
            output_tokens: 4,
            ..Usage::default()
        };
        let Some(Effect::Emit(ThreadEvent::TurnCompleted { usage, facts })) = effects.last() else {
            panic!("{effects:?}")
        };
        assert_eq!((*usage, facts.requests), (expected, 2));
    }
}

#[test]
fn a_prompt_during_a_turn_waits_for_its_end() {
    let mut machine = machine();
    machine.handle(prompt("one"));
    assert_eq!(machine.handle(prompt("two")), []);
    let effects = machine.handle(completed(&json!([])));
    assert!(effects.contains(&Effect::Request));
}

proptest! {
    /// Whatever happens in whatever order, every promise of the machine holds.
    #[test]
    fn the_promises_hold(
        events in prop::collection::vec(arbitrary_event(), 0..60),
        small: bool,
        shaped: bool,
        hooks: [bool; 3],
    ) {
        hold(events, small, shaped, hooks)?;
    }

    /// They hold where answers are checked and found wrong, over and over.
    #[test]
    fn the_promises_hold_for_wrong_answers(
        events in prop::collection::vec(checked_event(), 0..30),
        small: bool,
    ) {
        hold(events, small, true, [false; 3])?;
    }
}

type Check = Result<(), TestCaseError>;

fn hold(events: Vec<Event>, small: bool, shaped: bool, hooks: [bool; 3]) -> Check {
    let mut machine = if small { small_machine() } else { machine() };
    if shaped {
        machine.check_answers();
    }
    let [prompt, stop, compact] = hooks;
    machine.consult_at(Checkpoints {
        prompt,
        stop,
        compact,
    });
    let mut log = Vec::new();
    for event in events {
        let fits = match &event {
            Event::AnswerChecked { faults } => faults.is_empty(),
            // Hooks are asked to end a turn only where its answer fits.
            Event::Consulted(_) => stop,
            _ => false,
        };
        let effects = machine.handle(event);
        if shaped && !fits {
            asks_no_hook_to_end(&effects)?;
            only_a_summary_completes(&effects)?;
        }
        log.extend(effects);
    }
    log.extend(machine.handle(Event::Interrupt));

    prop_assert!(machine.is_idle());
    prop_assert_eq!(unanswered(machine.conversation()), BTreeSet::new());
    every_turn_ends_once(&log)?;
    no_call_runs_twice(&log)?;
    items_are_paired(&log)?;
    records_come_before_what_they_hold(&log)?;
    retries_are_bounded(&log)?;
    answers_are_corrected_once(&log, shaped)?;
    hooks_are_asked_before_and_not_for_ever(&log, hooks)?;
    recorded_items_are_the_conversation(&log, machine.conversation())?;
    Ok(())
}

fn every_turn_ends_once(log: &[Effect]) -> Check {
    let mut open = false;
    for event in emitted(log) {
        match event {
            ThreadEvent::TurnStarted {} => {
                prop_assert!(!open);
                open = true;
            }
            event if event.ends_turn() => {
                prop_assert!(open);
                open = false;
            }
            ThreadEvent::ThreadStarted { .. } | ThreadEvent::Error { .. } => {}
            _ => prop_assert!(open, "an item outside a turn"),
        }
    }
    prop_assert!(!open);
    Ok(())
}

/// An answer that was not found to fit completes no turn.
fn only_a_summary_completes(effects: &[Effect]) -> Check {
    let summarized = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Record(Record::Compacted { .. })));
    let completed =
        emitted(effects).any(|event| matches!(event, ThreadEvent::TurnCompleted { .. }));
    prop_assert!(summarized || !completed, "completed unchecked");
    Ok(())
}

fn asks_no_hook_to_end(effects: &[Effect]) -> Check {
    let asks = |effect: &Effect| matches!(effect, Effect::Consult(Checkpoint::Stop { .. }));
    prop_assert!(!effects.iter().any(asks), "unchecked, it is about to end");
    Ok(())
}

fn answers_are_corrected_once(log: &[Effect], shaped: bool) -> Check {
    let most = if shaped { 2 } else { 0 };
    let mut checks = 0;
    for effect in log {
        match effect {
            Effect::CheckAnswer(_) => checks += 1,
            Effect::Emit(ThreadEvent::TurnStarted {}) => checks = 0,
            _ => {}
        }
        prop_assert!(checks <= most);
    }
    Ok(())
}

fn no_call_runs_twice(log: &[Effect]) -> Check {
    let mut seen = BTreeSet::new();
    let mut may_run = false;
    for effect in log {
        match effect {
            Effect::PrepareCall(call) => {
                prop_assert!(seen.insert(call.call_id.clone()), "{} twice", call.call_id);
                may_run = true;
            }
            Effect::RunCall(_) => prop_assert!(std::mem::take(&mut may_run), "run twice"),
            Effect::Abort => may_run = false,
            _ => {}
        }
    }
    Ok(())
}

fn items_are_paired(log: &[Effect]) -> Check {
    let mut open = BTreeSet::new();
    let mut last = None;
    for event in emitted(log) {
        match event {
            ThreadEvent::ItemStarted { item } => {
                prop_assert!(number(item) > last);
                last = number(item);
                open.insert(item.id.clone());
            }
            ThreadEvent::ItemCompleted { item } if !open.remove(&item.id) => {
                prop_assert!(number(item) > last);
                last = number(item);
            }
            _ => {}
        }
    }
    prop_assert!(open.is_empty(), "never completed: {:?}", open);
    Ok(())
}

fn records_come_before_what_they_hold(log: &[Effect]) -> Check {
    let mut noted = Vec::new();
    for effect in log {
        match effect {
            Effect::Record(Record::Note(Note::AgentMessage(text) | Note::AgentReasoning(text))) => {
                noted.push(text.as_str());
            }
            Effect::Record(Record::Note(Note::TurnFailed(_) | Note::TurnAborted)) => {
                noted.push("failed");
            }
            Effect::Emit(ThreadEvent::ItemCompleted { item }) => {
                if let ItemDetails::AgentMessage { text } | ItemDetails::Reasoning { text } =
                    &item.details
                {
                    prop_assert_eq!(noted.pop(), Some(text.as_str()));
                }
            }
            Effect::Emit(ThreadEvent::TurnFailed { .. }) => {
                prop_assert_eq!(noted.pop(), Some("failed"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn retries_are_bounded(log: &[Effect]) -> Check {
    let mut in_a_row = 0;
    for effect in log {
        match effect {
            Effect::Wait(_) => in_a_row += 1,
            Effect::Record(_) => in_a_row = 0,
            _ => {}
        }
        prop_assert!(in_a_row <= LIMITS.request + LIMITS.stream);
    }
    Ok(())
}

/// No request follows a question to hooks before their advice, which only notes and items show; and
/// what has hooks is never done without asking them.
fn hooks_are_asked_before_and_not_for_ever(log: &[Effect], hooks: [bool; 3]) -> Check {
    let [prompt, stop, compact] = hooks;
    let (mut asked_prompt, mut asked_stop, mut asked_compact) = (false, false, false);
    let mut went_on = 0;
    for effect in log {
        match effect {
            Effect::Emit(ThreadEvent::TurnStarted {}) => {
                (asked_prompt, asked_stop, went_on) = (false, false, 0);
            }
            Effect::Consult(Checkpoint::Prompt(_)) => asked_prompt = true,
            Effect::Consult(Checkpoint::Stop { is_going_on, .. }) => {
                prop_assert_eq!(*is_going_on, went_on > 0);
                asked_stop = true;
            }
            Effect::Consult(Checkpoint::Compact { .. }) => asked_compact = true,
            Effect::Record(Record::Note(Note::UserMessage(_))) => {
                prop_assert_eq!(asked_prompt, prompt);
            }
            Effect::Record(Record::Item(Item::Message(message)))
                if message.text().starts_with("<hook event=\"Stop\">") =>
            {
                went_on += 1;
                prop_assert!(went_on <= 5);
            }
            Effect::Request => asked_stop = false,
            Effect::Emit(ThreadEvent::ItemStarted { item })
                if matches!(item.details, ItemDetails::ContextCompaction { .. }) =>
            {
                prop_assert_eq!(std::mem::take(&mut asked_compact), compact);
            }
            // A turn that was only for a summary has no end to ask about.
            Effect::Emit(ThreadEvent::TurnCompleted { .. }) if asked_prompt => {
                prop_assert_eq!(asked_stop, stop);
            }
            _ => {}
        }
    }
    Ok(())
}

fn recorded_items_are_the_conversation(log: &[Effect], conversation: &[Item]) -> Check {
    let mut recorded = Vec::new();
    for effect in log {
        match effect {
            Effect::Record(Record::Item(item)) => recorded.push(item),
            Effect::Record(Record::Compacted { items, .. }) => recorded = items.iter().collect(),
            _ => {}
        }
    }
    prop_assert!(recorded.into_iter().eq(conversation));
    Ok(())
}

fn arbitrary_event() -> impl Strategy<Value = Event> {
    let item = prop_oneof![
        Just(message("hello")),
        Just(message("")),
        Just(json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]})),
        Just(json!({"type": "martian"})),
        "(c[12])?".prop_map(|id| call(&id, "ls")),
        "(c[12])?".prop_map(|id| json!({
            "type": "custom_tool_call", "call_id": id, "name": "x", "input": "y"
        })),
    ];
    let items = prop::collection::vec(item.clone(), 0..4);
    let end = prop::sample::select(vec!["completed", "incomplete", "failed"]);
    let retry = prop_oneof![
        Just(Retry::Never),
        Just(Retry::Shorter),
        prop::option::of(0_u64..400_000).prop_map(|after_ms| Retry::Request { after_ms }),
        Just(Retry::Stream { after_ms: None }),
    ];
    prop_oneof![
        2 => Just(prompt("hi")),
        4 => item.prop_map(|item| item_done(&item)),
        6 => (end, items).prop_map(|(end, items)| ended(end, &json!(items), &json!({"input_tokens": 200}))),
        1 => Just(Event::Model(parse(&json!({"type": "error", "message": "no"})))),
        1 => Just(Event::ModelEnded(Ended::Done)),
        1 => Just(Event::ModelEnded(Ended::Eof)),
        2 => retry.prop_map(|retry| Event::ModelEnded(Ended::Broken(Fault {
            message: "maximum context length is 2000".to_owned(),
            retry,
        }))),
        1 => prop::option::of(100_u64..4_000).prop_map(known),
        3 => Just(Event::RetryDue),
        4 => verdict().prop_map(|verdict| Event::CallPrepared { shown: shown("ls"), verdict }),
        2 => decision().prop_map(|decision| Event::Decided { call_id: "c1".to_owned(), decision }),
        4 => prop::option::of(-1..2).prop_map(|code| finished("out", code)),
        2 => Just(Event::CallFinished(CallResult::Rejected { message: "no".to_owned() })),
        2 => prop::collection::vec(Just("wrong".to_owned()), 0..2)
            .prop_map(|faults| Event::AnswerChecked { faults }),
        4 => advice().prop_map(Event::Consulted),
        1 => Just(Event::Compact),
        1 => Just(Event::Interrupt),
        1 => Just(Event::Expired),
        1 => Just(Event::RecordFailed("disk full".to_owned())),
    ]
}

/// What happens in turns that end soon.
fn checked_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(prompt("hi")),
        6 => Just(completed(&json!([message("hello")]))),
        1 => Just(completed(&json!([call("c1", "ls")]))),
        1 => Just(finished("out", None)),
        6 => Just(Event::AnswerChecked { faults: vec!["wrong".to_owned()] }),
        1 => Just(Event::AnswerChecked { faults: Vec::new() }),
        1 => Just(Event::RetryDue),
        1 => Just(Event::ModelEnded(Ended::Eof)),
        1 => Just(Event::Interrupt),
    ]
}

fn known(window: Option<u64>) -> Event {
    Event::Known(ModelFacts {
        window: window.map(|value| Known {
            value,
            source: FactSource::Provider,
        }),
        ..ModelFacts::default()
    })
}

fn machine() -> Machine {
    Machine::new(Vec::new(), LIMITS)
}

/// One whose answers must have a shape.
fn shaped_machine() -> Machine {
    let mut machine = machine();
    machine.check_answers();
    machine
}

/// One that summarizes conversations of more than 100 tokens, and asks no more than six times.
fn small_machine() -> Machine {
    let mut machine = machine();
    machine.limit_context(100);
    machine.preview();
    let bounds = Bounds {
        requests: Some(6),
        ..Bounds::default()
    };
    machine.bound(bounds);
    machine
}

fn run(events: impl IntoIterator<Item = Event>) -> Vec<String> {
    let mut machine = machine();
    let effects = events.into_iter().flat_map(|event| machine.handle(event));
    effects.map(|effect| brief(&effect)).collect()
}

/// The calls of a conversation that have no answer, or more than one.
fn unanswered(conversation: &[Item]) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for item in conversation {
        match item {
            Item::FunctionCall(call) => assert!(open.insert(call.call_id.clone())),
            Item::CustomToolCall(call) => assert!(open.insert(call.call_id.clone())),
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                assert!(open.remove(&output.call_id), "{} twice", output.call_id);
            }
            _ => {}
        }
    }
    open
}

fn emitted(log: &[Effect]) -> impl Iterator<Item = &ThreadEvent> {
    log.iter().filter_map(|effect| match effect {
        Effect::Emit(event) => Some(event),
        _ => None,
    })
}

fn number(item: &llmx_protocol::ThreadItem) -> Option<u64> {
    item.id.strip_prefix("item_")?.parse().ok()
}

fn prompt(text: &str) -> Event {
    Event::Prompt(text.to_owned().into())
}

fn prepared(command: &str) -> Event {
    Event::CallPrepared {
        shown: shown(command),
        verdict: Verdict::Run(Permit::Confined),
    }
}

fn asking(command: &str) -> Event {
    Event::CallPrepared {
        shown: shown(command),
        verdict: Verdict::Ask {
            permit: Permit::Unconfined,
            reason: "it deletes".to_owned(),
        },
    }
}

fn decided(decision: ApprovalDecision) -> Event {
    let call_id = "c1".to_owned();
    Event::Decided { call_id, decision }
}

fn shown(command: &str) -> Box<ItemDetails> {
    Box::new(ItemDetails::CommandExecution {
        command: command.to_owned(),
        aggregated_output: String::new(),
        exit_code: None,
        status: ItemStatus::InProgress,
    })
}

fn finished(output: &str, exit_code: Option<i32>) -> Event {
    Event::CallFinished(CallResult::Ran {
        answer: vec![ContentPart::input_text(output)],
        shown: Box::new(ItemDetails::CommandExecution {
            command: "ls".to_owned(),
            aggregated_output: output.to_owned(),
            exit_code,
            status: ItemStatus::Completed,
        }),
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let reason = || "because".to_owned();
    prop::sample::select(vec![
        Verdict::Run(Permit::Confined),
        Verdict::Ask {
            permit: Permit::Unconfined,
            reason: reason(),
        },
        Verdict::Refuse { reason: reason() },
    ])
}

fn advice() -> impl Strategy<Value = Advice> {
    prop::sample::select(vec![go_on(&[]), go_on(&["be kind"]), block("no")])
}

fn go_on(context: &[&str]) -> Advice {
    Advice::GoOn {
        context: context.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn block(reason: &str) -> Advice {
    Advice::Block {
        reason: reason.to_owned(),
    }
}

fn decision() -> impl Strategy<Value = ApprovalDecision> {
    prop::sample::select(vec![
        ApprovalDecision::Approve,
        ApprovalDecision::ApproveForSession,
        ApprovalDecision::Deny,
        ApprovalDecision::Abort,
    ])
}

fn message(text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text});
    json!({"type": "message", "role": "assistant", "content": [part]})
}

fn call(call_id: &str, command: &str) -> Value {
    let arguments = json!({"command": command}).to_string();
    json!({"type": "function_call", "call_id": call_id, "name": "shell", "arguments": arguments})
}

fn item_done(item: &Value) -> Event {
    Event::Model(parse(
        &json!({"type": "response.output_item.done", "item": item}),
    ))
}

fn completed(output: &Value) -> Event {
    ended("completed", output, &Value::Null)
}

fn ended(how: &str, output: &Value, usage: &Value) -> Event {
    let response = json!({"id": "r", "output": output, "usage": usage});
    Event::Model(parse(
        &json!({"type": format!("response.{how}"), "response": response}),
    ))
}

fn parse(value: &Value) -> StreamEvent {
    StreamEvent::parse(None, &value.to_string()).unwrap()
}

fn brief(effect: &Effect) -> String {
    match effect {
        Effect::Record(Record::TurnContext) => "record context".to_owned(),
        Effect::Record(Record::Item(item)) => format!("record item {}", item.kind()),
        Effect::Record(Record::Compacted { summary, items }) => {
            format!("record compacted to {} with {summary}", items.len())
        }
        Effect::Record(Record::Note(note)) => match note {
            Note::UserMessage(text) => format!("note user {text}"),
            Note::AgentMessage(text) => format!("note agent {text}"),
            Note::AgentReasoning(text) => format!("note reasoning {text}"),
            Note::TokenCount(_) => "note tokens".to_owned(),
            Note::TurnAborted => "note aborted".to_owned(),
            Note::TurnFailed(reason) => format!("note failed {reason}"),
        },
        Effect::Emit(event) => format!("emit {}", brief_event(event)),
        Effect::Request => "request".to_owned(),
        Effect::Summarize => "summarize".to_owned(),
        Effect::PrepareCall(call) => format!("prepare {}", call.call_id),
        Effect::RunCall(permit) => format!("run {permit:?}"),
        Effect::LearnWindow(window) => format!("learn {window}"),
        Effect::CheckAnswer(answer) => format!("check {answer}"),
        Effect::Wait(Delay::About { ms } | Delay::AtLeast { ms }) => format!("wait {ms}"),
        Effect::Consult(Checkpoint::Prompt(text)) => format!("consult prompt {text}"),
        Effect::Consult(Checkpoint::Stop { last_message, .. }) => {
            format!("consult stop {}", last_message.as_deref().unwrap_or("-"))
        }
        Effect::Consult(Checkpoint::Compact { is_automatic }) => {
            format!("consult compact {is_automatic}")
        }
        Effect::Abort => "abort".to_owned(),
    }
}

fn brief_event(event: &ThreadEvent) -> String {
    let item = |item: &llmx_protocol::ThreadItem, end: bool| {
        let details = match &item.details {
            ItemDetails::AgentMessage { text } => format!("message {text}"),
            ItemDetails::Error { message } => format!("error {message}"),
            ItemDetails::CommandExecution {
                command, status, ..
            } if end => format!("{command} {status:?}"),
            ItemDetails::CommandExecution { command, .. } => command.clone(),
            ItemDetails::ContextCompaction { status, .. } => format!("compaction {status:?}"),
            ItemDetails::ToolCall {
                tool,
                output,
                status,
                ..
            } => format!("{tool}: {output} {status:?}"),
            other => format!("{other:?}"),
        };
        format!("{} {details}", item.id)
    };
    match event {
        ThreadEvent::ItemStarted { item: started } => format!("started {}", item(started, false)),
        ThreadEvent::ItemCompleted { item: done } => format!("completed {}", item(done, true)),
        ThreadEvent::Error { message } => format!("error {message}"),
        ThreadEvent::ApprovalRequested { request } => {
            format!("ask {} {}", request.id, request.reason)
        }
        ThreadEvent::TurnFailed { error } => format!("turn.failed {}", error.message),
        ThreadEvent::TurnStarted {} => "turn.started".to_owned(),
        ThreadEvent::TurnCompleted { .. } => "turn.completed".to_owned(),
        other => format!("{other:?}"),
    }
}
