//! Reads what a hook answers: its exit code, and what it printed.

use llmx_config::HookEvent;
use serde::Deserialize;

use super::Ruling;
use super::program::Ended;

/// What one hook says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// What a person should hear.
    pub(super) notice: Option<String>,
    /// What the model should hear.
    pub(super) context: Option<String>,
    pub(super) ruling: Ruling,
}

/// Reads the answer of a hook; an error says, as the end of a sentence, why it is none.
pub(super) fn read(event: HookEvent, ended: &Ended) -> Result<Answer, String> {
    let reason = || match ended.stderr.text.as_str() {
        "" => "it gave no reason".to_owned(),
        text if ended.stderr.is_cut => format!("{text} […]"),
        text => text.to_owned(),
    };
    let answer = match ended.code {
        Some(0) => printed(event, ended)?,
        Some(2) => Answer {
            ruling: Ruling::Block(reason()),
            ..Answer::default()
        },
        Some(code) => return Err(format!("ended with exit code {code}: {}", reason())),
        None => return Err(format!("was killed: {}", reason())),
    };
    if event == HookEvent::SessionEnd && answer.ruling != Ruling::Nothing {
        return Err(format!("blocks what has ended already: {}", reason()));
    }
    Ok(answer)
}

/// Reads what a hook that lets the work go on has printed.
fn printed(event: HookEvent, ended: &Ended) -> Result<Answer, String> {
    let text = &ended.stdout.text;
    if ended.stdout.is_cut {
        return Err("printed more than 64 KiB".to_owned());
    }
    if !text.starts_with('{') {
        // Where a hook is asked for words, its words count; elsewhere they are a log.
        let is_context = may_add(event) && event != HookEvent::PostToolUse && !text.is_empty();
        return Ok(Answer {
            context: is_context.then(|| text.clone()),
            ..Answer::default()
        });
    }
    let printed: Printed = serde_json::from_str(text)
        .map_err(|error| format!("printed JSON that llmx does not understand: {error}"))?;
    printed.answer(event)
}

/// What a hook may print as JSON. Fields that are not here would be wishes that nobody fulfils, so
/// they are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Printed {
    decision: Option<Decision>,
    reason: Option<String>,
    additional_context: Option<String>,
    system_message: Option<String>,
    hook_specific_output: Option<Specific>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    #[serde(alias = "allow")]
    Approve,
    #[serde(alias = "deny")]
    Block,
    Ask,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Specific {
    #[expect(dead_code, reason = "it repeats what the hook was asked")]
    hook_event_name: Option<String>,
    permission_decision: Option<Decision>,
    permission_decision_reason: Option<String>,
    additional_context: Option<String>,
}

impl Printed {
    fn answer(self, event: HookEvent) -> Result<Answer, String> {
        let specific = self.hook_specific_output.unwrap_or_default();
        let reason = specific.permission_decision_reason.or(self.reason);
        let reason = reason.unwrap_or_else(|| "it gave no reason".to_owned());
        let ruling = match specific.permission_decision.or(self.decision) {
            None | Some(Decision::Approve) => Ruling::Nothing,
            Some(Decision::Block) => Ruling::Block(reason),
            Some(Decision::Ask) if event == HookEvent::PreToolUse => Ruling::Ask(reason),
            Some(Decision::Ask) => {
                return Err("asks for a person, which only PreToolUse hooks can".to_owned());
            }
        };
        let context = specific.additional_context.or(self.additional_context);
        if context.is_some() && !may_add(event) {
            return Err("adds context, for which there is no place at this point".to_owned());
        }
        Ok(Answer {
            notice: self.system_message,
            context,
            ruling,
        })
    }
}

/// Returns whether what a hook says at this point has a place where the model reads it.
fn may_add(event: HookEvent) -> bool {
    matches!(
        event,
        HookEvent::SessionStart | HookEvent::UserPromptSubmit | HookEvent::PostToolUse
    )
}

#[cfg(test)]
mod tests {
    use super::super::program::Said;
    use super::*;

    fn ended(code: i32, stdout: &str, stderr: &str) -> Ended {
        let said = |text: &str| Said {
            text: text.to_owned(),
            is_cut: false,
        };
        Ended {
            code: Some(code),
            stdout: said(stdout),
            stderr: said(stderr),
        }
    }

    #[test]
    fn exit_codes_mean_what_the_document_says() {
        let pre = HookEvent::PreToolUse;
        assert_eq!(read(pre, &ended(0, "a log", "x")), Ok(Answer::default()));
        let blocked = read(pre, &ended(2, "", "no")).unwrap();
        assert_eq!(blocked.ruling, Ruling::Block("no".to_owned()));
        let error = read(pre, &ended(1, "", "Traceback")).unwrap_err();
        assert_eq!(error, "ended with exit code 1: Traceback");
        let killed = Ended {
            code: None,
            ..ended(0, "", "")
        };
        assert_eq!(
            read(pre, &killed).unwrap_err(),
            "was killed: it gave no reason"
        );
        assert!(read(HookEvent::SessionEnd, &ended(2, "", "no")).is_err());
    }

    #[test]
    fn plain_words_are_context_only_where_context_is_asked_for() {
        for (event, expected) in [
            (HookEvent::SessionStart, Some("words")),
            (HookEvent::UserPromptSubmit, Some("words")),
            (HookEvent::PostToolUse, None),
            (HookEvent::Stop, None),
        ] {
            let answer = read(event, &ended(0, "words", "")).unwrap();
            assert_eq!(answer.context.as_deref(), expected, "{event:?}");
        }
    }

    #[test]
    fn json_decides_and_what_is_not_understood_is_no_answer() {
        let say = |event, text: &str| read(event, &ended(0, text, ""));
        let pre = HookEvent::PreToolUse;
        for text in [
            r#"{"decision": "block", "reason": "no"}"#,
            r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
                "permissionDecisionReason": "no"}}"#,
        ] {
            assert_eq!(
                say(pre, text).unwrap().ruling,
                Ruling::Block("no".to_owned())
            );
        }
        let ask = say(pre, r#"{"decision": "ask", "reason": "sure?"}"#).unwrap();
        assert_eq!(ask.ruling, Ruling::Ask("sure?".to_owned()));
        let post = say(
            HookEvent::PostToolUse,
            r#"{"additionalContext": "c", "systemMessage": "m"}"#,
        );
        let post = post.unwrap();
        assert_eq!(
            (post.context.as_deref(), post.notice.as_deref()),
            (Some("c"), Some("m"))
        );
        for text in [
            "{",
            r#"{"updatedInput": {}}"#,
            r#"{"decision": "maybe"}"#,
            r#"{"additionalContext": "c"}"#,
        ] {
            assert!(say(pre, text).is_err(), "{text}");
        }
        assert!(say(HookEvent::Stop, r#"{"decision": "ask"}"#).is_err());
    }
}
