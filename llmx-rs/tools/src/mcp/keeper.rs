//! Keeps one server through a session: starts it, learns what it offers, notices its end, and starts
//! it again when it is needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::cache;
use super::child::Tail;
use super::client::Client;
use super::listing::Listing;
use super::official::{self, Connection};
use super::settings::McpServer;

/// One server.
pub(crate) struct Keeper {
    pub(crate) server: McpServer,
    cache: Option<PathBuf>,
    pub(super) state: watch::Sender<State>,
    /// How often somebody has asked for a server that had ended.
    pub(super) wanted: watch::Sender<u64>,
    listing: Mutex<Option<Arc<Listing>>>,
    tail: Tail,
    started: Mutex<Option<Instant>>,
    notices: mpsc::UnboundedSender<String>,
}

/// How far a server has come.
#[derive(Clone)]
pub(super) enum State {
    Starting,
    Ready(Arc<dyn Client>),
    /// It has ended, for this reason, and starts again when somebody needs it.
    Ended(String),
    /// It is over, for this reason.
    Broken(String),
}

/// How the life of a server went.
enum Life {
    NeverBegan(String),
    /// It has ended by itself.
    Ended,
    /// It was ended with the session.
    Stopped,
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
            wanted: watch::Sender::new(0),
            listing: Mutex::new(remembered.map(Arc::new)),
            tail: Tail::default(),
            started: Mutex::default(),
            notices,
        }
    }

    /// Returns what the server offers, as far as that is known.
    pub(crate) fn listing(&self) -> Option<Arc<Listing>> {
        lock(&self.listing).clone()
    }

    /// Runs the server until `stop` says so. A server that ends by itself starts again with the
    /// next call, unless it does so all the time.
    pub(crate) async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut wanted = self.wanted.subscribe();
        let mut ends = 0;
        loop {
            let begun = Instant::now();
            let why = match self.live(ends, &mut wanted, &mut stop).await {
                Life::Stopped => return,
                Life::Ended => "it has ended".to_owned(),
                Life::NeverBegan(why) if ends == 0 => return self.fail(&why),
                Life::NeverBegan(why) => format!("it has ended and cannot be started again: {why}"),
            };
            if begun.elapsed() > STEADY {
                ends = 0;
            }
            ends += 1;
            if ends > MOST_ENDS {
                return self.fail(&format!(
                    "{why}; that has happened {ends} times, and it is not started again"
                ));
            }
            self.ended(&why);
            tokio::select! {
                Ok(()) = wanted.changed() => {}
                () = stopped(&mut stop) => return,
            }
            self.state.send_replace(State::Starting);
            tokio::select! {
                () = sleep(pause(ends)) => {}
                () = stopped(&mut stop) => return,
            }
            self.tail.clear();
        }
    }

    /// Runs the server from its start to its end.
    async fn live(
        &self,
        ends: u32,
        wanted: &mut watch::Receiver<u64>,
        stop: &mut watch::Receiver<bool>,
    ) -> Life {
        let changes = watch::Sender::new(0);
        let mut changed = changes.subscribe();
        let opened = tokio::select! {
            opened = self.open(changes) => opened,
            () = stopped(stop) => {
                if self.listing().is_none() {
                    self.tell("was not ready before the session ended");
                }
                return Life::Stopped;
            }
        };
        // Whoever wanted the server to start again has got that.
        wanted.mark_unchanged();
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(why) => return Life::NeverBegan(why),
        };
        if ends > 0 {
            self.tell("was started again");
        }
        let life = self.serve(&mut connection, &mut changed, stop).await;
        connection.close().await;
        life
    }

    /// Listens to a server that is ready, until it has ended or should.
    async fn serve(
        &self,
        connection: &mut Connection,
        changed: &mut watch::Receiver<u64>,
        stop: &mut watch::Receiver<bool>,
    ) -> Life {
        loop {
            let client = Arc::clone(&connection.client);
            tokio::select! {
                () = connection.gone() => return Life::Ended,
                Ok(()) = changed.changed() => {
                    let listed = tokio::select! {
                        listed = timeout(self.server.tool_timeout, client.list()) => listed,
                        () = stopped(stop) => return Life::Stopped,
                    };
                    // Without an answer the old list stays.
                    if let Ok(Ok(listing)) = listed {
                        self.learn(listing);
                    }
                }
                () = stopped(stop) => return Life::Stopped,
            }
        }
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

    async fn open(&self, changes: watch::Sender<u64>) -> Result<Connection, String> {
        let limit = self.server.startup_timeout;
        *lock(&self.started) = Some(Instant::now());
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

    /// Returns when the server was started last.
    pub(super) fn started(&self) -> Instant {
        lock(&self.started).unwrap_or_else(Instant::now)
    }

    fn learn(&self, listing: Listing) {
        if let Some(file) = &self.cache {
            let _unwritten = cache::write(file, &listing);
            let _was_not_shy = cache::set_shy(file, false);
        }
        *lock(&self.listing) = Some(Arc::new(listing));
    }

    /// Notes an end that need not be the last.
    fn ended(&self, why: &str) {
        self.tell(&format!(
            "is not there: {why}; it is started again when one of its tools is called"
        ));
        self.state.send_replace(State::Ended(self.with_tail(why)));
    }

    /// Notes the last end.
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

    pub(super) fn with_tail(&self, text: &str) -> String {
        match self.tail.text() {
            Some(tail) => format!("{text}; the last it wrote:\n{tail}"),
            None => text.to_owned(),
        }
    }
}

/// Waits for the end of the session.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _session_gone = stop.wait_for(|stop| *stop).await.is_err();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Returns what a server is left alone for after so many ends: nothing after the first, since most
/// have only one.
fn pause(ends: u32) -> Duration {
    match ends {
        0 | 1 => Duration::ZERO,
        more => (PAUSE * 2_u32.saturating_pow(more - 2)).min(LONGEST_PAUSE),
    }
}

/// A server that has run for this long is no broken one, however it ends.
const STEADY: Duration = Duration::from_secs(60);
/// How often a server may end soon after its start before that is its last end.
const MOST_ENDS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let pauses: Vec<_> = (1..=7).map(|ends| pause(ends).as_millis()).collect();
        assert_eq!(pauses, [0, 500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
