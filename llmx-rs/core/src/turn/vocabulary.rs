//! What the machine is told and what it asks for.

use llmx_protocol::{ApprovalDecision, ItemDetails, Prompt, ThreadEvent, Usage};
use llmx_wire::responses::{ContentPart, Item, StreamEvent};

use super::ModelFacts;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person wrote this.
    Prompt(Prompt),
    /// A person wants the conversation to be summarized.
    Compact,
    /// The model's answer goes on.
    Model(StreamEvent),
    /// Something that a person may want to know, and that changes nothing.
    Notice(String),
    /// No more of the answer will come.
    ModelEnded(Ended),
    /// The wait that was asked for is over.
    RetryDue,
    /// The call under way was understood.
    CallPrepared {
        /// What a frontend shows while it runs.
        shown: Box<ItemDetails>,
        /// Whether it may run.
        verdict: Verdict,
    },
    /// A person decided about the call of this id.
    Decided {
        /// The call.
        call_id: String,
        /// What was decided.
        decision: ApprovalDecision,
    },
    /// The call under way is finished.
    CallFinished(CallResult),
    /// More is known of the model.
    Known(ModelFacts),
    /// The answer that was to be checked was checked.
    AnswerChecked {
        /// What is wrong with it; nothing if it is as it was asked for.
        faults: Vec<String>,
    },
    /// Everything must stop.
    Interrupt,
    /// Everything must stop, because its time is over.
    Expired,
    /// What had to be recorded could not be, for this reason.
    RecordFailed(String),
    /// The user's hooks have been asked.
    Consulted(Advice),
}

/// Where the user's hooks are asked, besides at each call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Before a prompt is taken up.
    pub prompt: bool,
    /// Before the agent stops.
    pub stop: bool,
    /// Before a conversation is summarized.
    pub compact: bool,
}

/// What the user's hooks are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkpoint {
    /// A prompt is to be taken up.
    Prompt(String),
    /// The agent is about to stop.
    Stop {
        /// What it said last.
        last_message: Option<String>,
        /// Whether it goes on already because a hook wanted that.
        is_going_on: bool,
    },
    /// The conversation is to be summarized.
    Compact {
        /// Whether that is because it has become too long.
        is_automatic: bool,
    },
}

/// What the user's hooks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// It may be so.
    GoOn {
        /// What the model is told besides.
        context: Vec<String>,
    },
    /// It may not be so.
    Block {
        /// Why.
        reason: String,
    },
}

/// Why no more of an answer will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The server said that it is finished.
    Done,
    /// The connection closed without a word.
    Eof,
    /// The request or its stream failed.
    Broken(Fault),
}

/// A failure of a request, with what the machine needs to decide about another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong, for people; the server's own words where it gave any.
    pub message: String,
    /// Whether trying again may help.
    pub retry: Retry,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request would fail again.
    Never,
    /// The conversation is longer than the model can read; a shorter one may do.
    Shorter,
    /// The request did not begin to be answered.
    Request {
        /// The pause that the server asked for.
        after_ms: Option<u64>,
    },
    /// The answer was cut off.
    Stream {
        /// The pause that the server asked for.
        after_ms: Option<u64>,
    },
}

/// Whether a call may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Run(Permit),
    /// A person decides.
    Ask {
        /// How far it would reach.
        permit: Permit,
        /// Why a person is asked.
        reason: String,
    },
    /// It may not.
    Refuse {
        /// What the model and the person are told.
        reason: String,
    },
}

/// How far a call may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// As far as the sandbox of the session lets it.
    Confined,
    /// As far as the user could.
    Unconfined,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallResult {
    /// It ran.
    Ran {
        /// What the model is told.
        answer: Vec<ContentPart>,
        /// What a frontend shows, as it will stay.
        shown: Box<ItemDetails>,
    },
    /// It could not be read, for this reason.
    Rejected {
        /// What the model and the person are told.
        message: String,
    },
}

/// Something to be done; effects are performed in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write this to the session file.
    Record(Record),
    /// Report this to the frontend.
    Emit(ThreadEvent),
    /// Send the conversation to the model.
    Request,
    /// Ask the model for a summary of the conversation: send [`Machine::to_summarize`].
    ///
    /// [`Machine::to_summarize`]: super::Machine::to_summarize
    Summarize,
    /// Read this call and report what it would do; it must not begin yet.
    PrepareCall(Call),
    /// Let the call that was read run, and report its end.
    RunCall(Permit),
    /// Check whether these last words of an answer have the shape that was asked for, and report it.
    CheckAnswer(String),
    /// Remember that the provider takes no longer conversations than this, in tokens.
    LearnWindow(u64),
    /// Wait, then report that the retry is due.
    Wait(Delay),
    /// Ask the user's hooks, and report what they say.
    Consult(Checkpoint),
    /// Stop the request, the wait, the call or the hooks that are under way.
    Abort,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The name that its answer repeats; unique within the conversation.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// What the tool is given.
    pub payload: Payload,
}

/// What a tool is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON, or what the model took for it.
    Json(String),
    /// Free text.
    Text(String),
}

/// A pause before another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// About this long: whoever waits spreads it, so that clients do not return in step.
    About {
        /// In milliseconds.
        ms: u64,
    },
    /// At least this long, as the server asked.
    AtLeast {
        /// In milliseconds.
        ms: u64,
    },
}

/// What a session file must hold before a frontend may see its effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// The settings that this turn runs under.
    TurnContext,
    /// A new item of the conversation.
    Item(Item),
    /// The conversation was replaced.
    Compacted {
        /// The summary.
        summary: String,
        /// What the conversation is now.
        items: Vec<Item>,
    },
    /// Something that happened beside the conversation.
    Note(Note),
}

/// Something that happened beside the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A person wrote this.
    UserMessage(String),
    /// The agent said this.
    AgentMessage(String),
    /// The agent showed this of its thoughts.
    AgentReasoning(String),
    /// The turn has cost this so far.
    TokenCount(Usage),
    /// The turn was interrupted.
    TurnAborted,
    /// The turn failed, for this reason.
    TurnFailed(String),
}
