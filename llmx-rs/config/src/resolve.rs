//! The second stage: from stacked settings to a configuration with no gaps and no contradictions.

use llmx_wire::Dialect;

use crate::builtin;
use crate::environment::ShellEnvironmentPolicy;
use crate::error::{ConfigError, ConfigErrors};
use crate::hook;
use crate::inputs::Inputs;
use crate::layer::Setting;
use crate::mcp;
use crate::origin::Origins;
use crate::problem::Problem;
use crate::provider;
use crate::raw::{RawConfig, RawEnvironment, RawModel, RawProvider, RawSandbox};
use crate::resolved::{Config, ModelPrices, Provider, WebSearch, WorkspaceWrite};
use crate::secrets;
use crate::source::Located;
use crate::stack::{Stack, stack};
use crate::suggest;

/// Resolves `inputs` into one configuration, or says everything that is wrong with them.
///
/// Later sources win: built-in defaults, the machine's file, the user's, those of a trusted
/// project, the profile, the environment, `-c`, flags.
///
/// # Errors
///
/// Every fault found: those of reading first, and only without any, those of the whole.
pub fn resolve(inputs: &Inputs<'_>) -> Result<Config, ConfigErrors> {
    survey(inputs).0
}

/// Resolves `inputs` and returns, besides, every value that could be resolved despite faults.
pub fn survey(inputs: &Inputs<'_>) -> (Result<Config, ConfigErrors>, Origins) {
    let stack = stack(inputs);
    if !stack.faults.is_empty() {
        return (Err(ConfigErrors::new(stack.faults)), Origins::default());
    }
    let mut settler = Settler {
        inputs,
        origins: Origins::default(),
        faults: Vec::new(),
    };
    let config = settler.settle(stack);
    let Settler {
        origins, faults, ..
    } = settler;
    let result = match config {
        Some(config) if faults.is_empty() => Ok(Config {
            origins: origins.clone(),
            ..config
        }),
        _ => Err(ConfigErrors::new(faults)),
    };
    (result, origins)
}

struct Settler<'a> {
    inputs: &'a Inputs<'a>,
    origins: Origins,
    faults: Vec<ConfigError>,
}

