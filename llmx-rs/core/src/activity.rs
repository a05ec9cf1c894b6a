//! The one thing that is under way at a time, as a stream of events for the machine.
//!
//! A request, a wait and a call have the same shape: each is polled for what happened next, and
//! dropping it stops it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use llmx_tools::{Input, Outcome, Permit, Reach, Said, Toolbox};
use llmx_upstream::{EventStream, StreamEnd, StreamStep};
use llmx_wire::responses::{ContentPart, Request};
use tokio::sync::oneshot;

use crate::approvals::Approvals;
use crate::connection::{AskFault, Connection};
use crate::judge::judge;
use crate::turn::{Call, CallResult, Ended, Event, Payload};

/// What is under way. It never ends; once it has nothing more to say it stays silent.
pub(crate) type Activity = BoxStream<'static, Event>;

/// Comes when a call may run.
pub(crate) type Permitted = oneshot::Receiver<Permit>;

/// Nothing is under way.
pub(crate) fn nothing() -> Activity {
    stream::pending().boxed()
}

/// Says what is already known.
pub(crate) fn now(event: Event) -> Activity {
    stream::iter([event]).chain(stream::pending()).boxed()
}

/// Waits for `time`.
pub(crate) fn wait(time: Duration) -> Activity {
    let due = async move {
        tokio::time::sleep(time).await;
        Event::RetryDue
    };
    stream::once(due).chain(stream::pending()).boxed()
}

/// Sends `request` and follows the answer to its end.
pub(crate) fn ask(
    connection: Arc<Connection>,
    request: Request,
    env_key: Option<String>,
) -> Activity {
    let end =
        move |fault: &AskFault| Event::ModelEnded(Ended::Broken(judge(fault, env_key.as_deref())));
    stream::unfold(
        Asking::Opening(connection, Box::new(request)),
        move |asking| {
            let end = end.clone();
            async move {
                let (connection, mut answer) = match asking {
                    Asking::Opening(connection, request) => match connection.open(&request).await {
                        Ok(answer) => (connection, Box::new(answer)),
                        Err(fault) => return Some((end(&fault), Asking::Over)),
                    },
                    Asking::Answering(connection, answer) => (connection, answer),
                    Asking::Over => return None,
                };
                if let Some(news) = connection.take_news() {
                    return Some((Event::Notice(news), Asking::Answering(connection, answer)));
                }
                Some(match answer.next().await {
                    StreamStep::Event(event) => {
                        (Event::Model(event), Asking::Answering(connection, answer))
                    }
                    StreamStep::End(StreamEnd::Done) => {
                        (Event::ModelEnded(Ended::Done), Asking::Over)
                    }
                    StreamStep::End(StreamEnd::Eof) => {
                        (Event::ModelEnded(Ended::Eof), Asking::Over)
                    }
                    StreamStep::End(StreamEnd::Broken(fault)) => (end(&fault.into()), Asking::Over),
                })
            }
        },
    )
    .chain(stream::pending())
    .boxed()
}

enum Asking {
    Opening(Arc<Connection>, Box<Request>),
    Answering(Arc<Connection>, Box<EventStream>),
    Over,
}

/// Reads `call`, says what it would do, and runs it once `permit` lets it. Returns what it would
/// reach, too.
pub(crate) fn call(
    toolbox: &Toolbox,
    judge: &Approvals,
    call: &Call,
    permit: Permitted,
) -> (Activity, Option<Reach>) {
    let input = match &call.payload {
        Payload::Json(arguments) => Input::Json(arguments),
        Payload::Text(input) => Input::Text(input),
    };
    let job = match toolbox.prepare(&call.name, input) {
        Ok(job) => job,
        Err(message) => {
            let rejected = Event::CallFinished(CallResult::Rejected { message });
            return (now(rejected), None);
        }
    };
    let reach = job.reach();
    let prepared = Event::CallPrepared {
        shown: Box::new(job.shown()),
        verdict: judge.verdict(&reach),
    };
    let running = async move {
        // Nobody lets it run any more once the sender is gone.
        let permit = permit.await.ok()?;
        let Outcome { answer, shown } = job.run(permit).await;
        let answer = answer.into_iter().map(part).collect();
        let shown = Box::new(shown);
        Some(Event::CallFinished(CallResult::Ran { answer, shown }))
    };
    let activity = stream::iter([prepared])
        .chain(stream::once(running).filter_map(ready))
        .chain(stream::pending())
        .boxed();
    (activity, Some(reach))
}

fn part(said: Said) -> ContentPart {
    match said {
        Said::Text(text) => ContentPart::input_text(text),
        Said::Image { url } => ContentPart::input_image(url),
    }
}
