//! How a conversation that is too long is summarized, and goes on with the summary.

use llmx_protocol::{ItemStatus, ThreadEvent};
use llmx_wire::responses::Item;

use super::answer::{self, Outcome};
use super::retry::Retries;
use super::vocabulary::{Effect, Record};
use super::{Machine, Matter, Phase, Purpose, compact, show};

/// A summary that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// What a frontend was told about it.
    pub(super) item_id: String,
    /// How many conversations before this one were too long for the model to summarize.
    pub(super) try_number: u32,
    /// Whether the turn goes on with it, or was begun for its sake.
    pub(super) goes_on: bool,
}

impl Machine {
    /// Returns what [`Effect::Summarize`] sends.
    pub fn to_summarize(&self) -> Vec<Item> {
        let try_number = match &self.phase {
            Phase::Streaming(_, Purpose::Summary(summary)) => summary.try_number,
            _ => 0,
        };
        compact::to_summarize(&self.conversation, try_number, self.instruction.as_deref())
    }

    /// Summarizes because a person wants it; a conversation that has not begun stays as it is.
    pub(super) fn compact_now(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_idle() || self.conversation.is_empty() {
            return;
        }
        self.begin_counting();
        effects.push(Effect::Record(Record::TurnContext));
        effects.push(Effect::Emit(ThreadEvent::TurnStarted {}));
        self.summarize(false, effects);
    }

    pub(super) fn summarize(&mut self, goes_on: bool, effects: &mut Vec<Effect>) {
        if self.checkpoints.compact {
            self.consult(Matter::Summary { goes_on }, effects);
        } else {
            self.begin_summary(goes_on, effects);
        }
    }

    pub(super) fn begin_summary(&mut self, goes_on: bool, effects: &mut Vec<Effect>) {
        let item_id = self.numbers.next_id();
        let item = show::compaction(&item_id, "", ItemStatus::InProgress);
        effects.push(Effect::Emit(ThreadEvent::ItemStarted { item }));
        self.retries = Retries::new(self.limits);
        let summary = Summary {
            item_id,
            try_number: 0,
            goes_on,
        };
        self.request(Purpose::Summary(summary), effects);
    }

    pub(super) fn settle_summary(
        &mut self,
        outcome: Outcome,
        summary: Summary,
        effects: &mut Vec<Effect>,
    ) {
        let (usage, written) = match outcome {
            Outcome::Completed { items, usage } => (usage, answer::words(&items)),
            // Half a summary would be taken for the whole.
            Outcome::Incomplete { usage, fault, .. } => (usage, Err(fault)),
            Outcome::Failed { usage, fault } => (usage, Err(fault)),
        };
        show::add_usage(&mut self.usage, &usage);
        match written {
            Ok(words) => self.replace(&words, &summary, effects),
            Err(fault) => self.retry_or_fail(&fault, Purpose::Summary(summary), effects),
        }
    }

    /// Goes on with `words` in place of the conversation.
    fn replace(&mut self, words: &str, summary: &Summary, effects: &mut Vec<Effect>) {
        self.conversation = compact::compacted(&self.conversation, words);
        self.size = 0;
        effects.push(Effect::Record(Record::Compacted {
            summary: words.to_owned(),
            items: self.conversation.clone(),
        }));
        let item = show::compaction(&summary.item_id, words, ItemStatus::Completed);
        effects.push(Effect::Emit(ThreadEvent::ItemCompleted { item }));
        if summary.goes_on {
            self.ask(effects);
        } else {
            self.complete(effects);
        }
    }

    /// Tries with less of the conversation, if there is less to try with.
    pub(super) fn shorten(&mut self, purpose: &Purpose, effects: &mut Vec<Effect>) -> bool {
        match purpose {
            // What was just summarized cannot be made shorter that way.
            Purpose::Work if compact::is_compacted(&self.conversation) => false,
            Purpose::Work => {
                self.summarize(true, effects);
                true
            }
            Purpose::Summary(summary) if summary.try_number + 1 < compact::TRIES => {
                let summary = Summary {
                    try_number: summary.try_number + 1,
                    ..summary.clone()
                };
                self.request(Purpose::Summary(summary), effects);
                true
            }
            Purpose::Summary(_) => false,
        }
    }

    /// Shows that a summary which was begun will not be written.
    pub(super) fn end_summary(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Streaming(_, Purpose::Summary(summary))
        | Phase::Waiting(Purpose::Summary(summary)) = &self.phase
        {
            let item = show::compaction(&summary.item_id, "", ItemStatus::Failed);
            effects.push(Effect::Emit(ThreadEvent::ItemCompleted { item }));
        }
    }
}
