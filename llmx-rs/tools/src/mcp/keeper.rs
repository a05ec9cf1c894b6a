//! Keeps one server through a session: starts it, learns what it offers, notices its end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::cache;
use super::child::Tail;
use super::client::{Asking, Client, ClientFault};
use super::listing::Listing;
use super::official::{self, Connection};
use super::settings::McpServer;

/// One server.
pub(crate) struct Keeper {
    pub(crate) server: McpServer,
    cache: Option<PathBuf>,
    state: watch::Sender<State>,
    listing: Mutex<Option<Arc<Listing>>>,
    tail: Tail,
    started: OnceLock<Instant>,
    notices: mpsc::UnboundedSender<String>,
}

/// How far a server has come.
#[derive(Clone)]
enum State {
    Starting,
    Ready(Arc<dyn Client>),
    /// It is over, for this reason.
    Broken(String),
}

impl Keeper {
    pub(crate) fn new(
        server: McpServer,
        cache: Option<PathBuf>,
        notices: mpsc::UnboundedSender<String>,
    ) -> Self {
        let remembered = cache.as_deref().and_then(cache::read);
        Self {
            server,
            cache,
            state: watch::Sender::new(State::Starting),
            listing: Mutex::new(remembered.map(Arc::new)),
            tail: Tail::default(),
            started: OnceLock::new(),
            notices,
        }
    }

    /// Returns what the server offers, as far as that is known.
    pub(crate) fn listing(&self) -> Option<Arc<Listing>> {
        self.lock().clone()
    }

    /// Runs the server until `stop` says so or it ends by itself.
    pub(crate) async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let changes = watch::Sender::new(0);
        let mut changed = changes.subscribe();
        let opened = tokio::select! {
            opened = self.open(changes) => opened,
            () = stopped(&mut stop) => return,
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(why) => return self.fail(&why),
        };
        loop {
            let client = Arc::clone(&connection.client);
            tokio::select! {
                () = connection.gone() => return self.fail("it has ended"),
                Ok(()) = changed.changed() => {
                    let listed = tokio::select! {
                        listed = timeout(self.server.tool_timeout, client.list()) => listed,
                        () = stopped(&mut stop) => break,
                    };
                    // Without an answer the old list stays.
                    if let Ok(Ok(listing)) = listed {
                        self.learn(listing);
                    }
                }
                () = stopped(&mut stop) => break,
            }
        }
        connection.close().await;
    }

    /// Waits until it is known what the server offers or that it never will be, at most for `limit`.
    /// A server that has not kept this limit before is not waited for.
    pub(crate) async fn introduced(&self, limit: Duration) {
        let cache = self.cache.as_deref();
        if cache.is_none_or(|file| !cache::is_shy(file))
            && timeout(limit, self.met()).await.is_err()
            && let Some(file) = cache
        {
            let _unmarked = cache::set_shy(file, true);
        }
    }

    async fn met(&self) {
        let mut state = self.state.subscribe();
        while self.listing().is_none() {
            if matches!(*state.borrow_and_update(), State::Broken(_))
                || state.changed().await.is_err()
            {
                return;
            }
        }
    }

    /// Asks the server something, once it is ready. What comes back as an error is told to the model.
    pub(crate) async fn ask<T>(
        &self,
        ask: impl FnOnce(&dyn Client) -> Asking<'_, T>,
    ) -> Result<T, String> {
        let id = &self.server.id;
        let client = self.ready().await?;
        let limit = self.server.tool_timeout;
        match timeout(limit, ask(&*client)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(ClientFault::Gone)) => Err(self.why_gone().await),
            Ok(Err(fault)) => Err(format!("the MCP server `{id}` says: {fault}")),
            Err(_elapsed) => Err(format!(
                "the MCP server `{id}` has not answered within {} and was told to stop; `tool_timeout_sec` sets how long it may take",
                seconds(limit)
            )),
        }
    }

    /// Calls a tool.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<Value, String> {
        self.ask(|client| client.call(tool.to_owned(), arguments))
            .await
    }

    async fn open(&self, changes: watch::Sender<u64>) -> Result<Connection, String> {
        let limit = self.server.startup_timeout;
        self.started.get_or_init(Instant::now);
        let opening = async {
            let connection = official::open(&self.server.reach, &self.tail, changes).await?;
            let listing = connection.client.list().await;
            self.learn(listing.map_err(|fault| fault.to_string())?);
            Ok::<Connection, String>(connection)
        };
        tokio::pin!(opening);
        let opened = match timeout(limit, &mut opening).await {
            Ok(opened) => opened,
            Err(_elapsed) => {
                self.tell(&format!("is not ready after {}; its tools come when it is, and `startup_timeout_sec` sets how long calls wait", seconds(limit)));
                opening.await
            }
        };
        let connection = opened?;
        let client = Arc::clone(&connection.client);
        self.state.send_replace(State::Ready(client));
        Ok(connection)
    }

    async fn ready(&self) -> Result<Arc<dyn Client>, String> {
        let id = &self.server.id;
        let limit = self.server.startup_timeout;
        let started = self.started.get().copied().unwrap_or_else(Instant::now);
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| !matches!(state, State::Starting));
        match timeout_at(started + limit, settled).await {
            Ok(Ok(state)) => match &*state {
                State::Ready(client) => Ok(Arc::clone(client)),
                State::Broken(why) => Err(format!("the MCP server `{id}` cannot be used: {why}")),
                State::Starting => Err(format!("the MCP server `{id}` is not ready")),
            },
            Ok(Err(_)) => Err(format!("the MCP server `{id}` is not there any more")),
            Err(_elapsed) => Err(self.with_tail(&format!(
                "the MCP server `{id}` is not ready, {} after its start; go on without it",
                seconds(started.elapsed())
            ))),
        }
    }

    /// Returns why the server went away in the middle of a call.
    async fn why_gone(&self) -> String {
        let mut state = self.state.subscribe();
        let broken = state.wait_for(|state| matches!(state, State::Broken(_)));
        let why = match timeout(WHY_GONE, broken).await {
            Ok(Ok(state)) => match &*state {
                State::Broken(why) => why.clone(),
                _ => "it has ended".to_owned(),
            },
            _ => "it has ended".to_owned(),
        };
        format!("the MCP server `{}` cannot be used: {why}", self.server.id)
    }

    fn learn(&self, listing: Listing) {
        if let Some(file) = &self.cache {
            let _unwritten = cache::write(file, &listing);
            let _was_not_shy = cache::set_shy(file, false);
        }
        *self.lock() = Some(Arc::new(listing));
    }

    fn fail(&self, why: &str) {
        let why = self.with_tail(why);
        let told = format!("the MCP server `{}` cannot be used: {why}", self.server.id);
        let _nobody = self.notices.send(told);
        self.state.send_replace(State::Broken(why));
    }

    fn tell(&self, what: &str) {
        let told = format!("the MCP server `{}` {what}", self.server.id);
        let _nobody = self.notices.send(self.with_tail(&told));
    }

    fn with_tail(&self, text: &str) -> String {
        match self.tail.text() {
            Some(tail) => format!("{text}; the last it wrote:\n{tail}"),
            None => text.to_owned(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Listing>>> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end of the session.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _session_gone = stop.wait_for(|stop| *stop).await.is_err();
}

fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// How long the last words of a server are waited for when a call has met its end.
const WHY_GONE: Duration = Duration::from_secs(1);
