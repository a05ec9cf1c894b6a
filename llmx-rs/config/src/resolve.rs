//! The second stage: from stacked settings to a configuration with no gaps and no contradictions.

use crate::builtin;
use crate::error::{ConfigError, ConfigErrors};
use crate::inputs::Inputs;
use crate::origin::Origins;
use crate::problem::Problem;
use crate::provider;
use crate::raw::{RawConfig, RawProvider};
use crate::resolved::Config;
use crate::source::Located;
use crate::suggest;

/// Resolves `inputs` into one configuration, or says everything that is wrong with them.
///
/// Later sources win: built-in defaults, the file, the environment, `-c`, flags.
///
/// # Errors
///
/// Every fault found: those of reading first, and only without any, those of the whole.
pub fn resolve(inputs: &Inputs<'_>) -> Result<Config, ConfigErrors> {
    let (mut raw, faults) = inputs.stack();
    if !faults.is_empty() {
        return Err(ConfigErrors::new(faults));
    }
    let mut origins = Origins::default();
    let id = raw
        .model_provider
        .take()
        .unwrap_or_else(|| builtin::default(builtin::DEFAULT_PROVIDER.to_owned()));
    let chosen = choose(&mut raw, &id)?;
    let id = origins.keep("model_provider", id);
    let needs_key = chosen
        .env_key
        .as_ref()
        .is_some_and(|key| key.value.is_some());
    let model = raw
        .model
        .or_else(|| {
            builtin::default_model(&id, needs_key).map(|name| builtin::default(name.to_owned()))
        })
        .map(|model| origins.keep("model", model))
        .ok_or_else(|| {
            ConfigError::of_nothing(Problem::NoModel {
                provider: id.clone(),
                file: inputs.file_path(),
            })
        });
    let provider = provider::resolve(&id, chosen, inputs.env, &mut origins);
    let (model, provider) = match (model, provider) {
        (Ok(model), Ok(provider)) => (model, provider),
        (model, provider) => {
            let faults = model
                .err()
                .into_iter()
                .chain(provider.err().into_iter().flatten());
            return Err(ConfigErrors::new(faults.collect()));
        }
    };
    let sandbox_mode = raw
        .sandbox_mode
        .unwrap_or_else(|| builtin::default(<_>::default()));
    let approval_policy = raw
        .approval_policy
        .unwrap_or_else(|| builtin::default(<_>::default()));
    Ok(Config {
        home: inputs.home.clone(),
        cwd: match &inputs.flags.cd {
            Some(cd) => inputs.cwd.join(cd),
            None => inputs.cwd.clone(),
        },
        model,
        provider,
        sandbox_mode: origins.keep("sandbox_mode", sandbox_mode),
        approval_policy: origins.keep("approval_policy", approval_policy),
        origins,
    })
}

/// Takes the settings of the provider called `id`.
fn choose(raw: &mut RawConfig, id: &Located<String>) -> Result<RawProvider, ConfigError> {
    raw.providers.remove(&id.value).ok_or_else(|| {
        let problem = Problem::UnknownProvider {
            id: id.value.clone(),
            near: suggest::nearest(&id.value, raw.providers.keys().map(String::as_str))
                .map(str::to_owned),
            known: raw.providers.keys().cloned().collect(),
        };
        ConfigError::new(problem, &id.place)
    })
}
