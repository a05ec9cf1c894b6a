//! The call of a tool that only reads, in a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use llmx_protocol::{ItemDetails, ItemStatus};
use serde_json::Value;

use super::view::View;
use crate::confine::Confinement;
use crate::tool::{Job, Outcome, Permit, Reach, Running, Said};

/// A call that only reads; `work` does it.
pub(crate) struct Reading<F> {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
    pub(crate) confinement: Arc<Confinement>,
    pub(crate) work: F,
}

/// What was read: for the model, and for whoever looks on.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) said: Vec<Said>,
    pub(crate) output: String,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self {
            said: vec![Said::Text(text.clone())],
            output: text,
        }
    }
}

/// Tells work in a thread that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sets its [`Stop`] when it is dropped.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl<F> Job for Reading<F>
where
    F: FnOnce(&View, &Stop) -> Result<Answer, String> + Send + 'static,
{
    fn shown(&self) -> ItemDetails {
        self.shown_with(String::new(), ItemStatus::InProgress)
    }

    fn reach(&self) -> Reach {
        Reach::Harmless
    }

    fn run(self: Box<Self>, permit: Permit) -> Running {
        Box::pin(async move {
            let frame = self.shown_with(String::new(), ItemStatus::InProgress);
            let stop = StopOnDrop(Stop::default());
            let inner = stop.0.clone();
            let work = move || {
                let view = self.confinement.view(permit)?;
                (self.work)(&view, &inner)
            };
            let done = tokio::task::spawn_blocking(work).await;
            let done = done.unwrap_or_else(|error| Err(error.to_string()));
            let (answer, status) = match done {
                Ok(answer) => (answer, ItemStatus::Completed),
                Err(why) => (why.into(), ItemStatus::Failed),
            };
            Outcome {
                answer: answer.said,
                shown: frame.ended_early(status, &answer.output),
            }
        })
    }
}

impl<F> Reading<F> {
    fn shown_with(&self, output: String, status: ItemStatus) -> ItemDetails {
        ItemDetails::ToolCall {
            tool: self.tool.to_owned(),
            arguments: self.arguments.clone(),
            output,
            status,
        }
    }
}
