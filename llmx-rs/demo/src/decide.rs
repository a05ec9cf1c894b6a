//! The model's mind: a pure function from a request to an answer.
//!
//! It writes a small program, runs it, and reports. It believes nothing but what the tools return:
//! a step counts as done only if its output holds the evidence, and a report quotes the output.

use llmx_wire::responses::{Item, Request, Role, TextOrList, Tool, ToolCallOutput};
use serde_json::{Value, json};

use crate::observe::Step;
use crate::script::{FILE, OUTPUT, RUN, WRITE, WRITTEN};
use crate::tool_result;

/// What the model answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// Where in its script the model is.
    pub(crate) step: Step,
    /// What it says.
    pub(crate) text: String,
    /// What it wants run: the arguments of a call of the shell tool.
    pub(crate) call: Option<Value>,
}

/// Decides on the answer to `request`.
pub(crate) fn decide(request: &Request) -> Answer {
    let Some(shell) = shell_parameters(&request.tools) else {
        return report(format!(
            "I was given no tool called `{SHELL}`, so I cannot do anything."
        ));
    };
    let results = results_of_this_turn(&request.input);
    match results.as_slice() {
        [] => Answer {
            step: Step::Write,
            text: format!("I am a scripted model. I will write {FILE} and run it."),
            call: Some(arguments(shell, &WRITE)),
        },
        [written] if tool_result::has_line(written, WRITTEN) => Answer {
            step: Step::Run,
            text: format!("{FILE} is written. Now I run it."),
            call: Some(arguments(shell, &RUN)),
        },
        [refused] => report(format!(
            "I could not write {FILE}. The tool said:\n\n{refused}"
        )),
        [_, .., printed] if tool_result::has_line(printed, OUTPUT) => report(format!(
            "I wrote {FILE} and ran it. It printed:\n\n{OUTPUT}"
        )),
        [_, .., other] => report(format!(
            "I wrote {FILE}, but running it did not print what it should. The tool said:\n\n{other}"
        )),
    }
}

fn report(text: String) -> Answer {
    Answer {
        step: Step::Report,
        text,
        call: None,
    }
}

/// Returns the texts that tools returned since the user last spoke.
fn results_of_this_turn(input: &TextOrList<Item>) -> Vec<String> {
    let TextOrList::List(items) = input else {
        return Vec::new();
    };
    let since_user = items.iter().rev().take_while(|item| !is_from_user(item));
    let results = since_user.filter_map(as_result).map(tool_result::text);
    let mut results: Vec<_> = results.collect();
    results.reverse();
    results
}

fn is_from_user(item: &Item) -> bool {
    matches!(item, Item::Message(message) if message.role == Role::User)
}

fn as_result(item: &Item) -> Option<&ToolCallOutput> {
    match item {
        Item::FunctionCallOutput(result) => Some(result),
        _ => None,
    }
}

/// Returns the schema of the shell tool's parameters, if the tool is offered.
fn shell_parameters(tools: &[Tool]) -> Option<&Value> {
    tools.iter().find_map(|tool| match tool {
        Tool::Function(function) if function.name == SHELL => Some(&function.parameters),
        _ => None,
    })
}

/// Writes the arguments as the tool's schema wants them: a list of words, or a command line.
fn arguments(parameters: &Value, words: &[&str]) -> Value {
    let kind = parameters
        .pointer("/properties/command/type")
        .and_then(Value::as_str);
    match (kind, words) {
        (Some("string"), ["sh", "-c", script]) => json!({ "command": script }),
        (Some("string"), words) => json!({ "command": words.join(" ") }),
        _ => json!({ "command": words }),
    }
}

pub(crate) const SHELL: &str = "shell";

#[cfg(test)]
mod tests {
    use llmx_wire::responses::FunctionTool;

    use super::*;
    use crate::script::WRITE_SCRIPT;

    fn request(command_type: &str, items: Vec<Item>) -> Request {
        let tool = FunctionTool {
            name: SHELL.to_owned(),
            parameters: json!({ "properties": { "command": { "type": command_type } } }),
            ..FunctionTool::default()
        };
        Request {
            tools: vec![Tool::Function(tool)],
            input: items.into(),
            ..Request::default()
        }
    }

    fn user() -> Item {
        Item::text_message(Role::User, "please")
    }

    fn result(text: &str) -> Item {
        Item::FunctionCallOutput(ToolCallOutput {
            output: text.to_owned().into(),
            ..ToolCallOutput::default()
        })
    }

    fn answer(items: &[Item]) -> Answer {
        decide(&request("array", items.to_vec()))
    }

    #[test]
    fn a_prompt_makes_it_write_then_run_then_report() {
        let mut items = vec![user()];
        let write = answer(&items);
        assert_eq!(write.step, Step::Write);
        assert_eq!(write.call, Some(json!({ "command": WRITE })));
        items.push(result(WRITTEN));
        let run = answer(&items);
        assert_eq!(
            (run.step, run.call),
            (Step::Run, Some(json!({ "command": RUN })))
        );
        items.push(result(OUTPUT));
        let report = answer(&items);
        assert_eq!((report.step, &report.call), (Step::Report, &None));
        assert!(report.text.ends_with(OUTPUT));
    }

    #[test]
    fn a_refusal_ends_the_turn_and_is_quoted() {
        let report = answer(&[user(), result("refused: no sandbox")]);
        assert_eq!((report.step, &report.call), (Step::Report, &None));
        assert!(
            report.text.contains("could not write") && report.text.contains("refused: no sandbox")
        );
    }

    #[test]
    fn a_run_that_fails_is_not_reported_as_a_success() {
        let report = answer(&[user(), result(WRITTEN), result("sh: not found")]);
        assert!(report.text.contains("sh: not found"));
        assert!(!report.text.contains(OUTPUT));
    }

    #[test]
    fn a_new_prompt_begins_anew() {
        let answer = answer(&[user(), result(WRITTEN), result(OUTPUT), user()]);
        assert_eq!(answer.step, Step::Write);
    }

    #[test]
    fn the_arguments_follow_the_schema_of_the_tool() {
        for (items, command) in [
            (vec![user()], WRITE_SCRIPT),
            (vec![user(), result(WRITTEN)], "sh fibonacci.sh"),
        ] {
            let answer = decide(&request("string", items));
            assert_eq!(answer.call, Some(json!({ "command": command })));
        }
    }

    #[test]
    fn without_a_shell_it_says_so() {
        let answer = decide(&Request::default());
        assert!(answer.call.is_none() && answer.text.contains("no tool called `shell`"));
    }

    #[test]
    fn a_prompt_may_be_plain_text() {
        let mut request = request("array", Vec::new());
        request.input = "please".to_owned().into();
        assert_eq!(decide(&request).step, Step::Write);
    }
}
