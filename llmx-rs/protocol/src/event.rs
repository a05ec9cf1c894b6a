//! What the agent reports while it works: the lines of `llmx exec --json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use serde_json::Value;

use crate::approval::ApprovalRequest;
use crate::ids::ThreadId;
use crate::item::ThreadItem;
use crate::policy::SandboxMode;

/// One report. A turn begins with `turn.started` and ends with exactly one of `turn.completed`
/// and `turn.failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum ThreadEvent {
    /// The conversation exists; always the first report.
    #[serde(rename = "thread.started")]
    ThreadStarted {
        /// Its name, by which it can be resumed.
        thread_id: ThreadId,
    },
    /// The agent took up a prompt.
    #[serde(rename = "turn.started")]
    TurnStarted {},
    /// The agent did what it was asked.
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// What this turn took, and no other.
        usage: Usage,
        /// How it went.
        #[serde(flatten)]
        facts: TurnFacts,
    },
    /// The turn ended early.
    #[serde(rename = "turn.failed")]
    TurnFailed {
        /// Why.
        error: ThreadError,
    },
    /// Something began that takes time.
    #[serde(rename = "item.started")]
    ItemStarted {
        /// What.
        item: ThreadItem,
    },
    /// Something that began has changed.
    #[serde(rename = "item.updated")]
    ItemUpdated {
        /// What, as it is now.
        item: ThreadItem,
    },
    /// Something is finished.
    #[serde(rename = "item.completed")]
    ItemCompleted {
        /// What, as it will stay.
        item: ThreadItem,
    },
    /// The model goes on speaking. A preview: what counts is the item that follows, and after
    /// [`AnswerDiscarded`](Self::AnswerDiscarded) none of it does.
    #[serde(rename = "answer.delta")]
    AnswerDelta {
        /// What it speaks: words or thoughts.
        kind: DeltaKind,
        /// The next words.
        delta: String,
    },
    /// The answer that was previewed is asked for again from its beginning.
    #[serde(rename = "answer.discarded")]
    AnswerDiscarded {},
    /// What holds the commands of the agent: told once, before the first one that ran is completed.
    /// Finding it out takes a few milliseconds, which a session without commands does not spend.
    #[serde(rename = "sandbox.reported")]
    SandboxReported {
        /// What holds them.
        sandbox: SandboxFacts,
    },
    /// A call waits until a person decides about it.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The question.
        request: ApprovalRequest,
    },
    /// A notice, such as that a request is sent again; it does not end the turn.
    #[serde(rename = "error")]
    Error {
        /// The notice.
        message: String,
    },
}

impl ThreadEvent {
    /// Returns the JSON schema of the lines of `llmx exec --json`.
    pub fn schema() -> Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        if let Value::Object(fields) = &mut schema {
            fields.insert("$id".to_owned(), SCHEMA_ID.into());
        }
        schema
    }

    /// Returns whether this ends a turn.
    pub fn ends_turn(&self) -> bool {
        matches!(self, Self::TurnCompleted { .. } | Self::TurnFailed { .. })
    }
}

/// What holds the commands of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SandboxFacts {
    /// How far commands may reach.
    pub policy: SandboxMode,
    /// The boundary that holds them to it, such as `namespaces`; null if there is none.
    pub rung: Option<String>,
    /// Why it is this one.
    pub reason: String,
    /// What of the policy this rung does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
}

/// What a preview is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeltaKind {
    /// The agent's message.
    AgentMessage,
    /// The summary of its thoughts.
    Reasoning,
}

/// How a turn went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TurnFacts {
    /// The model that answered, as the server names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How often the model was asked.
    pub requests: u32,
    /// How often a request had to be sent again.
    pub retries: u32,
    /// The milliseconds from the first request to the first word of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_first_token_ms: Option<u64>,
    /// The cost in US dollars, where the model's prices are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Who told the prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_source: Option<FactSource>,
    /// How many tokens the model takes in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Who told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window_source: Option<FactSource>,
}

/// Who told a fact about a model; the first one that does counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// The user's configuration.
    Config,
    /// The provider, beside its list of models.
    Provider,
    /// The small table that comes with llmx.
    Table,
    /// A request that the provider refused.
    Refusal,
}

/// What a turn took, in tokens; cached tokens are part of the input, reasoning is part of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// The tokens of all requests.
    pub input_tokens: u64,
    /// Those of them that the provider's cache had.
    pub cached_input_tokens: u64,
    /// Those that the provider's cache took in.
    pub cache_write_input_tokens: u64,
    /// The tokens of all answers.
    pub output_tokens: u64,
    /// Those of them that the model spent on thinking.
    pub reasoning_output_tokens: u64,
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadError {
    /// The sentence for people.
    pub message: String,
    /// The word for programs, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
}

/// Why a turn failed, where a program may want to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A hook of the user did not let it go on.
    Blocked,
    /// Somebody stopped it.
    Interrupted,
    /// It cost more than it might.
    MaxCost,
    /// The model was asked as often as it might be.
    MaxTurns,
    /// Its answer did not have the shape that was asked for, corrected once or not.
    OutputSchema,
    /// Its time was over.
    Timeout,
}

/// The version rises when a field or a type goes or changes its meaning; new ones may come without.
const SCHEMA_ID: &str = "urn:llmx:exec-events:1";
