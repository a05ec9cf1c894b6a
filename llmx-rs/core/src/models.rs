//! What a provider tells of its models.

use bytes::Bytes;
use llmx_config::{CredentialFault, Provider, Secret};
use llmx_upstream::{Exchange, UpstreamFault};
pub use llmx_wire::models::Model;
use llmx_wire::models::{self, NoModels};
use llmx_wire::{Dialect, local_models};
use serde_json::json;

pub use crate::model_facts::{ModelFacts, facts};
use crate::provider::{BadProvider, target_at, target_beside};

/// A list of models that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModelsFault {
    /// The provider cannot be sent to.
    #[error(transparent)]
    Provider(#[from] BadProvider),
    /// There is no key to ask with.
    #[error("the API key cannot be had: {0}")]
    Credential(#[from] CredentialFault),
    /// It did not answer, or refused.
    #[error(transparent)]
    Upstream(#[from] UpstreamFault),
    /// It answered something else.
    #[error(transparent)]
    Body(#[from] NoModels),
}

impl ModelsFault {
    /// Returns the status of a provider that refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Upstream(UpstreamFault::Status { status, .. }) => Some(status.as_u16()),
            _ => None,
        }
    }

    /// Returns whether no answer came at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Upstream(UpstreamFault::Transport(_)))
    }

    /// Returns whether an answer came that is no list of models.
    pub fn is_of_body(&self) -> bool {
        matches!(self, Self::Body(_))
    }
}

/// Asks the provider for its models. What LiteLLM, llama.cpp and Ollama know beside their names is
/// asked for, too.
pub async fn list(provider: &Provider) -> Result<Vec<Model>, ModelsFault> {
    let key = provider.credential().fetch()?;
    let asker = Asker {
        provider,
        key: key.as_ref(),
        dialect: provider
            .dialects
            .first()
            .copied()
            .unwrap_or(Dialect::Responses),
    };
    let mut models = asker.list().await?;
    asker.complete(&mut models).await;
    Ok(models)
}

/// Asks the provider about the model that is asked for as `name`.
pub(crate) async fn find(
    provider: &Provider,
    key: Option<&Secret>,
    dialect: Dialect,
    name: &str,
) -> Result<Option<Model>, ModelsFault> {
    let asker = Asker {
        provider,
        key,
        dialect,
    };
    let mut models = asker.list().await?;
    let is_it = |model: &Model| local_models::is_name_of(&model.id, name);
    // llama.cpp runs what it has, whatever it is asked for.
    let is_only = models.len() == 1 && models.iter().any(|it| it.entry.contains_key("meta"));
    models.retain(|model| is_only || is_it(model));
    models.truncate(1);
    asker.complete(&mut models).await;
    Ok(models.pop())
}

/// Asks one provider.
struct Asker<'a> {
    provider: &'a Provider,
    key: Option<&'a Secret>,
    dialect: Dialect,
}

impl Asker<'_> {
    /// Returns what the list of models says, and the one that LiteLLM keeps beside it.
    async fn list(&self) -> Result<Vec<Model>, ModelsFault> {
        let mut models = models::read(&self.get("models").await?)?;
        let is_bare = models.iter().all(|model| model.context_window.is_none());
        let is_local = models
            .iter()
            .any(|it| local_models::is_of_ollama(&it.entry));
        if is_bare
            && !is_local
            && self.dialect != Dialect::Gemini
            && let Ok(body) = self.get("model/info").await
            && let Ok(informed) = models::read(&body)
        {
            for model in &mut models {
                if let Some(known) = informed.iter().find(|known| known.id == model.id) {
                    model.clone_from(known);
                }
            }
        }
        Ok(models)
    }

    /// Corrects what servers of one machine list by what they really run with.
    async fn complete(&self, models: &mut [Model]) {
        if models
            .iter()
            .any(|it| local_models::is_of_llama_cpp(&it.entry))
            && let Ok(props) = self.beside("props", None).await
            && let Some(window) = local_models::window_in_props(&props)
        {
            for model in &mut *models {
                model.context_window = Some(window);
            }
        }
        let of_ollama = models
            .iter_mut()
            .filter(|it| local_models::is_of_ollama(&it.entry));
        let mut loaded = None;
        for model in of_ollama.take(MOST_ASKED) {
            if loaded.is_none() {
                loaded = Some(self.beside("api/ps", None).await.unwrap_or_default());
            }
            let loaded = loaded.as_deref().unwrap_or_default();
            model.context_window = match local_models::window_in_ps(loaded, &model.id) {
                Some(window) => Some(window),
                None => self.show(&model.id).await,
            };
        }
    }

    /// Asks Ollama for what one model is set to.
    async fn show(&self, model: &str) -> Option<u64> {
        let question = json!({"model": model}).to_string();
        let shown = self.beside("api/show", Some(question)).await.ok()?;
        local_models::window_in_show(&shown)
    }

    async fn get(&self, path: &str) -> Result<Bytes, ModelsFault> {
        let target = target_at(self.provider, self.key, self.dialect, path)?;
        let exchange = Exchange::new(target, true).map_err(BadProvider::from)?;
        Ok(exchange.get().await?)
    }

    async fn beside(&self, path: &str, question: Option<String>) -> Result<Bytes, ModelsFault> {
        let target = target_beside(self.provider, self.key, self.dialect, path)?;
        let exchange = Exchange::new(target, true).map_err(BadProvider::from)?;
        Ok(match question {
            None => exchange.get().await?,
            Some(question) => exchange.post(question.into()).await?,
        })
    }
}

/// A person does not wait for more, and reads no longer list.
const MOST_ASKED: usize = 32;
