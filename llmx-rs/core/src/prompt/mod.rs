//! What the model is told: the base instructions, the facts about this session, the tools.

mod instructions;

use std::time::SystemTime;

use llmx_config::{Config, WebSearch};
use llmx_protocol::{SandboxMode, ThreadId};
use llmx_tools::{Confinement, Takes, ToolSpec};
use llmx_wire::Dialect;
use llmx_wire::responses::{
    CustomTool, FunctionTool, Item, ReasoningOptions, Request, Role, TextOptions, Tool,
};
use serde_json::{Value, json};

use crate::output_schema::OutputSchema;
use crate::turn::{ENVIRONMENT, INSTRUCTIONS};

/// The parts of a request that stay the same through a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    template: Request,
    demand: Option<Demand>,
    /// Tools that the provider runs itself.
    hosted: Vec<Tool>,
}

/// The form that the last answer of a turn must have.
#[derive(Debug, Clone)]
struct Demand {
    /// All that the model is told about its work, and about the form.
    instructions: String,
    format: Value,
}

impl Prompt {
    pub(crate) fn new(config: &Config, thread_id: &ThreadId, specs: Vec<ToolSpec>) -> Self {
        let verbosity = config.model_verbosity.clone();
        let hosted = hosted(config);
        let template = Request {
            model: config.model.clone(),
            instructions: Some(BASE.to_owned()),
            tools: offered(specs, &hosted),
            tool_choice: Some("auto".into()),
            parallel_tool_calls: Some(true),
            reasoning: Some(ReasoningOptions {
                effort: config.model_reasoning_effort.clone(),
                summary: summary(config),
                ..ReasoningOptions::default()
            }),
            text: verbosity.map(|verbosity| TextOptions {
                verbosity: Some(verbosity),
                ..TextOptions::default()
            }),
            max_output_tokens: config.model_max_output_tokens,
            // The conversation lives in the session file. The server keeps nothing, and hands out
            // its thoughts in a form that it can read again.
            store: Some(false),
            include: vec!["reasoning.encrypted_content".to_owned()],
            stream: Some(true),
            prompt_cache_key: Some(thread_id.as_str().to_owned()),
            ..Request::default()
        };
        Self {
            template,
            demand: None,
            hosted,
        }
    }

    /// Asks for last answers that match `schema`.
    pub(crate) fn demand(&mut self, schema: &OutputSchema) {
        self.demand = Some(Demand {
            instructions: format!("{BASE}\n{}", schema.instruction()),
            format: schema.format(),
        });
    }

    /// Offers these tools from now on.
    pub(crate) fn offer(&mut self, specs: Vec<ToolSpec>) {
        self.template.tools = offered(specs, &self.hosted);
    }

    /// Makes the request for a summary. The tools stay, since taking them away would change what the
    /// provider has cached.
    pub(crate) fn summary(&self, conversation: &[Item]) -> Request {
        Request {
            tool_choice: Some("none".into()),
            ..self.plain(conversation)
        }
    }

    /// Makes the request for the next answer.
    pub(crate) fn request(&self, conversation: &[Item]) -> Request {
        let mut request = self.plain(conversation);
        if let Some(Demand {
            instructions,
            format,
        }) = &self.demand
        {
            request.instructions = Some(instructions.clone());
            request.text.get_or_insert_default().format = Some(format.clone());
        }
        request
    }

    fn plain(&self, conversation: &[Item]) -> Request {
        Request {
            input: conversation.to_vec().into(),
            ..self.template.clone()
        }
    }
}

/// Returns what the model is told before the first prompt of a conversation.
///
/// It is recorded like any other item, so that a resumed conversation begins with the same bytes
/// and the provider's cache still knows them.
pub(crate) fn opening(config: &Config, confinement: &Confinement, now: SystemTime) -> Opening {
    let found = instructions::find(config, confinement);
    let instructions = found.text.map(|text| {
        format!(
            "{INSTRUCTIONS}{}\n\n<INSTRUCTIONS>\n{text}\n</INSTRUCTIONS>",
            config.cwd.display()
        )
    });
    let own = config.developer_instructions.as_ref();
    let own = own.map(|text| Item::text_message(Role::Developer, text.as_str()));
    let told = instructions.into_iter().chain([environment(config, now)]);
    let told = told.map(|text| Item::text_message(Role::User, text));
    Opening {
        items: own.into_iter().chain(told).collect(),
        notices: found
            .cut
            .map(|cut| cut.to_string())
            .into_iter()
            .chain(found.unread)
            .collect(),
    }
}

/// What the model is told first.
pub(crate) struct Opening {
    pub(crate) items: Vec<Item>,
    /// What of the instructions had no room or could not be read.
    pub(crate) notices: Vec<String>,
}

/// Returns which summary of the model's thoughts is asked for.
fn summary(config: &Config) -> Option<String> {
    match config.model_reasoning_summary.as_deref() {
        None => Some("auto".to_owned()),
        Some("none") => None,
        Some(summary) => Some(summary.to_owned()),
    }
}

/// Returns what a conversation that goes on must be told anew: where it is and what it may, if that
/// has changed.
pub(crate) fn news(config: &Config, now: SystemTime, conversation: &[Item]) -> Vec<Item> {
    let now = environment(config, now);
    let told = conversation.iter().rev().find_map(|item| match item {
        Item::Message(message) if message.role == Role::User => {
            Some(message.text()).filter(|text| text.starts_with(ENVIRONMENT))
        }
        _ => None,
    });
    let is_news = told.as_ref() != Some(&now);
    is_news
        .then(|| Item::text_message(Role::User, now))
        .into_iter()
        .collect()
}

