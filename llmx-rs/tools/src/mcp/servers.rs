//! The servers of one session: what they offer to the model, and which of them a name means.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::cache;
use super::call::RemoteTool;
use super::keeper::Keeper;
use super::listing::Listing;
use super::name::qualified;
use super::resources::{ListResources, ReadResource};
use super::settings::McpSettings;
use crate::tool::{Tool, ToolSpec};

/// The servers of one session.
#[derive(Default)]
pub(crate) struct Servers {
    keepers: Vec<Arc<Keeper>>,
    /// What the model was told last, for each server.
    offered: Mutex<Vec<Option<Arc<Listing>>>>,
    notices: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
}

impl Servers {
    /// Knows `settings`, and what the servers offered the last time. Nothing is started.
    pub(crate) fn new(settings: McpSettings) -> Self {
        let (notices_in, notices) = mpsc::unbounded_channel();
        let McpSettings { servers, cache } = settings;
        let keepers = servers.into_iter().map(|server| {
            let cache = cache.as_deref().map(|cache| cache::path(cache, &server));
            Arc::new(Keeper::new(server, cache, notices_in.clone()))
        });
        let keepers: Vec<_> = keepers.collect();
        let servers = Self {
            offered: Mutex::new(vec![None; keepers.len()]),
            keepers,
            notices: Mutex::new(Some(notices)),
            running: Mutex::default(),
            stop: watch::Sender::default(),
        };
        servers.offer(true);
        servers
    }

    /// Starts every server, each in a task of its own, and returns what there is to say of them to a
    /// person. A server that nothing is known of gets a moment to introduce itself.
    pub(crate) async fn start(&self) -> mpsc::UnboundedReceiver<String> {
        let tasks = self.keepers.iter().map(|keeper| {
            let stop = self.stop.subscribe();
            tokio::spawn(Arc::clone(keeper).keep(stop))
        });
        lock(&self.running).extend(tasks);
        let keepers = self.keepers.iter();
        join_all(keepers.map(|keeper| keeper.introduced(INTRODUCTION))).await;
        let notices = lock(&self.notices).take();
        notices.unwrap_or_else(|| mpsc::unbounded_channel().1)
    }

    /// Offers what the servers have by now, and returns whether that is anything new. In the middle
    /// of a turn only servers join of which nothing was known: a list that changes under the model's
    /// hands confuses it and costs what its provider has cached.
    pub(crate) fn offer(&self, is_new_turn: bool) -> bool {
        let mut is_new = false;
        for (keeper, offered) in self.keepers.iter().zip(lock(&self.offered).iter_mut()) {
            if offered.is_some() && !is_new_turn {
                continue;
            }
            let known = keeper.listing();
            if known != *offered {
                *offered = known;
                is_new = true;
            }
        }
        is_new
    }

    /// Returns what the model is offered.
    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools().iter().map(|tool| tool.spec()).collect()
    }

    /// Returns the names of what the model is offered.
    pub(crate) fn names(&self) -> Vec<String> {
        let tools = self.tools();
        tools.iter().map(|tool| tool.name().to_owned()).collect()
    }

    /// Returns the tool of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Box<dyn Tool>> {
        let mut tools = self.tools().into_iter();
        tools.find(|tool| tool.name() == name)
    }

    /// Ends every server.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        let running = std::mem::take(&mut *lock(&self.running));
        join_all(running).await;
    }

    fn tools(&self) -> Vec<Box<dyn Tool>> {
        let offered = lock(&self.offered);
        let mut tools: Vec<Box<dyn Tool>> = Vec::new();
        let mut with_resources = Vec::new();
        for (keeper, listing) in self.keepers.iter().zip(offered.iter()) {
            let Some(listing) = listing else {
                continue;
            };
            if listing.resources {
                with_resources.push(Arc::clone(keeper));
            }
            for tool in &listing.tools {
                if keeper.server.lets(&tool.name) {
                    tools.push(Box::new(RemoteTool {
                        name: qualified(&keeper.server.id, &tool.name),
                        keeper: Arc::clone(keeper),
                        tool: tool.clone(),
                    }));
                }
            }
        }
        if !with_resources.is_empty() {
            tools.push(Box::new(ListResources {
                keepers: with_resources.clone(),
            }));
            tools.push(Box::new(ReadResource {
                keepers: with_resources,
            }));
        }
        tools
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.keepers.iter().map(|keeper| &keeper.server);
        out.debug_list().entries(servers).finish()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // A task that is dropped drops its server, which ends it.
        for task in lock(&self.running).drain(..) {
            task.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a session waits at most for servers that it has never met. The model can only call what it
/// is told of, and a headless run may ask it only once.
const INTRODUCTION: Duration = Duration::from_secs(2);
