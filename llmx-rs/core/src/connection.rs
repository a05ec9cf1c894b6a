//! The way to the provider: with the key of the moment, in the dialect that was found.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use llmx_config::{Config, CredentialFault, CredentialSource, Provider, Secret};
use llmx_upstream::{Candidates, EventStream, UpstreamFault};
use llmx_wire::Dialect;
use llmx_wire::responses::Request;
use tokio::task::spawn_blocking;

use crate::dialects::Dialects;
use crate::formats::{self, Formats};
use crate::prompt::WEB_SEARCH;
use crate::provider::{self, BadProvider};

/// The provider, ready to be asked.
pub(crate) struct Connection {
    provider: Provider,
    dialects: Dialects,
    source: CredentialSource,
    current: Mutex<Current>,
    formats: Formats,
    /// Whether a person was told that there is no search.
    told_no_search: AtomicBool,
}

/// What requests are sent with until the key changes.
#[derive(Clone)]
struct Current {
    key: Option<Secret>,
    candidates: Arc<Candidates>,
}

/// A request that was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    /// By the fault of the provider or of the network.
    #[error(transparent)]
    Upstream(#[from] UpstreamFault),
    /// There is no key to send.
    #[error("the API key cannot be had: {0}")]
    Credential(#[from] CredentialFault),
    /// The provider cannot be sent to with this key.
    #[error(transparent)]
    Provider(#[from] BadProvider),
}

impl Connection {
    /// Prepares to ask the provider of `config`. A command that prints the key runs here, and blocks.
    pub(crate) fn new(config: &Config) -> Result<Self, AskFault> {
        let source = config.provider.credential();
        let dialects = Dialects::new(config);
        let key = source.fetch()?;
        let current = connect(&config.provider, &dialects, key)?;
        Ok(Self {
            provider: config.provider.clone(),
            dialects,
            source,
            current: Mutex::new(current),
            formats: Formats::default(),
            told_no_search: AtomicBool::new(false),
        })
    }

    /// Returns the key of the moment, for whoever must keep it from others.
    pub(crate) fn key(&self) -> Option<Secret> {
        self.current().key
    }

    /// Returns the provider as it is configured.
    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Returns the dialect that is spoken, or the likeliest before one was found.
    pub(crate) fn dialect(&self) -> Dialect {
        let found = self.current().candidates.found();
        let likeliest = || self.provider.dialects.first().copied();
        found.or_else(likeliest).unwrap_or(Dialect::Responses)
    }

    /// Sends `request`, without the format of its answer where the provider cannot hold to one.
    pub(crate) async fn open(&self, request: &Request) -> Result<EventStream, AskFault> {
        let Some(formless) = formats::without_format(request) else {
            return self.send(request).await;
        };
        if self.formats.are_refused() {
            return self.send(&formless).await;
        }
        match self.send(request).await {
            Err(AskFault::Upstream(fault)) if formats::is_refusal(&fault) => {
                let answer = self.send(&formless).await?;
                self.formats.refused(&fault);
                Ok(answer)
            }
            opened => opened,
        }
    }

    /// Sends `request` as it is. A key that is refused is fetched again, once.
    async fn send(&self, request: &Request) -> Result<EventStream, AskFault> {
        if self.source.can_refresh() && self.source.at_hand().is_none() {
            let source = self.source.clone();
            self.take_up(blocking(move || source.fetch()).await?)?;
        }
        let current = self.current();
        let refusal = match current.candidates.open(request).await {
            Err(refusal) if is_unauthorized(&refusal) && self.source.can_refresh() => refusal,
            opened => return Ok(opened?),
        };
        let (Some(refused), source) = (current.key, self.source.clone()) else {
            return Err(refusal.into());
        };
        match blocking(move || source.refresh(&refused)).await? {
            None => Err(refusal.into()),
            fresh => {
                self.take_up(fresh)?;
                Ok(self.current().candidates.open(request).await?)
            }
        }
    }

    /// Returns, once each, what was found out about the provider and a person should know.
    /// `answer` is the one that has begun.
    pub(crate) fn take_news(&self, answer: &EventStream) -> Option<String> {
        if let Some(found) = self.current().candidates.take_surprise() {
            self.dialects.remember(found);
            return Some(surprise(found));
        }
        let lacks_search = || {
            self.take_lack_of_search(answer)
                .then(|| NO_SEARCH.to_owned())
        };
        self.formats.take_news().or_else(lacks_search)
    }

    /// Returns, once, whether `answer` comes from a provider that cannot search the web and was to.
    fn take_lack_of_search(&self, answer: &EventStream) -> bool {
        let path = format!("tools[].{WEB_SEARCH}");
        let is_lost = answer.losses().iter().any(|loss| loss.path == path);
        is_lost && !self.told_no_search.swap(true, Ordering::Relaxed)
    }

    fn take_up(&self, key: Option<Secret>) -> Result<(), BadProvider> {
        if self.current().key != key {
            let current = connect(&self.provider, &self.dialects, key)?;
            *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
        }
        Ok(())
    }

    fn current(&self) -> Current {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

const NO_SEARCH: &str = "`web_search` is on, but the provider speaks no Responses API, so the model cannot search the web";

fn surprise(dialect: Dialect) -> String {
    format!(
        "the provider speaks `{dialect}`; this is remembered, and `wire_api = \"{dialect}\"` settles it"
    )
}

fn connect(
    provider: &Provider,
    dialects: &Dialects,
    key: Option<Secret>,
) -> Result<Current, BadProvider> {
    let mut targets = provider::targets(provider, key.as_ref())?;
    dialects.order(&mut targets);
    Ok(Current {
        key,
        candidates: Arc::new(Candidates::new(targets, true)?),
    })
}

/// Runs what may wait for a program, without holding up everything else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CredentialFault> + Send + 'static,
) -> Result<T, CredentialFault> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn is_unauthorized(fault: &UpstreamFault) -> bool {
    matches!(fault, UpstreamFault::Status { status, .. } if *status == StatusCode::UNAUTHORIZED)
}
