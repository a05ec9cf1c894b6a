//! What a provider tells of its models.

use llmx_config::{CredentialFault, Provider};
use llmx_upstream::{Exchange, UpstreamFault};
use llmx_wire::Dialect;
pub use llmx_wire::models::Model;
use llmx_wire::models::{self, NoModels};

use crate::provider::{BadProvider, target_at};

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

/// Asks the provider for its models. What LiteLLM knows beside their names is asked for, too.
pub async fn list(provider: &Provider) -> Result<Vec<Model>, ModelsFault> {
    let dialect = provider.dialects.first().copied();
    let dialect = dialect.unwrap_or(Dialect::Responses);
    let mut models = fetch(provider, dialect, "models").await?;
    if models.iter().all(|model| model.context_window.is_none())
        && dialect != Dialect::Gemini
        && let Ok(informed) = fetch(provider, dialect, "model/info").await
    {
        for model in &mut models {
            if let Some(known) = informed.iter().find(|known| known.id == model.id) {
                model.clone_from(known);
            }
        }
    }
    Ok(models)
}

async fn fetch(
    provider: &Provider,
    dialect: Dialect,
    path: &str,
) -> Result<Vec<Model>, ModelsFault> {
    let source = provider.credential();
    let key = source.fetch()?;
    let target = target_at(provider, key.as_ref(), dialect, path)?;
    let exchange = Exchange::new(target, true).map_err(BadProvider::from)?;
    Ok(models::read(&exchange.get().await?)?)
}
