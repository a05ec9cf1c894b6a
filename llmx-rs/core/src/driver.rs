//! Performs what the machine asks for and tells it what happened.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use llmx_protocol::{ApprovalDecision, Op, ThreadEvent, ThreadId};
use llmx_tools::{Permit, Reach, Toolbox};
use llmx_wire::responses::{Request, StreamEvent};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::activity::{self, Activity};
use crate::approvals::{self, Approvals};
use crate::connection::Connection;
use crate::history::History;
use crate::hooks::Hooks;
use crate::model_facts::Keeper;
use crate::notify::Notifier;
use crate::output_schema::OutputSchema;
use crate::prompt::Prompt;
use crate::rollout::{Rollout, payload};
use crate::turn::{Call, Delay, Effect, Event, Machine, Record};
use crate::world::World;

/// The shell around the machine.
pub(crate) struct Driver {
    pub(crate) machine: Machine,
    pub(crate) prompt: Prompt,
    pub(crate) connection: Arc<Connection>,
    pub(crate) env_key: Option<String>,
    pub(crate) toolbox: Toolbox,
    pub(crate) approvals: Approvals,
    /// What answers are checked against.
    pub(crate) output_schema: Option<Arc<OutputSchema>>,
    /// The programs of the user that are asked along the way.
    pub(crate) hooks: Arc<Hooks>,
    /// What the call that was read would reach.
    pub(crate) asked: Option<Asked>,
    /// Lets the call that was read run.
    pub(crate) permit: Option<oneshot::Sender<Permit>>,
    pub(crate) recorder: Recorder,
    /// What a person should know before the first turn.
    pub(crate) notices: Vec<String>,
    pub(crate) pace: Pace,
    /// What is known of the model.
    pub(crate) facts: Keeper,
    /// Whether the model has not been asked since the last prompt.
    pub(crate) is_new_turn: bool,
    /// Where prompts are remembered.
    pub(crate) history: Option<History>,
    /// Whom to tell that a turn has ended.
    pub(crate) notifier: Option<Notifier>,
    pub(crate) world: Arc<dyn World>,
}

/// A call that waits for its verdict.
pub(crate) struct Asked {
    reach: Reach,
    /// Whether a person allowed it for the rest of the session.
    for_session: bool,
}

/// When a turn first asked the model, and how long that took to speak.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    asked: Option<Instant>,
    first_word: Option<Duration>,
}

impl Pace {
    fn asked(&mut self) {
        self.asked.get_or_insert_with(Instant::now);
    }

    fn first_word(&mut self) {
        if let Some(asked) = self.asked {
            self.first_word.get_or_insert_with(|| asked.elapsed());
        }
    }

    /// Adds to the end of a turn what only a clock knows.
    fn tell(&mut self, event: &mut ThreadEvent) {
        match event {
            ThreadEvent::TurnStarted {} => *self = Self::default(),
            ThreadEvent::TurnCompleted { facts, .. } => {
                let time = self.first_word.map(|time| time.as_millis());
                facts.time_to_first_token_ms = time.and_then(|ms| u64::try_from(ms).ok());
            }
            _ => {}
        }
    }
}

/// The session file and what its lines need.
pub(crate) struct Recorder {
    pub(crate) rollout: Rollout,
    pub(crate) turn_context: Value,
    /// Set by the first failure; nothing is written after it.
    pub(crate) failed: bool,
}

impl Driver {
    pub(crate) fn rollout_path(&self) -> &Path {
        self.recorder.rollout.path()
    }