impl Settler<'_> {
    /// Settles every setting; without a configuration there is at least one fault.
    fn settle(&mut self, stack: Stack) -> Option<Config> {
        let mut raw = stack.raw;
        let profile = self.origins.keep_some("profile", stack.profile);
        let secret_variables = secrets::variables(&raw);
        let secret_files = secrets::files(&raw, self.inputs);
        let (model, provider) = self.model_and_provider(&mut raw);
        let facts = raw.model_facts;
        let model_prices = self.prices(&facts);
        let shell_environment_policy = self.environment(raw.shell_environment);
        let sandbox_workspace_write = self.workspace(raw.sandbox_workspace_write);
        let mcp_servers = mcp::resolve(raw.mcp_servers, self.inputs, &mut self.origins)
            .map_err(|faults| self.faults.extend(faults))
            .unwrap_or_default();
        let seen = &mut self.origins;
        let hooks = hook::resolve(raw.hooks, self.inputs, seen);
        let window = seen.keep_some("model_context_window", facts.context_window);
        let most = seen.keep_some("model_max_output_tokens", facts.max_output_tokens);
        let limit = seen.keep_some(
            "model_auto_compact_token_limit",
            facts.auto_compact_token_limit,
        );
        let effort = seen.keep_some("model_reasoning_effort", facts.reasoning_effort);
        let summary = seen.keep_some("model_reasoning_summary", facts.reasoning_summary);
        let verbosity = seen.keep_some("model_verbosity", facts.verbosity);
        let sandbox_mode = seen.keep_or("sandbox_mode", raw.sandbox_mode, <_>::default());
        let approval_policy = seen.keep_or("approval_policy", raw.approval_policy, <_>::default());
        let key_store = raw.cli_auth_credentials_store;
        let key_store = seen.keep_or("cli_auth_credentials_store", key_store, <_>::default());
        let notify = seen.keep_some("notify", raw.notify);
        let history = seen.keep_or("history.persistence", raw.history, <_>::default());
        let bytes = raw.project_doc_max_bytes;
        let bytes = seen.keep_or("project_doc_max_bytes", bytes, PROJECT_DOC_BYTES);
        let names = raw.project_doc_fallback_filenames;
        let names = seen.keep_or("project_doc_fallback_filenames", names, Vec::new());
        let instructions = seen.keep_some("developer_instructions", raw.developer_instructions);
        let compact_prompt = seen.keep_some("compact_prompt", raw.compact_prompt);
        let hide = seen.keep_or("hide_agent_reasoning", raw.hide_agent_reasoning, false);
        let show = seen.keep_or(
            "show_raw_agent_reasoning",
            raw.show_raw_agent_reasoning,
            false,
        );
        let web_search = seen.keep_or("web_search", raw.web_search, <_>::default());
        let provider = provider?;
        let mut notices = stack.notices;
        notices.extend(no_search(web_search, &provider));
        Some(Config {
            home: self.inputs.home.clone(),
            cwd: self.inputs.workdir(),
            profile,
            model: model?,
            model_context_window: window,
            model_max_output_tokens: most,
            model_auto_compact_token_limit: limit,
            model_reasoning_effort: effort,
            model_reasoning_summary: summary,
            model_verbosity: verbosity,
            model_prices,
            provider,
            sandbox_mode,
            sandbox_workspace_write,
            approval_policy,
            shell_environment_policy,
            cli_auth_credentials_store: key_store,
            notify,
            hooks,
            mcp_servers,
            history,
            project_doc_max_bytes: bytes,
            project_doc_fallback_filenames: names,
            developer_instructions: instructions,
            compact_prompt,
            hide_agent_reasoning: hide,
            show_raw_agent_reasoning: show,
            web_search,
            secret_variables,
            secret_files,
            notices,
            origins: Origins::default(),
        })
    }

    fn model_and_provider(&mut self, raw: &mut RawConfig) -> (Option<String>, Option<Provider>) {
        let id = raw.model_provider.take();
        let id = id.unwrap_or_else(|| builtin::default(builtin::DEFAULT_PROVIDER.to_owned()));
        let chosen = self.choose(raw, &id);
        let id = self.origins.keep("model_provider", id);
        let needs_key = chosen.as_ref().is_some_and(provider::needs_key);
        let standard = || {
            let name = builtin::default_model(&id, needs_key)?;
            Some(builtin::default(name.to_owned()))
        };
        let model = raw.model.take().or_else(standard);
        let model = self.origins.keep_some("model", model);
        let Some(chosen) = chosen else {
            return (model, None);
        };
        if model.is_none() {
            let problem = Problem::NoModel {
                provider: id.clone(),
                file: self.inputs.file_path(),
            };
            self.faults.push(ConfigError::of_nothing(problem));
        }
        let provider = provider::resolve(&id, chosen, self.inputs, &mut self.origins);
        let provider = provider.map_err(|faults| self.faults.extend(faults));
        (model, provider.ok())
    }

    /// Takes the settings of the provider called `id`.
    fn choose(&mut self, raw: &mut RawConfig, id: &Located<String>) -> Option<RawProvider> {
        let found = raw.providers.remove(&id.value);
        if found.is_none() {
            let known = raw.providers.keys();
            let near = suggest::nearest(&id.value, known.clone().map(String::as_str));
            let problem = Problem::UnknownProvider {
                id: id.value.clone(),
                near: near.map(str::to_owned),
                known: known.cloned().collect(),
            };
            self.faults.push(ConfigError::new(problem, &id.place));
        }
        found
    }

    fn prices(&mut self, facts: &RawModel) -> Option<ModelPrices> {
        let mut keep = |name: &str, price: &Setting<f64>| {
            self.origins
                .keep_some(&format!("model_prices.{name}"), price.clone())
        };
        let input = keep("input", &facts.price_input);
        let cached_input = keep("cached_input", &facts.price_cached_input);
        let output = keep("output", &facts.price_output);
        match (input, output) {
            (Some(input), Some(output)) => Some(ModelPrices {
                input,
                cached_input: cached_input.unwrap_or(input),
                output,
            }),
            (None, None) if cached_input.is_none() => None,
            _ => {
                let any = [
                    &facts.price_input,
                    &facts.price_output,
                    &facts.price_cached_input,
                ];
                if let Some(price) = any.into_iter().flatten().next() {
                    let fault = ConfigError::new(Problem::HalfAPrice, &price.place);
                    self.faults.push(fault);
                }
                None
            }
        }
    }

    fn environment(&mut self, raw: RawEnvironment) -> ShellEnvironmentPolicy {
        let seen = &mut self.origins;
        let key = |name| format!("shell_environment_policy.{name}");
        let ignore = raw.ignore_default_excludes;
        ShellEnvironmentPolicy {
            inherit: seen.keep_or(&key("inherit"), raw.inherit, <_>::default()),
            ignore_default_excludes: seen.keep_or(&key("ignore_default_excludes"), ignore, false),
            exclude: seen.keep_or(&key("exclude"), raw.exclude, Vec::new()),
            set: mcp::pairs(seen, &key("set"), raw.set),
            include_only: seen.keep_or(&key("include_only"), raw.include_only, Vec::new()),
        }
    }

    fn workspace(&mut self, raw: RawSandbox) -> WorkspaceWrite {
        let seen = &mut self.origins;
        let key = |name| format!("sandbox_workspace_write.{name}");
        let roots = seen.keep_or(&key("writable_roots"), raw.writable_roots, Vec::new());
        let tmpdir = raw.exclude_tmpdir_env_var;
        WorkspaceWrite {
            writable_roots: roots.iter().map(|root| self.inputs.expand(root)).collect(),
            network_access: seen.keep_or(&key("network_access"), raw.network_access, false),
            exclude_tmpdir_env_var: seen.keep_or(&key("exclude_tmpdir_env_var"), tmpdir, false),
            exclude_slash_tmp: seen.keep_or(
                &key("exclude_slash_tmp"),
                raw.exclude_slash_tmp,
                false,
            ),
        }
    }
}

/// Returns what to say of a search that is wanted and cannot be had.
fn no_search(wanted: WebSearch, provider: &Provider) -> Option<String> {
    if wanted == WebSearch::Disabled || provider.dialects.contains(&Dialect::Responses) {
        return None;
    }
    let dialects: Vec<_> = provider.dialects.iter().map(|it| it.name()).collect();
    Some(format!(
        "`web_search` is on, but only providers of the Responses API search the web for a model, \
         and `{}` is set to {}; the model is not offered it",
        provider.id,
        dialects.join(", ")
    ))
}

/// As much as is read of a project's instructions where nothing is said: 32 KiB.
const PROJECT_DOC_BYTES: usize = 32 * 1024;