fn environment(config: &Config, now: SystemTime) -> String {
    let date = jiff::Timestamp::try_from(now).map(|now| now.strftime("%Y-%m-%d").to_string());
    let commands = match config.sandbox_mode {
        SandboxMode::DangerFullAccess => "commands run with all of the user's rights",
        SandboxMode::ReadOnly => "commands can read files, write none, and have no network",
        SandboxMode::WorkspaceWrite => {
            "commands can read files, write below cwd and where temporary files go, and have no network"
        }
    };
    let mut lines = vec![
        ENVIRONMENT.to_owned(),
        format!("  <cwd>{}</cwd>", config.cwd.display()),
        format!("  <system>{}</system>", std::env::consts::OS),
        format!("  <sandbox>{commands}</sandbox>"),
    ];
    lines.extend(date.map(|date| format!("  <date>{date}</date>")));
    lines.push("</environment_context>".to_owned());
    lines.join("\n")
}

fn offered(specs: Vec<ToolSpec>, hosted: &[Tool]) -> Vec<Tool> {
    let own = specs.into_iter().map(tool);
    own.chain(hosted.iter().cloned()).collect()
}

/// Returns the tools that the provider runs itself. No other API than Responses has them, and many a
/// server that speaks it refuses a tool that it does not know: so only what the user asks for.
fn hosted(config: &Config) -> Vec<Tool> {
    let search = match config.web_search {
        WebSearch::Live => json!({"type": WEB_SEARCH}),
        WebSearch::Cached => json!({"type": WEB_SEARCH, "external_web_access": false}),
        WebSearch::Disabled => return Vec::new(),
    };
    let is_possible = config.provider.dialects.contains(&Dialect::Responses);
    match search {
        Value::Object(search) if is_possible => vec![Tool::Unknown(search)],
        _ => Vec::new(),
    }
}

fn tool(spec: ToolSpec) -> Tool {
    let (name, description) = (spec.name, Some(spec.description));
    match spec.takes {
        Takes::Json(parameters) => Tool::Function(FunctionTool {
            name,
            description,
            parameters,
            strict: Some(false),
            ..FunctionTool::default()
        }),
        Takes::Text { grammar } => Tool::Custom(CustomTool {
            name,
            description,
            format: Some(json!({"type": "grammar", "syntax": "lark", "definition": grammar})),
            ..CustomTool::default()
        }),
    }
}

/// The kind of a hosted search, in tools.
pub(crate) const WEB_SEARCH: &str = "web_search";

const BASE: &str = include_str!("base.md");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::tests::config;

    #[test]
    fn a_request_holds_nothing_that_says_who_or_where_the_user_is() {
        let config = config("/".as_ref(), "http://127.0.0.1:1");
        let prompt = Prompt::new(&config, &ThreadId::new("t1"), Vec::new());
        let request = serde_json::to_value(prompt.request(&[])).unwrap();
        let keys: Vec<_> = request.as_object().unwrap().keys().collect();
        assert_eq!(
            json!(keys),
            json!([
                "model",
                "instructions",
                "input",
                "tool_choice",
                "parallel_tool_calls",
                "reasoning",
                "store",
                "stream",
                "include",
                "prompt_cache_key"
            ])
        );
    }

    #[test]
    fn answers_must_have_a_form_and_summaries_none() {
        let mut config = config("/".as_ref(), "http://127.0.0.1:1");
        config.model_verbosity = Some("low".to_owned());
        let mut prompt = Prompt::new(&config, &ThreadId::new("t1"), Vec::new());
        let summary = prompt.summary(&[]);
        let schema = OutputSchema::parse(r#"{"type": "object"}"#).unwrap();
        prompt.demand(&schema);
        assert_eq!(prompt.summary(&[]), summary);
        let request = prompt.request(&[]);
        let text = request.text.unwrap();
        assert_eq!(text.verbosity.as_deref(), Some("low"));
        assert_eq!(text.format.unwrap()["strict"], false);
        assert!(
            request
                .instructions
                .unwrap()
                .ends_with(r#"{"type":"object"}"#)
        );
    }

    #[test]
    fn a_search_is_offered_where_it_is_wanted_and_can_be() {
        let mut config = config("/".as_ref(), "http://127.0.0.1:1");
        for (search, dialect, expected) in [
            (WebSearch::Disabled, Dialect::Responses, json!([])),
            (
                WebSearch::Live,
                Dialect::Responses,
                json!([{"type": "web_search"}]),
            ),
            (
                WebSearch::Cached,
                Dialect::Responses,
                json!([{"type": "web_search", "external_web_access": false}]),
            ),
            (WebSearch::Live, Dialect::Chat, json!([])),
        ] {
            config.web_search = search;
            config.provider.dialects = vec![dialect];
            let mut prompt = Prompt::new(&config, &ThreadId::new("t1"), Vec::new());
            assert_eq!(json!(prompt.request(&[]).tools), expected);
            prompt.offer(Vec::new());
            assert_eq!(json!(prompt.request(&[]).tools), expected);
        }
    }

    #[test]
    fn the_model_is_told_where_it_is_and_what_it_may() {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        let text = environment(&config("/project".as_ref(), "http://127.0.0.1:1"), day);
        for part in [
            "<cwd>/project</cwd>",
            "all of the user's rights",
            "<date>1970-01-02</date>",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