    /// Runs until there is nothing left to do; see `Session::run`.
    pub(crate) async fn run(
        mut self,
        thread_id: ThreadId,
        mut ops: mpsc::Receiver<Op>,
        events: mpsc::Sender<ThreadEvent>,
    ) {
        let mut activity = activity::nothing();
        let mut listening = true;
        // Whether anyone hears this is found out below.
        let _heard = events.send(ThreadEvent::ThreadStarted { thread_id }).await;
        for message in self.notices.drain(..) {
            let _heard = events.send(ThreadEvent::Error { message }).await;
        }
        let mut news = self.toolbox.start().await;
        while listening || !self.machine.is_idle() {
            let event = tokio::select! {
                Some(message) = news.recv() => {
                    let _heard = events.send(ThreadEvent::Error { message }).await;
                    continue;
                }
                told = self.facts.told() => {
                    self.facts.take(told.as_ref(), self.world.now());
                    Event::Known(self.facts.facts())
                }
                op = ops.recv(), if listening => match op {
                    Some(Op::UserTurn { prompt }) => {
                        self.is_new_turn = true;
                        if let Some(history) = &self.history {
                            // A prompt that is not remembered can be typed again.
                            let _kept = history.add(&prompt.text, self.world.now());
                        }
                        if let Some(notifier) = &mut self.notifier {
                            notifier.prompt(&prompt.text);
                        }
                        Event::Prompt(prompt)
                    }
                    Some(Op::Compact) => Event::Compact,
                    Some(Op::Decide { id, decision }) => Event::Decided { call_id: id, decision },
                    Some(Op::Interrupt) => Event::Interrupt,
                    Some(Op::Expire) => {
                        listening = false;
                        Event::Expired
                    }
                    Some(Op::Shutdown) => {
                        listening = false;
                        Event::Interrupt
                    }
                    None => {
                        listening = false;
                        continue;
                    }
                },
                () = events.closed() => {
                    listening = false;
                    Event::Interrupt
                }
                Some(event) = activity.next() => event,
            };
            if let (Event::Decided { decision, .. }, Some(asked)) = (&event, &mut self.asked) {
                asked.for_session = *decision == ApprovalDecision::ApproveForSession;
            }
            let is_end_of_call = matches!(event, Event::CallFinished(_));
            if is_end_of_call && let Some(sandbox) = self.toolbox.take_sandbox_facts() {
                let _heard = events.send(ThreadEvent::SandboxReported { sandbox }).await;
            }
            self.apply(event, &mut activity, &events).await;
        }
        for message in self.hooks.end().await {
            let _heard = events.send(ThreadEvent::Error { message }).await;
        }
        let ended = self.toolbox.close().await;
        while let Ok(message) = news.try_recv() {
            let _heard = events.send(ThreadEvent::Error { message }).await;
        }
        for ended in ended {
            let message = format!(
                "ended with the session: `{}`, which went on in the background",
                ended.command
            );
            let _heard = events.send(ThreadEvent::Error { message }).await;
        }
    }

    /// Lets the machine decide about `event` and performs the effects in their order.
    async fn apply(
        &mut self,
        event: Event,
        activity: &mut Activity,
        events: &mpsc::Sender<ThreadEvent>,
    ) {
        if let Event::Model(said) = &event {
            self.pace.first_word();
            self.learn(said).await;
        }
        if let Some(message) = self.facts.take_warning() {
            let _heard = events.send(ThreadEvent::Error { message }).await;
        }
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for effect in self.machine.handle(event) {
                match effect {
                    Effect::Record(record) => {
                        if let Err(reason) = self.recorder.write(&record, &*self.world) {
                            next = Some(Event::RecordFailed(reason));
                        }
                    }
                    Effect::Emit(mut event) => {
                        self.pace.tell(&mut event);
                        let notifier = self.notifier.as_mut();
                        if let Some(message) = notifier.and_then(|it| it.note(&event)) {
                            let _heard = events.send(ThreadEvent::Error { message }).await;
                        }
                        let _heard = events.send(event).await;
                    }
                    Effect::Request => {
                        self.pace.asked();
                        if self.toolbox.refresh(std::mem::take(&mut self.is_new_turn)) {
                            self.prompt.offer(self.toolbox.specs());
                        }
                        let request = self.prompt.request(self.machine.conversation());
                        *activity = self.ask(request);
                    }
                    Effect::Summarize => {
                        let request = self.prompt.summary(&self.machine.to_summarize());
                        *activity = self.ask(request);
                    }
                    Effect::PrepareCall(call) => *activity = self.prepare(&call),
                    Effect::RunCall(permit) => {
                        if let Some(asked) = self.asked.take().filter(|asked| asked.for_session) {
                            self.approvals.grant(&asked.reach);
                        }
                        if let Some(waiting) = self.permit.take() {
                            // A call that was given up meanwhile needs no permit.
                            let _given_up = waiting.send(approvals::permit(permit));
                        }
                    }
                    Effect::LearnWindow(window) => self.facts.refused(window, self.world.now()),
                    Effect::CheckAnswer(answer) => {
                        let schema = self.output_schema.as_ref();
                        let faults = schema.map_or_else(Vec::new, |it| it.faults(&answer));
                        *activity = activity::now(Event::AnswerChecked { faults });
                    }
                    Effect::Wait(delay) => {
                        *activity = activity::wait(spread(delay, self.world.chance()));
                    }
                    Effect::Consult(checkpoint) => {
                        *activity = activity::consult(Arc::clone(&self.hooks), checkpoint);
                    }
                    Effect::Abort => *activity = activity::nothing(),
                }
            }
        }
    }
}

