//! Keeps what is known of the model of a conversation: remembers it between runs, and asks the provider
//! where that has become too old.
//!
//! The first request never waits for it. Only when the first answer has begun, which shows that the
//! provider is there, takes the key and speaks a known dialect, is the file read and the provider asked,
//! beside the answer and for a bounded time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use llmx_config::Config;
use llmx_wire::models::Model;
use tokio::time::timeout;

use super::remembered::{self, Entry, Told, seconds};
use super::{ModelFacts, of_configured};
use crate::connection::Connection;
use crate::models;

/// What is known of the model, and how more is found out.
pub(crate) struct Keeper {
    config: Config,
    file: PathBuf,
    /// What is remembered, once the file was read.
    entry: Option<Entry>,
    /// Whether an answer has begun.
    begun: bool,
    /// Whether the end of an answer has waited for what is asked.
    waited: bool,
    asking: Option<BoxFuture<'static, Option<Model>>>,
    /// Whether a cost must be known at the end of each answer.
    counts_cost: bool,
    warned: bool,
}

impl Keeper {
    /// Knows what needs no file and no network; `counts_cost` if the cost is bounded.
    pub(crate) fn new(config: &Config, counts_cost: bool) -> Self {
        Self {
            config: config.clone(),
            file: remembered::file(config),
            entry: None,
            begun: false,
            waited: false,
            asking: None,
            counts_cost,
            warned: false,
        }
    }

    /// Returns what is known now.
    pub(crate) fn facts(&self) -> ModelFacts {
        match &self.entry {
            Some(entry) => of_configured(&self.config, entry),
            None => of_configured(&self.config, &Entry::default()),
        }
    }

    /// Reads what is remembered and asks for what is not, if this is the first answer; returns whether
    /// more is known.
    pub(crate) fn answer_begins(&mut self, connection: &Arc<Connection>, now: SystemTime) -> bool {
        if std::mem::replace(&mut self.begun, true) {
            return false;
        }
        let entry = match self.entry.take() {
            Some(entry) => entry,
            None => self.remembered(now),
        };
        let is_told =
            self.config.model_context_window.is_some() && self.config.model_prices.is_some();
        if !is_told && self.config.provider.id != "demo" && entry.is_stale(now) {
            let (connection, model) = (Arc::clone(connection), self.config.model.clone());
            self.asking = Some(async move { ask(&connection, &model).await }.boxed());
        }
        self.entry = Some(entry);
        true
    }

    /// Waits for the provider to tell of the model; for ever, if it is not asked.
    pub(crate) async fn told(&mut self) -> Option<Model> {
        match &mut self.asking {
            Some(asking) => {
                let told = asking.await;
                self.asking = None;
                told
            }
            None => std::future::pending().await,
        }
    }

    /// Waits a moment for what the provider is about to tell, at the end of an answer, so that its
    /// cost can be told, too; returns whether more is known.
    pub(crate) async fn answer_ends(&mut self, now: SystemTime) -> bool {
        if self.asking.is_none() || std::mem::replace(&mut self.waited, true) {
            return false;
        }
        let patience = if self.counts_cost { LONGEST } else { MOMENT };
        match timeout(patience, self.told()).await {
            Ok(told) => {
                self.take(told.as_ref(), now);
                true
            }
            Err(_elapsed) => {
                // It may still come. The next run does not wait for it again.
                if let Some(entry) = &mut self.entry {
                    entry.asked = Some(seconds(now));
                }
                self.remember(now);
                false
            }
        }
    }

    /// Takes what the provider told, and remembers it.
    pub(crate) fn take(&mut self, told: Option<&Model>, now: SystemTime) {
        let entry = self.entry.get_or_insert_default();
        entry.asked = Some(seconds(now));
        if let Some(model) = told {
            entry.told = Told::of(model);
        }
        self.remember(now);
    }

    /// Takes the longest conversation that the provider named when it refused one.
    pub(crate) fn refused(&mut self, window: u64, now: SystemTime) {
        let mut entry = match self.entry.take() {
            Some(entry) => entry,
            // A refusal may come before any answer, and the rest of the file must stay.
            None => self.remembered(now),
        };
        entry.refused = Some(window);
        entry.refused_at = Some(seconds(now));
        self.entry = Some(entry);
        self.remember(now);
    }

    /// Returns, once, that a bound on the cost cannot hold, if that is so.
    pub(crate) fn take_warning(&mut self) -> Option<String> {
        let is_known = self.asking.is_some() || self.facts().prices.is_some();
        let is_early = !self.begun;
        if !self.counts_cost || self.warned || is_early || is_known {
            return None;
        }
        self.warned = true;
        Some(format!(
            "the cost is not bounded, since the provider tells no prices of `{}`; write them as `model_prices`",
            self.config.model
        ))
    }

    fn remembered(&self, now: SystemTime) -> Entry {
        let base_url = &self.config.provider.base_url;
        remembered::read(&self.file, base_url, &self.config.model, now)
    }

    fn remember(&self, now: SystemTime) {
        if let Some(entry) = &self.entry {
            let base_url = &self.config.provider.base_url;
            remembered::write(&self.file, base_url, &self.config.model, entry, now);
        }
    }
}

/// Asks the provider about `model`. That it cannot tell is no fault of the conversation.
async fn ask(connection: &Connection, model: &str) -> Option<Model> {
    let key = connection.key();
    let told = models::find(
        connection.provider(),
        key.as_ref(),
        connection.dialect(),
        model,
    );
    timeout(LONGEST, told).await.ok()?.ok()?
}

/// What asking may take in all.
const LONGEST: Duration = Duration::from_secs(5);
/// What the end of an answer may wait for it, once: a server that is there needs less.
const MOMENT: Duration = Duration::from_millis(250);
