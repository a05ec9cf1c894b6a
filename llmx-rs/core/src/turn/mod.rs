//! The conversation as a pure machine: events in, effects out, no clock, no files, no network.
//!
//! ```text
//!            Prompt                    answer complete, calls in it
//!   Idle ────────────▶ Streaming ───────────────────────────────▶ Calling
//!    ▲                  │     ▲  ◀───────── all calls answered ───── │
//!    │ answer complete, │     │ RetryDue                             │
//!    │ no calls; or     │     │                                      │
//!    │ no retry left    ▼     │                                      │
//!    ├─────────────── Waiting ┘                                      │
//!    └──────────── Interrupt, RecordFailed (from anywhere) ──────────┘
//! ```
//!
//! Where answers must have a shape, an answer without calls goes by way of Checking: to Idle if it has
//! it, and once in a turn back to Streaming for a better one. Where the user has hooks, the beginning of a
//! turn, its end and a summary go by way of Consulting.
//!
//! What it promises, held by the properties in `tests/it/machine.rs`: a turn ends with exactly one terminal event;
//! every call is run at most once and answered exactly once; what a frontend sees was recorded
//! before. An event that does not belong to the current state changes nothing.

mod answer;
mod bounds;
mod calling;
mod calls;
mod compact;
mod consult;
mod facts;
mod fault;
mod retry;
mod shape;
mod show;
mod summary;
mod vocabulary;

use std::collections::VecDeque;

use llmx_protocol::{ErrorCode, ItemStatus, Prompt, ThreadError, ThreadEvent, TurnFacts, Usage};
use llmx_wire::responses::{ContentPart, Item, Role, StreamEvent};

use self::answer::{Answer, Outcome};
pub use self::bounds::{Bounds, Prices};
use self::calls::{CallIds, Calls, Started};
pub(crate) use self::compact::{ENVIRONMENT, HOOK, INSTRUCTIONS, is_of_llmx};
use self::consult::Matter;
pub use self::facts::{Known, ModelFacts};
pub use self::fault::{asked_pause_ms, is_final_code, is_too_long};
pub use self::retry::RetryLimits;
use self::retry::{Decision, Retries};
use self::shape::Shape;
use self::show::ItemNumbers;
pub(crate) use self::show::search;
use self::summary::Summary;
pub use self::vocabulary::{
    Advice, Call, CallResult, Checkpoint, Checkpoints, Delay, Effect, Ended, Event, Fault, Note,
    Payload, Permit, Record, Retry, Verdict,
};

/// One conversation.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What the model is told before the first prompt; empty once it has been.
    opening: Vec<Item>,
    conversation: Vec<Item>,
    /// Prompts that came while a turn was under way.
    prompts: VecDeque<Prompt>,
    phase: Phase,
    limits: RetryLimits,
    retries: Retries,
    /// What the turn has cost so far.
    usage: Usage,
    call_ids: CallIds,
    numbers: ItemNumbers,
    /// How many tokens a conversation may have before it is summarized, if the user says so.
    limit: Option<u64>,
    /// How many tokens the conversation had when the model last answered.
    size: u64,
    /// How summaries are asked for, if the user says so.
    instruction: Option<String>,
    bounds: Bounds,
    thoughts: Thoughts,
    known: ModelFacts,
    /// How the turn went so far.
    facts: TurnFacts,
    /// Whether frontends want to see answers grow.
    previews: bool,
    /// Whether one has seen a part of the answer under way.
    previewed: bool,
    shape: Shape,
    checkpoints: Checkpoints,
    /// How often hooks had the agent go on in this turn.
    went_on: u32,
}

/// What the machine waits for.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// A prompt.
    Idle,
    /// The rest of an answer.
    Streaming(Answer, Purpose),
    /// The time to ask again.
    Waiting(Purpose),
    /// The end of a call.
    Calling(Calls),
    /// What is wrong with the answer.
    Checking,
    /// What the user's hooks say.
    Consulting(Matter),
}

/// How much of the model's thoughts is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thoughts {
    /// Nothing.
    Hidden,
    /// Their summary.
    #[default]
    Summarized,
    /// The thoughts as they are, where the provider gives them; else their summary.
    Raw,
}

