//! What becomes of the calls of an answer: each is read, judged, run or declined, and answered.

use llmx_protocol::{ApprovalDecision, ApprovalRequest, ItemDetails, ItemStatus, ThreadEvent};
use llmx_wire::responses::ContentPart;

use super::calls::{Calls, Started};
use super::vocabulary::{CallResult, Effect, Note, Permit, Verdict};
use super::{Machine, Phase, interrupted, show};

impl Machine {
    /// Runs the next call; after the last one, asks the model again; without any, comes to the end of the turn.
    pub(super) fn run_next(&mut self, calls: Calls, effects: &mut Vec<Effect>) {
        match calls.current() {
            Some(call) => {
                effects.push(Effect::PrepareCall(call.clone()));
                self.phase = Phase::Calling(calls);
            }
            None if matches!(self.phase, Phase::Calling(_)) => self.ask(effects),
            None => self.conclude(effects),
        }
    }

    pub(super) fn call_prepared(
        &mut self,
        shown: Box<ItemDetails>,
        verdict: Verdict,
        effects: &mut Vec<Effect>,
    ) {
        let Phase::Calling(calls) = &mut self.phase else {
            return;
        };
        let Some(call) = calls.current().filter(|_| calls.started.is_none()) else {
            return;
        };
        let call_id = call.call_id.clone();
        let item_id = self.numbers.next_id();
        let started = Started {
            item_id: item_id.clone(),
            shown,
        };
        effects.push(Effect::Emit(show::started(&started)));
        calls.started = Some(started);
        match verdict {
            Verdict::Run(permit) => effects.push(Effect::RunCall(permit)),
            Verdict::Ask { permit, reason } => {
                calls.asked = Some(permit);
                let request = ApprovalRequest {
                    id: call_id,
                    item_id,
                    reason,
                    unconfined: permit == Permit::Unconfined,
                };
                effects.push(Effect::Emit(ThreadEvent::ApprovalRequested { request }));
            }
            Verdict::Refuse { reason } => self.decline(&reason, effects),
        }
    }

    pub(super) fn decided(
        &mut self,
        call_id: &str,
        decision: ApprovalDecision,
        effects: &mut Vec<Effect>,
    ) {
        let Phase::Calling(calls) = &mut self.phase else {
            return;
        };
        let is_current = calls.current().is_some_and(|call| call.call_id == call_id);
        let Some(permit) = calls.asked.filter(|_| is_current) else {
            return;
        };
        match decision {
            ApprovalDecision::Approve | ApprovalDecision::ApproveForSession => {
                calls.asked = None;
                effects.push(Effect::RunCall(permit));
            }
            ApprovalDecision::Deny => self.decline(DENIED, effects),
            ApprovalDecision::Abort => self.stop(Note::TurnAborted, interrupted(), effects),
        }
    }

    /// Answers the call that was read with `reason` instead of running it.
    fn decline(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        let Phase::Calling(calls) = &mut self.phase else {
            return;
        };
        let Some(started) = &calls.started else {
            return;
        };
        calls.asked = None;
        effects.push(Effect::Abort);
        let shown = started.shown.clone();
        let result = CallResult::Ran {
            answer: vec![ContentPart::input_text(reason)],
            shown: Box::new(shown.ended_early(ItemStatus::Declined, reason)),
        };
        self.call_finished(result, effects);
    }

    pub(super) fn call_finished(&mut self, result: CallResult, effects: &mut Vec<Effect>) {
        let Phase::Calling(calls) = &self.phase else {
            return;
        };
        // A call that waits for a person has not run.
        if calls.asked.is_some() {
            return;
        }
        let mut calls = calls.clone();
        self.answer_current(&mut calls, result, effects);
        self.run_next(calls, effects);
    }

    /// Records the answer to the call under way, then shows how it ended.
    fn answer_current(&mut self, calls: &mut Calls, result: CallResult, effects: &mut Vec<Effect>) {
        let Some((call, started)) = calls.finish_current() else {
            return;
        };
        let (answer, shown) = match result {
            CallResult::Ran { answer, shown } => (answer, *shown),
            CallResult::Rejected { message } => {
                let answer = vec![ContentPart::input_text(message.as_str())];
                (answer, show::rejected(&call, message))
            }
        };
        self.append(call.answer(answer), effects);
        let item_id = match started {
            Some(started) => started.item_id,
            None => self.numbers.next_id(),
        };
        effects.push(Effect::Emit(show::finished(item_id, shown)));
    }
}

/// What the model is told when a person says no.
const DENIED: &str = "The user declined this call; it was not run. Do not try it again in another \
                      form: go on without it, or ask what to do instead.";
