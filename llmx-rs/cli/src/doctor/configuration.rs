//! Whether the configuration can be used, and whether there is a key.

use llmx_config::{Config, ConfigError, ConfigErrors, Flags, Origins, Problem, with_inputs};

use super::check::Check;
use crate::config::args::Settings;

/// What the configuration is, as far as it is one.
pub(super) struct Findings {
    /// Without faults of its own, the configuration; the model may be a stand-in.
    pub(super) config: Option<Config>,
    pub(super) origins: Origins,
    faults: Vec<ConfigError>,
}

/// Resolves the configuration as `llmx exec` would.
pub(super) fn survey(settings: Settings) -> Findings {
    let flags = Flags {
        profile: settings.profile,
        cd: settings.cd,
        ..Flags::default()
    };
    let first = look(&settings.overrides, flags.clone());
    // A model can be named with each prompt, so that there is none is no reason to look no further.
    if !first.faults.is_empty() && first.faults.iter().any(lacks_model) {
        let with_model = Flags {
            model: Some(STAND_IN.to_owned()),
            ..flags
        };
        let second = look(&settings.overrides, with_model);
        let lacking = first.faults.into_iter().filter(lacks_model);
        return Findings {
            faults: lacking.chain(second.faults).collect(),
            ..second
        };
    }
    first
}

fn look(overrides: &[String], flags: Flags) -> Findings {
    let (result, origins) = with_inputs(overrides, flags, llmx_config::survey)
        .unwrap_or_else(|errors| (Err(errors), Origins::default()));
    let faults = |errors: ConfigErrors| errors.iter().cloned().collect();
    match result {
        Ok(config) => Findings {
            config: Some(config),
            origins,
            faults: Vec::new(),
        },
        Err(errors) => Findings {
            config: None,
            origins,
            faults: faults(errors),
        },
    }
}

impl Findings {
    /// Returns the model that would be asked, where one is set.
    pub(super) fn model(&self) -> Option<&str> {
        let config = self.config.as_ref()?;
        let set = !self.faults.iter().any(lacks_model);
        set.then_some(config.model.as_str())
    }

    /// Returns the id of the provider, where the configuration got so far.
    pub(super) fn provider(&self) -> Option<&str> {
        let config = self.config.as_ref();
        let resolved = config.map(|config| config.provider.id.as_str());
        resolved.or_else(|| self.origins.value("model_provider")?.as_str())
    }

    pub(super) fn configuration(&self) -> Check {
        let told = |fault: &ConfigError| fault.to_string();
        let serious = |fault: &&ConfigError| !lacks_model(fault) && !is_of_key(fault);
        let faults: Vec<_> = self.faults.iter().filter(serious).map(told).collect();
        if !faults.is_empty() {
            let summary = match faults.len() {
                1 => "it cannot be used".to_owned(),
                count => format!("it cannot be used, for {count} reasons"),
            };
            let cure = "correct what is named above; `llmx config schema` has every setting";
            return Check::fail(ID, summary, cure).with_details(faults);
        }
        let lacking: Vec<_> = self
            .faults
            .iter()
            .filter(|fault| lacks_model(fault))
            .collect();
        let notices = self.config.as_ref().map(|config| config.notices.clone());
        let notices = notices.unwrap_or_default();
        if let [fault, ..] = lacking.as_slice() {
            return Check::warning(ID, "it loads, without a model", fault.problem.to_string())
                .with_details(notices);
        }
        if !notices.is_empty() {
            let cure = "read the notes above; each says what it would take";
            return Check::warning(ID, "it loads, with notes", cure).with_details(notices);
        }
        let provider = self.provider().unwrap_or_default();
        let summary = match self.model() {
            Some(model) => format!("it loads: model {model} of provider {provider}"),
            None => format!("it loads: provider {provider}"),
        };
        Check::ok(ID, summary)
    }

    pub(super) fn credentials(&self) -> Check {
        if let Some(config) = &self.config {
            let source = config.provider.credential();
            return Check::ok(KEY_ID, format!("provider {}: {source}", config.provider.id));
        }
        match self.faults.iter().find(|fault| is_of_key(fault)) {
            Some(fault) => {
                let provider = self.provider().unwrap_or("of the configuration");
                let summary = format!("provider {provider}: no usable key");
                Check::fail(KEY_ID, summary, fault.to_string())
            }
            None => Check::warning(
                KEY_ID,
                "not looked at: the configuration cannot be used",
                "correct the configuration first",
            ),
        }
    }
}

fn lacks_model(fault: &ConfigError) -> bool {
    matches!(*fault.problem, Problem::NoModel { .. })
}

fn is_of_key(fault: &ConfigError) -> bool {
    matches!(
        *fault.problem,
        Problem::NoKey { .. }
            | Problem::PrivateFile(_)
            | Problem::Keyring(_)
            | Problem::UnusableVariable { .. }
    )
}

const ID: &str = "configuration";
const KEY_ID: &str = "credentials";
const STAND_IN: &str = "any";