/// What the model is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// The next step of its work.
    Work,
    /// A summary of the conversation.
    Summary(Summary),
}

impl Machine {
    /// Starts a conversation that begins with `opening`.
    pub fn new(opening: Vec<Item>, limits: RetryLimits) -> Self {
        Self {
            opening,
            conversation: Vec::new(),
            prompts: VecDeque::new(),
            phase: Phase::Idle,
            limits,
            retries: Retries::new(limits),
            usage: Usage::default(),
            call_ids: CallIds::default(),
            numbers: ItemNumbers::default(),
            limit: None,
            size: 0,
            instruction: None,
            bounds: Bounds::default(),
            thoughts: Thoughts::default(),
            known: ModelFacts::default(),
            facts: TurnFacts::default(),
            previews: false,
            previewed: false,
            shape: Shape::default(),
            checkpoints: Checkpoints::default(),
            went_on: 0,
        }
    }

    /// Bounds each turn.
    pub fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Asks for summaries in the user's own words.
    pub fn summarize_by(&mut self, instruction: String) {
        self.instruction = Some(instruction);
    }

    /// Shows this much of the model's thoughts.
    pub fn show_thoughts(&mut self, thoughts: Thoughts) {
        self.thoughts = thoughts;
    }

    /// Shows answers while they grow.
    pub fn preview(&mut self) {
        self.previews = true;
    }

    /// Summarizes the conversation before it has more than `tokens`.
    pub fn limit_context(&mut self, tokens: u64) {
        self.limit = Some(tokens);
    }

    /// Goes on with a conversation of which everything is recorded.
    pub fn resume(&mut self, conversation: Vec<Item>) {
        self.call_ids = CallIds::of(&conversation);
        self.conversation = conversation;
    }

    /// Returns what [`Effect::Request`] sends.
    pub fn conversation(&self) -> &[Item] {
        &self.conversation
    }

