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
    /// What it wants run.
    pub(crate) call: Option<Call>,
}

/// A call of a tool that runs commands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// Which tool.
    pub(crate) tool: &'static str,
    /// Its arguments.
    pub(crate) arguments: Value,
}

/// Decides on the answer to `request`.
pub(crate) fn decide(request: &Request) -> Answer {
    let Some(shell) = shell(&request.tools) else {
        return report(format!(
            "I was given no tool called `{}`, so I cannot do anything.",
            SHELLS.join("` or `")
        ));
    };
    let results = results_of_this_turn(&request.input);
    match results.as_slice() {
        [] => Answer {
            step: Step::Write,
            text: format!("I am a scripted model. I will write {FILE} and run it."),
            call: Some(shell.call(&WRITE)),
        },
        [written] if tool_result::has_line(written, WRITTEN) => Answer {
            step: Step::Run,
            text: format!("{FILE} is written. Now I run it."),
            call: Some(shell.call(&RUN)),
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

/// A tool that runs commands, as the agent offers it.
#[derive(Clone, Copy)]
struct Shell<'a> {
    tool: &'static str,
    parameters: &'a Value,
}

/// Returns the first of the tools that it knows to run commands.
fn shell(tools: &[Tool]) -> Option<Shell<'_>> {
    tools.iter().find_map(|tool| match tool {
        Tool::Function(function) => {
            let known = SHELLS.iter().find(|name| **name == function.name)?;
            Some(Shell {
                tool: known,
                parameters: &function.parameters,
            })
        }
        _ => None,
    })
}

impl Shell<'_> {
    /// Writes a call as the tool's schema wants it: a list of words, or a command line.
    fn call(self, words: &[&str]) -> Call {
        let kind = |field: &str| {
            let field = self.parameters.get("properties")?.get(field)?;
            field.get("type")?.as_str()
        };
        let line = || match words {
            ["sh", "-c", script] => (*script).to_owned(),
            words => words.join(" "),
        };
        let arguments = if kind("cmd") == Some("string") {
            json!({ "cmd": line() })
        } else if kind("command") == Some("string") {
            json!({ "command": line() })
        } else {
            json!({ "command": words })
        };
        Call {
            tool: self.tool,
            arguments,
        }
    }
}

/// What agents call such a tool.
const SHELLS: &[&str] = &["exec_command", "shell"];

#[cfg(test)]
mod tests {
    use llmx_wire::responses::FunctionTool;

    use super::*;
    use crate::script::WRITE_SCRIPT;

    fn request(name: &str, field: &str, kind: &str, items: Vec<Item>) -> Request {
        let tool = FunctionTool {
            name: name.to_owned(),
            parameters: json!({ "properties": { field: { "type": kind } } }),
            ..FunctionTool::default()
        };
        Request {
            tools: vec![Tool::Function(tool)],
            input: items.into(),
            ..Request::default()
        }
    }

    fn call(arguments: Value) -> Option<Call> {
        Some(Call {
            tool: "shell",
            arguments,
        })
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
        decide(&request("shell", "command", "array", items.to_vec()))
    }

    #[test]
    fn a_prompt_makes_it_write_then_run_then_report() {
        let mut items = vec![user()];
        let write = answer(&items);
        assert_eq!(write.step, Step::Write);
        assert_eq!(write.call, call(json!({ "command": WRITE })));
        items.push(result(WRITTEN));
        let run = answer(&items);
        assert_eq!(
            (run.step, run.call),
            (Step::Run, call(json!({ "command": RUN })))
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
            for (tool, field) in [("shell", "command"), ("exec_command", "cmd")] {
                let answer = decide(&request(tool, field, "string", items.clone()));
                let arguments = json!({ field: command });
                assert_eq!(answer.call, Some(Call { tool, arguments }));
            }
        }
    }

    #[test]
    fn without_a_shell_it_says_so() {
        let answer = decide(&Request::default());
        assert!(
            answer.call.is_none()
                && answer
                    .text
                    .contains("no tool called `exec_command` or `shell`")
        );
    }

    #[test]
    fn a_prompt_may_be_plain_text() {
        let mut request = request("shell", "command", "array", Vec::new());
        request.input = "please".to_owned().into();
        assert_eq!(decide(&request).step, Step::Write);
    }
}