impl Driver {
    /// Finds out what is not known of the model, beside its answer.
    async fn learn(&mut self, said: &StreamEvent) {
        let more = self.facts.answer_begins(&self.connection, self.world.now());
        let ends = matches!(said, StreamEvent::Completed(_));
        if more | (ends && self.facts.answer_ends(self.world.now()).await) {
            self.machine.know(self.facts.facts());
        }
    }

    /// Reads a call, which then waits for its permit.
    fn prepare(&mut self, call: &Call) -> Activity {
        let (permit, permitted) = oneshot::channel();
        self.permit = Some(permit);
        let hooks = Arc::clone(&self.hooks);
        let (running, reach) =
            activity::call(&self.toolbox, &self.approvals, hooks, call, permitted);
        self.asked = reach.map(|reach| Asked {
            reach,
            for_session: false,
        });
        running
    }

    fn ask(&self, request: Request) -> Activity {
        let connection = Arc::clone(&self.connection);
        activity::ask(connection, request, self.env_key.clone())
    }
}

impl Recorder {
    /// Writes `record`; reports only the first failure.
    fn write(&mut self, record: &Record, world: &dyn World) -> Result<(), String> {
        if self.failed {
            return Ok(());
        }
        let (kind, payload) = match record {
            Record::TurnContext => ("turn_context", self.turn_context.clone()),
            Record::Item(item) => payload(item),
            Record::Compacted { summary, items } => {
                ("compacted", json!({"message": summary, "items": items}))
            }
            Record::Note(note) => payload(note),
        };
        let written = self.rollout.write(world.now(), kind, &payload);
        written.map_err(|fault| {
            self.failed = true;
            fault.to_string()
        })
    }
}

/// Spreads a pause by a tenth, so that many clients of one server do not return in step. What the
/// server asked for is never cut short.
fn spread(delay: Delay, chance: f64) -> Duration {
    let (ms, factor) = match delay {
        Delay::About { ms } => (ms, 0.9 + 0.2 * chance),
        Delay::AtLeast { ms } => (ms, 1.0 + 0.1 * chance),
    };
    Duration::from_millis(ms).mul_f64(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_spread_but_never_shorter_than_asked_for() {
        for (delay, chance, expected) in [
            (Delay::About { ms: 200 }, 0.0, 180),
            (Delay::About { ms: 200 }, 1.0, 220),
            (Delay::AtLeast { ms: 2_000 }, 0.0, 2_000),
            (Delay::AtLeast { ms: 2_000 }, 1.0, 2_200),
        ] {
            let pause = spread(delay, chance).as_millis();
            assert!(pause.abs_diff(expected) <= 1, "{delay:?}: {pause}");
        }
    }
}