    /// Returns whether no turn is under way.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Applies one event and returns what must now be done, in order.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Prompt(prompt) => self.prompts.push_back(prompt),
            Event::Compact => self.compact_now(&mut effects),
            Event::Model(event) => {
                self.model_said(event, &mut effects);
            }
            Event::Notice(message) => effects.push(Effect::Emit(ThreadEvent::Error { message })),
            Event::ModelEnded(ended) => self.stream_ended(ended, &mut effects),
            Event::RetryDue => {
                if let Phase::Waiting(purpose) = &self.phase {
                    self.request(purpose.clone(), &mut effects);
                }
            }
            Event::CallPrepared { shown, verdict } => {
                self.call_prepared(shown, verdict, &mut effects);
            }
            Event::Decided { call_id, decision } => self.decided(&call_id, decision, &mut effects),
            Event::CallFinished(result) => self.call_finished(result, &mut effects),
            Event::Known(facts) => self.know(facts),
            Event::AnswerChecked { faults } => self.answer_checked(&faults, &mut effects),
            Event::Interrupt => {
                // A prompt that waited was meant for the turn that is now given up.
                self.prompts.clear();
                self.stop(Note::TurnAborted, interrupted(), &mut effects);
            }
            Event::Expired => {
                self.prompts.clear();
                let error = ThreadError {
                    message: "the time for the turn is over".to_owned(),
                    code: Some(ErrorCode::Timeout),
                };
                self.stop(Note::TurnFailed(error.message.clone()), error, &mut effects);
            }
            Event::RecordFailed(reason) => self.record_failed(&reason, &mut effects),
            Event::Consulted(advice) => self.consulted(advice, &mut effects),
        }
        if self.is_idle()
            && let Some(prompt) = self.prompts.pop_front()
        {
            self.begin(prompt, &mut effects);
        }
        effects
    }

    fn model_said(&mut self, event: StreamEvent, effects: &mut Vec<Effect>) {
        let Phase::Streaming(answer, purpose) = &mut self.phase else {
            return;
        };
        if self.previews
            && *purpose == Purpose::Work
            && let Some(delta) = show::preview(&event, self.thoughts)
        {
            self.previewed = true;
            effects.push(Effect::Emit(delta));
        }
        if let Some(response) = event.response()
            && let Some(model) = response.model.as_ref().filter(|model| !model.is_empty())
        {
            self.facts.model = Some(model.clone());
        }
        let Some(outcome) = answer.push(event) else {
            return;
        };
        match purpose.clone() {
            Purpose::Work => self.settle(outcome, effects),
            Purpose::Summary(summary) => self.settle_summary(outcome, summary, effects),
        }
    }

    fn begin(&mut self, prompt: Prompt, effects: &mut Vec<Effect>) {
        self.begin_counting();
        effects.push(Effect::Record(Record::TurnContext));
        if self.checkpoints.prompt {
            effects.push(Effect::Emit(ThreadEvent::TurnStarted {}));
            self.consult(Matter::Prompt(prompt), effects);
            return;
        }
        self.take_up(prompt, Vec::new(), effects);
        effects.push(Effect::Emit(ThreadEvent::TurnStarted {}));
        self.ask(effects);
    }

    /// Makes a prompt part of the conversation, after what belongs to it.
    fn take_up(&mut self, prompt: Prompt, context: Vec<Item>, effects: &mut Vec<Effect>) {
        let opening: Vec<_> = self.opening.drain(..).collect();
        for item in opening.into_iter().chain(context) {
            self.append(item, effects);
        }
        self.append(words_of(&prompt), effects);
        let note = Note::UserMessage(prompt.text);
        effects.push(Effect::Record(Record::Note(note)));
    }

    /// Asks for a new answer, with a full budget of retries; before that for a summary, if the
    /// conversation has become too long.
    fn ask(&mut self, effects: &mut Vec<Effect>) {
        let exceeded = self.bounds.exceeded(self.facts.requests, self.cost());
        if let Some(error) = exceeded {
            self.fail(error, effects);
            return;
        }
        if self.budget().is_some_and(|budget| self.size > budget) {
            self.summarize(true, effects);
            return;
        }
        self.retries = Retries::new(self.limits);
        self.request(Purpose::Work, effects);
    }

    fn request(&mut self, purpose: Purpose, effects: &mut Vec<Effect>) {
        self.facts.requests = self.facts.requests.saturating_add(1);
        self.previewed = false;
        effects.push(match purpose {
            Purpose::Work => Effect::Request,
            Purpose::Summary(_) => Effect::Summarize,
        });
        self.phase = Phase::Streaming(Answer::default(), purpose);
    }

    fn begin_counting(&mut self) {
        self.usage = Usage::default();
        self.facts = TurnFacts::default();
        self.shape.begin();
        self.went_on = 0;
    }

    fn settle(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        match outcome {
            Outcome::Completed { items, usage } => {
                show::add_usage(&mut self.usage, &usage);
                self.size = usage.input_tokens.saturating_add(usage.output_tokens);
                let calls = self.commit(items, effects);
                self.run_next(calls, effects);
            }
            Outcome::Incomplete {
                items,
                usage,
                fault,
            } => {
                show::add_usage(&mut self.usage, &usage);
                self.commit(items, effects);
                self.fail(plain(fault.message), effects);
            }
            Outcome::Failed { usage, fault } => {
                show::add_usage(&mut self.usage, &usage);
                self.retry_or_fail(&fault, Purpose::Work, effects);
            }
        }
    }

    /// Makes the items of an answer part of the conversation; returns the calls among them.
    fn commit(&mut self, items: Vec<Item>, effects: &mut Vec<Effect>) -> Calls {
        let mut calls = Calls::default();
        for mut item in items {
            if let Some(call) = self.call_ids.settle(&mut item) {
                calls.push(call);
            }
            let words = show::words(&item, self.thoughts);
            self.append(item, effects);
            if let Some((note, details)) = words {
                effects.extend(note.map(|note| Effect::Record(Record::Note(note))));
                effects.push(Effect::Emit(self.numbers.completed(details)));
            }
        }
        calls
    }

    fn append(&mut self, item: Item, effects: &mut Vec<Effect>) {
        effects.push(Effect::Record(Record::Item(item.clone())));
        self.conversation.push(item);
    }

    fn stream_ended(&mut self, ended: Ended, effects: &mut Vec<Effect>) {
        let Phase::Streaming(_, purpose) = &self.phase else {
            return;
        };
        let purpose = purpose.clone();
        let fault = match ended {
            Ended::Broken(fault) => fault,
            Ended::Done | Ended::Eof => Fault {
                message: "the stream ended before the answer was complete".to_owned(),
                retry: Retry::Stream { after_ms: None },
            },
        };
        self.retry_or_fail(&fault, purpose, effects);
    }

    fn retry_or_fail(&mut self, fault: &Fault, purpose: Purpose, effects: &mut Vec<Effect>) {
        self.learn(fault, effects);
        if fault.retry == Retry::Shorter && self.shorten(&purpose, effects) {
            return;
        }
        match self.retries.next(fault) {
            Decision::Again { delay, notice } => {
                self.facts.retries = self.facts.retries.saturating_add(1);
                self.phase = Phase::Waiting(purpose);
                if std::mem::take(&mut self.previewed) {
                    effects.push(Effect::Emit(ThreadEvent::AnswerDiscarded {}));
                }
                effects.push(Effect::Emit(ThreadEvent::Error { message: notice }));
                effects.push(Effect::Wait(delay));
            }
            Decision::GiveUp(message) => self.fail(plain(message), effects),
        }
    }

    fn complete(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Idle;
        let usage = self.usage;
        effects.push(Effect::Record(Record::Note(Note::TokenCount(usage))));
        let facts = TurnFacts {
            cost_usd: self.cost(),
            prices_source: self.known.prices.map(|known| known.source),
            context_window: self.known.window.map(|known| known.value),
            context_window_source: self.known.window.map(|known| known.source),
            ..self.facts.clone()
        };
        effects.push(Effect::Emit(ThreadEvent::TurnCompleted { usage, facts }));
    }

    fn fail(&mut self, error: ThreadError, effects: &mut Vec<Effect>) {
        self.end_summary(effects);
        self.phase = Phase::Idle;
        let usage = Note::TokenCount(self.usage);
        effects.push(Effect::Record(Record::Note(usage)));
        let note = Note::TurnFailed(error.message.clone());
        effects.push(Effect::Record(Record::Note(note)));
        effects.push(Effect::Emit(ThreadEvent::TurnFailed { error }));
    }

    /// Ends the turn wherever it is; calls that are open are answered, so that the conversation
    /// can go on.
    fn stop(&mut self, note: Note, error: ThreadError, effects: &mut Vec<Effect>) {
        if self.is_idle() {
            return;
        }
        effects.push(Effect::Abort);
        if let Phase::Calling(calls) = &self.phase {
            let mut calls = calls.clone();
            while let Some((call, started)) = calls.finish_current() {
                let words = format!("not finished: {}", error.message);
                let answer = vec![ContentPart::input_text(words.as_str())];
                self.append(call.answer(answer), effects);
                // A call that no frontend has seen needs no end on its screen.
                if let Some(Started { item_id, shown }) = started {
                    let shown = shown.ended_early(ItemStatus::Failed, &words);
                    effects.push(Effect::Emit(show::finished(item_id, shown)));
                }
            }
        }
        self.end_summary(effects);
        self.phase = Phase::Idle;
        effects.push(Effect::Record(Record::Note(note)));
        effects.push(Effect::Emit(ThreadEvent::TurnFailed { error }));
    }

    fn record_failed(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        let message = format!("the session cannot be recorded: {reason}");
        if self.is_idle() {
            effects.push(Effect::Emit(ThreadEvent::Error { message }));
        } else {
            self.prompts.clear();
            self.stop(Note::TurnFailed(message.clone()), plain(message), effects);
        }
    }
}

/// Makes the item that holds what a person wants; pictures come before the words about them.
fn words_of(prompt: &Prompt) -> Item {
    let mut item = Item::text_message(Role::User, prompt.text.as_str());
    if let (Item::Message(message), false) = (&mut item, prompt.images.is_empty()) {
        let images = prompt.images.iter().map(ContentPart::input_image);
        let words = ContentPart::input_text(prompt.text.as_str());
        message.content = images.chain([words]).collect::<Vec<_>>().into();
    }
    item
}

fn plain(message: String) -> ThreadError {
    ThreadError {
        message,
        code: None,
    }
}

fn interrupted() -> ThreadError {
    ThreadError {
        message: "interrupted".to_owned(),
        code: Some(ErrorCode::Interrupted),
    }
}
