//! The tool `update_plan`: tells the user what the agent is about to do and how far it has come.

use llmx_protocol::{ItemDetails, TodoItem};
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};

/// The tool `update_plan`.
#[derive(Debug)]
pub(crate) struct UpdatePlan;

impl Tool for UpdatePlan {
    fn name(&self) -> &str {
        "update_plan"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("update_plan.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "plan": {
                        "type": "array",
                        "description": "All steps, in order",
                        "items": {
                            "type": "object",
                            "properties": {
                                "step": {"type": "string"},
                                "status": {
                                    "type": "string",
                                    "enum": ["pending", "in_progress", "completed"],
                                },
                            },
                            "required": ["step", "status"],
                            "additionalProperties": false,
                        },
                    },
                    "explanation": {"type": "string", "description": "Why the plan changed"},
                },
                "required": ["plan"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        Ok(Box::new(read(input)?))
    }
}

fn read(input: Input<'_>) -> Result<PlanJob, String> {
    let fields = Fields::read(input, "plan", EXAMPLE)?;
    let names = ["plan", "steps", "items", "todos"];
    let given = fields.any(&names).ok_or_else(|| fields.missing(&names))?;
    let encoded = given
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let Some(steps) = encoded.as_ref().unwrap_or(given).as_array() else {
        return Err(format!("`plan` is not a list; it must look like {EXAMPLE}"));
    };
    let items: Vec<TodoItem> = steps.iter().map(step).collect::<Result<_, _>>()?;
    let active = items.iter().filter(|item| item.in_progress).count();
    if active > 1 {
        return Err(format!(
            "{active} steps are in_progress, and at most one may be: the one that you work on now"
        ));
    }
    // Nothing depends on it, so one that is no text is no reason to refuse the plan.
    let explanation = fields
        .any(&["explanation", "reason"])
        .and_then(Value::as_str);
    let explanation = explanation.map(str::trim).filter(|text| !text.is_empty());
    Ok(PlanJob {
        items,
        explanation: explanation.map(str::to_owned),
    })
}

fn step(value: &Value) -> Result<TodoItem, String> {
    let (text, status) = match value {
        Value::String(text) => (Some(text.as_str()), None),
        value => {
            let named = ["step", "text", "content", "title", "description"];
            let text = named.iter().find_map(|name| value.get(*name)?.as_str());
            (text, value.get("status"))
        }
    };
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Err(format!(
            "a step has no text; the plan must look like {EXAMPLE}"
        ));
    };
    let status = match status {
        None | Some(Value::Null) => Some("pending".to_owned()),
        Some(status) => status
            .as_str()
            .map(|status| status.trim().to_lowercase().replace(['-', ' '], "_")),
    };
    let (completed, in_progress) = match status.as_deref() {
        Some("pending" | "todo" | "not_started") => (false, false),
        Some("in_progress" | "active" | "doing") => (false, true),
        Some("completed" | "complete" | "done") => (true, false),
        _ => {
            return Err(format!(
                "the status of the step '{text}' is none of pending, in_progress, completed"
            ));
        }
    };
    Ok(TodoItem {
        text: text.to_owned(),
        completed,
        in_progress,
    })
}

#[derive(Debug)]
struct PlanJob {
    items: Vec<TodoItem>,
    explanation: Option<String>,
}

impl Job for PlanJob {
    fn shown(&self) -> ItemDetails {
        ItemDetails::TodoList {
            items: self.items.clone(),
            explanation: self.explanation.clone(),
        }
    }

    fn reach(&self) -> Reach {
        Reach::Harmless
    }

    fn run(self: Box<Self>, _: Permit) -> Running {
        let outcome = Outcome::text("The user sees the plan.", self.shown());
        Box::pin(std::future::ready(outcome))
    }
}

const EXAMPLE: &str = r#"{"plan": [{"step": "Find the cause", "status": "in_progress"}, {"step": "Fix it", "status": "pending"}]}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_however_it_is_written() {
        let item = |text: &str, completed, in_progress| TodoItem {
            text: text.to_owned(),
            completed,
            in_progress,
        };
        let expected = [
            item("a", true, false),
            item("b", false, true),
            item("c", false, false),
        ];
        for text in [
            r#"{"plan":[{"step":"a","status":"completed"},{"step":"b","status":"in_progress"},{"step":"c","status":"pending"}]}"#,
            r#"{"steps":[{"text":"a","status":"Done"},{"content":"b","status":"in-progress"},"c"]}"#,
            r#"[{"step":"a","status":"complete"},{"step":"b","status":"in progress"},{"step":" c "}]"#,
            r#"{"plan":"[{\"step\":\"a\",\"status\":\"done\"},{\"step\":\"b\",\"status\":\"doing\"},\"c\"]"}"#,
        ] {
            let plan = read(Input::Json(text)).unwrap();
            assert_eq!(plan.items, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_in_words() {
        for (text, expected) in [
            ("{}", "`plan` is missing"),
            (r#"{"plan":7}"#, "not a list"),
            (r#"{"plan":[{"status":"pending"}]}"#, "no text"),
            (
                r#"{"plan":[{"step":"a","status":"maybe"}]}"#,
                "'a' is none of",
            ),
            (
                r#"{"plan":[{"step":"a","status":"in_progress"},{"step":"b","status":"in_progress"}]}"#,
                "2 steps are in_progress",
            ),
        ] {
            let said = read(Input::Json(text)).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
