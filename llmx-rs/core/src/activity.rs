//! The one thing that is under way at a time, as a stream of events for the machine.
//!
//! A request, a wait and a call have the same shape: each is polled for what happened next, and
//! dropping it stops it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use llmx_tools::{Input, Outcome, Permit, Reach, Said, Toolbox};
use llmx_upstream::{EventStream, StreamEnd, StreamStep};
use llmx_wire::responses::{ContentPart, Request};
use tokio::sync::oneshot;

use crate::approvals::Approvals;
use crate::connection::{AskFault, Connection};
use crate::hooks::{self, AboutCall, Hooks};
use crate::judge::judge;
use crate::turn::{Call, CallResult, Checkpoint, Ended, Event, Payload};

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
                if let Some(news) = connection.take_news(&answer) {
                    return Some((Event::Notice(news), Asking::Answering(connection, answer)));
                }
                let event = match answer.next().await {
                    StreamStep::Event(event) => {
                        let answering = Asking::Answering(connection, answer);
                        return Some((Event::Model(event), answering));
                    }
                    StreamStep::End(StreamEnd::Done) => Event::ModelEnded(Ended::Done),
                    StreamStep::End(StreamEnd::Eof) => Event::ModelEnded(Ended::Eof),
                    StreamStep::End(StreamEnd::Broken(fault)) => end(&fault.into()),
                };
                Some((event, Asking::Over))
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

/// Asks the user's hooks about `checkpoint`.
pub(crate) fn consult(hooks: Arc<Hooks>, checkpoint: Checkpoint) -> Activity {
    let asking = async move {
        let (notices, advice) = hooks::advise(&hooks, checkpoint).await;
        with_notices(notices, Event::Consulted(advice))
    };
    stream::once(asking)
        .flat_map(stream::iter)
        .chain(stream::pending())
        .boxed()
}

/// Reads `call`, says what it would do, and runs it once `permit` lets it. Returns what it would
/// reach, too.
pub(crate) fn call(
    toolbox: &Toolbox,
    judge: &Approvals,
    hooks: Arc<Hooks>,
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
    let about = Arc::new(AboutCall::new(call, &reach));
    let (verdict, is_alone) = (judge.verdict(&reach), judge.asks_nobody());
    let shown = Box::new(job.shown());
    let prepared = {
        let (hooks, about) = (Arc::clone(&hooks), Arc::clone(&about));
        async move {
            let asking = hooks::before_call(&hooks, &about, verdict, is_alone);
            let (notices, verdict) = asking.await;
            with_notices(notices, Event::CallPrepared { shown, verdict })
        }
    };
    let running = async move {
        // Nobody lets it run any more once the sender is gone.
        let Ok(permit) = permit.await else {
            return Vec::new();
        };
        let mut outcome = job.run(permit).await;
        let notices = hooks::after_call(&hooks, &about, &mut outcome).await;
        let Outcome { answer, shown } = outcome;
        let answer = answer.into_iter().map(part).collect();
        let shown = Box::new(shown);
        let result = CallResult::Ran { answer, shown };
        with_notices(notices, Event::CallFinished(result))
    };
    let activity = stream::once(prepared)
        .chain(stream::once(running))
        .flat_map(stream::iter)
        .chain(stream::pending())
        .boxed();
    (activity, Some(reach))
}

fn with_notices(notices: Vec<String>, event: Event) -> Vec<Event> {
    let notices = notices.into_iter().map(Event::Notice);
    notices.chain([event]).collect()
}

fn part(said: Said) -> ContentPart {
    match said {
        Said::Text(text) => ContentPart::input_text(text),
        Said::Image { url } => ContentPart::input_image(url),
    }
}
