//! Runs one turn of a conversation without anybody watching.

use std::sync::Arc;

use llmx_config::Config;
use llmx_core::turn::Bounds;
use llmx_core::{Beginning, Origin, Session, System};
use llmx_protocol::{ItemDetails, Op, ThreadEvent};
use tokio::sync::mpsc;

use crate::exec::start_demo;

/// What came of a turn.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) conversation: String,
    /// The agent's last words, or why the turn failed.
    pub(super) message: String,
    pub(super) failed: bool,
    /// What a person should know.
    pub(super) notices: Vec<String>,
}

/// Runs `prompt` to its end; a turn that is `cancelled` ends as failed.
pub(super) async fn run(
    mut config: Config,
    beginning: &Beginning,
    prompt: String,
    cancelled: impl Future<Output = ()>,
) -> Result<Done, String> {
    let _model = start_demo(&mut config).map_err(|error| format!("{error:#}"))?;
    let origin = Origin {
        source: "mcp",
        environment: std::env::vars_os().collect(),
        bounds: Bounds::default(),
        ephemeral: false,
        previews: false,
        output_schema: None,
    };
    let session = Session::open(&config, origin, beginning, Arc::new(System));
    let session = session.map_err(|fault| fault.to_string())?;
    let conversation = session.thread_id().as_str().to_owned();
    let (ops, ops_in) = mpsc::channel(OPS);
    let (events_out, events) = mpsc::channel(EVENTS);
    let prompt = prompt.into();
    // The channel is empty, so there is room.
    let _sent = ops.try_send(Op::UserTurn { prompt });
    let work = session.run(ops_in, events_out);
    let turn = async { tokio::join!(listen(events, ops.clone()), work).0 };
    tokio::pin!(turn, cancelled);
    let done = tokio::select! {
        done = &mut turn => done,
        () = &mut cancelled => {
            let _ended = ops.send(Op::Shutdown).await;
            turn.await
        }
    };
    Ok(Done {
        conversation,
        ..done
    })
}

async fn listen(mut events: mpsc::Receiver<ThreadEvent>, ops: mpsc::Sender<Op>) -> Done {
    let mut done = Done {
        message: "The agent said nothing.".to_owned(),
        ..Done::default()
    };
    while let Some(event) = events.recv().await {
        match event {
            ThreadEvent::ItemCompleted { item } => {
                if let ItemDetails::AgentMessage { text } = item.details {
                    done.message = text;
                }
            }
            ThreadEvent::TurnFailed { error } => {
                done.failed = true;
                done.message = error.message;
                let _ending = ops.send(Op::Shutdown).await;
            }
            // The session would wait for another prompt.
            ThreadEvent::TurnCompleted { .. } => {
                let _ending = ops.send(Op::Shutdown).await;
            }
            ThreadEvent::Error { message } => done.notices.push(message),
            _ => {}
        }
    }
    done
}

const OPS: usize = 4;
const EVENTS: usize = 64;
