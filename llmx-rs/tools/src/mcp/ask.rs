//! Asks a server that may have ended meanwhile. Nothing that may have been done is asked twice.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::client::{Asking, Client, ClientFault};
use super::keeper::{Keeper, LONGEST_PAUSE, State, seconds};

impl Keeper {
    /// Asks the server something that changes nothing, once it is ready. What comes back as an
    /// error is told to the model.
    pub(crate) async fn ask<T>(
        &self,
        ask: impl Fn(&dyn Client) -> Asking<'_, T>,
    ) -> Result<T, String> {
        self.asked(ask, |fault| {
            matches!(fault, ClientFault::Unsent | ClientFault::Gone)
        })
        .await
    }

    /// Calls a tool, at most once.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Value, String> {
        self.asked(
            |client| client.call(tool.to_owned(), arguments.clone()),
            |fault| matches!(fault, ClientFault::Unsent),
        )
        .await
    }

    /// Asks once more where the server has ended and `may_repeat` says so.
    async fn asked<T>(
        &self,
        ask: impl Fn(&dyn Client) -> Asking<'_, T>,
        may_repeat: impl Fn(&ClientFault) -> bool,
    ) -> Result<T, String> {
        let id = &self.server.id;
        let limit = self.server.tool_timeout;
        let mut is_second = false;
        loop {
            let client = self.ready().await?;
            return match timeout(limit, ask(&*client)).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(fault)) if !is_second && may_repeat(&fault) => {
                    is_second = true;
                    self.why_gone().await;
                    continue;
                }
                Ok(Err(ClientFault::Unsent | ClientFault::Gone)) => {
                    let why = self.why_gone().await;
                    Err(format!(
                        "the MCP server `{id}` ended during this call: nobody knows whether it was done, and it is not repeated; {why}"
                    ))
                }
                Ok(Err(fault)) => Err(format!("the MCP server `{id}` says: {fault}")),
                Err(_elapsed) => Err(format!(
                    "the MCP server `{id}` has not answered within {} and was told to stop; `tool_timeout_sec` sets how long it may take",
                    seconds(limit)
                )),
            };
        }
    }

    /// Waits until the server is ready; one that has ended is started again, once.
    async fn ready(&self) -> Result<Arc<dyn Client>, String> {
        let id = &self.server.id;
        let limit = self.server.startup_timeout;
        let mut until = self.started() + limit;
        let mut state = self.state.subscribe();
        let mut was_asked_for = false;
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Ready(client) => return Ok(client),
                State::Broken(why) => {
                    return Err(format!("the MCP server `{id}` cannot be used: {why}"));
                }
                State::Ended(why) if was_asked_for => {
                    return Err(format!("the MCP server `{id}` cannot be used: {why}"));
                }
                State::Ended(_) => {
                    was_asked_for = true;
                    until = Instant::now() + LONGEST_PAUSE + limit;
                    self.wanted.send_modify(|times| *times += 1);
                }
                State::Starting => {}
            }
            match timeout_at(until, state.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(format!("the MCP server `{id}` is not there any more")),
                Err(_elapsed) => {
                    return Err(self.with_tail(&format!(
                        "the MCP server `{id}` is not ready, {} after its start; go on without it",
                        seconds(self.started().elapsed())
                    )));
                }
            }
        }
    }

    /// Waits until the end of the server is noticed, and returns why it has ended.
    async fn why_gone(&self) -> String {
        let mut state = self.state.subscribe();
        let ended = state.wait_for(|state| matches!(state, State::Ended(_) | State::Broken(_)));
        match timeout(WHY_GONE, ended).await {
            Ok(Ok(state)) => match &*state {
                State::Ended(why) | State::Broken(why) => why.clone(),
                State::Starting | State::Ready(_) => HAS_ENDED.to_owned(),
            },
            _ => HAS_ENDED.to_owned(),
        }
    }
}

const HAS_ENDED: &str = "it has ended";
/// How long the last words of a server are waited for when a call has met its end.
const WHY_GONE: Duration = Duration::from_secs(1);
