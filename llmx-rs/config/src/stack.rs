//! Stacks every source of settings, the strongest on top.

use std::collections::BTreeMap;
use std::path::Path;

use crate::builtin;
use crate::error::ConfigError;
use crate::inputs::Inputs;
use crate::layer::{Layer, Setting};
use crate::overrides;
use crate::problem::Problem;
use crate::raw::{RawConfig, RawProvider, Trust};
use crate::read;
use crate::reader::join;
use crate::scope::Scope;
use crate::source::{Located, Place, Source};
use crate::suggest;
use crate::tree::{self, Entry, Node, Value};

/// All sources as one, with what was found on the way.
pub(crate) struct Stack {
    pub(crate) raw: RawConfig,
    /// The profile that is in force.
    pub(crate) profile: Setting<String>,
    pub(crate) notices: Vec<String>,
    pub(crate) faults: Vec<ConfigError>,
}

/// Stacks the sources of `inputs`.
pub(crate) fn stack(inputs: &Inputs<'_>) -> Stack {
    let mut stacker = Stacker {
        inputs,
        notices: Vec::new(),
        faults: Vec::new(),
    };
    let mut files = stacker.user().over(stacker.system());
    let mut environment = stacker.environment();
    let mut arguments = stacker.arguments();
    let projects =
        std::mem::take(&mut arguments.projects).over(std::mem::take(&mut files.projects));
    let files = stacker.project(&projects).over(files);
    let mut flags = stacker.flags();
    let mut files = files.over(builtin::defaults());
    let profile = flags
        .profile
        .take()
        .or(arguments.profile.take())
        .or(environment.profile.take())
        .or(files.profile.take());
    let profiles =
        std::mem::take(&mut arguments.profiles).over(std::mem::take(&mut files.profiles));
    let chosen = stacker.profile(profile.as_ref(), profiles);
    Stack {
        raw: [chosen, environment, arguments, flags]
            .into_iter()
            .fold(files, |lower, upper| upper.over(lower)),
        profile,
        notices: stacker.notices,
        faults: stacker.faults,
    }
}

struct Stacker<'a> {
    inputs: &'a Inputs<'a>,
    notices: Vec<String>,
    faults: Vec<ConfigError>,
}

impl Stacker<'_> {
    fn system(&mut self) -> RawConfig {
        let Some(file) = &self.inputs.system else {
            return RawConfig::default();
        };
        let exposed = file.exposed;
        self.file(&file.path, &file.text, Scope::Own { exposed })
    }

    fn user(&mut self) -> RawConfig {
        let Some(text) = &self.inputs.file else {
            return RawConfig::default();
        };
        let exposed = self.inputs.file_exposed;
        self.file(&self.inputs.file_path(), text, Scope::Own { exposed })
    }

    /// Reads the files of the project around, as far as the user trusts it.
    fn project(&mut self, projects: &BTreeMap<String, Located<Trust>>) -> RawConfig {
        let mut raw = RawConfig::default();
        let project = &self.inputs.project;
        for path in &project.files {
            let directory = path.parent().and_then(Path::parent).unwrap_or(path);
            match self.trust(directory, projects) {
                Some(Trust::Trusted) => {}
                Some(Trust::Untrusted) => continue,
                None => {
                    self.notices.push(not_trusted(path, &project.root));
                    continue;
                }
            }
            match (self.inputs.read)(path) {
                Ok(text) => raw = self.file(path, &text, Scope::Project).over(raw),
                Err(reason) => {
                    let path = path.clone();
                    let problem = Problem::Unreadable { path, reason };
                    self.faults.push(ConfigError::of_nothing(problem));
                }
            }
        }
        raw
    }

    /// Returns what the user says about `directory`, or about the nearest one above it within
    /// the project.
    fn trust(
        &self,
        directory: &Path,
        projects: &BTreeMap<String, Located<Trust>>,
    ) -> Option<Trust> {
        let listed = |directory: &Path| {
            let found = projects
                .iter()
                .find(|(path, _)| self.inputs.expand(path) == directory);
            found.map(|(_, trust)| trust.value)
        };
        let root = &self.inputs.project.root;
        let within = directory
            .ancestors()
            .take_while(|above| above.starts_with(root));
        within.into_iter().find_map(listed)
    }

    fn environment(&mut self) -> RawConfig {
        let mut raw = RawConfig::default();
        if let Some(value) = self.variable(BASE_URL_VARIABLE) {
            let litellm = RawProvider {
                base_url: Some(value),
                ..RawProvider::default()
            };
            raw.providers
                .insert(builtin::DEFAULT_PROVIDER.to_owned(), litellm);
        }
        raw.model = self.variable(MODEL_VARIABLE);
        raw.model_provider = self.variable(PROVIDER_VARIABLE);
        raw.profile = self.variable(PROFILE_VARIABLE);
        raw
    }

    /// Looks a setting up in the environment, where blank counts as unset.
    fn variable(&mut self, name: &'static str) -> Setting<String> {
        let value = (self.inputs.env)(name)?;
        let place = Place::whole(Source::Environment {
            name: name.to_owned(),
        });
        let Ok(value) = value.into_string() else {
            let variable = name.to_owned();
            let problem = Problem::UnusableVariable { variable };
            self.faults.push(ConfigError::new(problem, &place));
            return None;
        };
        let value = value.trim();
        (!value.is_empty()).then(|| Located::new(value.to_owned(), place))
    }

    fn arguments(&mut self) -> RawConfig {
        let mut raw = RawConfig::default();
        for argument in self.inputs.overrides {
            match overrides::parse(argument) {
                Ok(entry) => raw = self.entries(&[entry], Scope::Arguments).over(raw),
                Err(error) => self.faults.push(error),
            }
        }
        raw
    }

    fn flags(&mut self) -> RawConfig {
        let flags = &self.inputs.flags;
        let flags = [
            ("--model", "model", &flags.model),
            ("--profile", "profile", &flags.profile),
            ("--sandbox", "sandbox_mode", &flags.sandbox_mode),
        ];
        let entry = |(name, key, value): (&'static str, &str, &Option<String>)| {
            let place = Place::whole(Source::Flag { name });
            let value = Value::Text(value.clone()?);
            Some(Entry {
                key: key.to_owned(),
                place: place.clone(),
                node: Node { value, place },
            })
        };
        let entries: Vec<_> = flags.into_iter().filter_map(entry).collect();
        self.entries(&entries, Scope::Arguments)
    }

    /// Takes the settings of the profile that is in force.
    fn profile(
        &mut self,
        name: Option<&Located<String>>,
        mut profiles: BTreeMap<String, RawConfig>,
    ) -> RawConfig {
        let Some(name) = name else {
            return RawConfig::default();
        };
        profiles.remove(&name.value).unwrap_or_else(|| {
            let near = suggest::nearest(&name.value, profiles.keys().map(String::as_str));
            let problem = Problem::UnknownProfile {
                name: name.value.clone(),
                near: near.map(str::to_owned),
                known: profiles.keys().cloned().collect(),
            };
            self.faults.push(ConfigError::new(problem, &name.place));
            RawConfig::default()
        })
    }

    fn file(&mut self, path: &Path, text: &str, scope: Scope) -> RawConfig {
        match tree::parse_file(path, text) {
            Ok(entries) => self.entries(&entries, scope),
            Err(error) => {
                self.faults.push(error);
                RawConfig::default()
            }
        }
    }

    fn entries(&mut self, entries: &[Entry], scope: Scope) -> RawConfig {
        let (raw, faults) = read::read(entries, scope);
        self.faults.extend(faults);
        raw
    }
}

fn not_trusted(path: &Path, root: &Path) -> String {
    let key = join("projects", &root.display().to_string());
    format!(
        "{} is not read, since you have not said that you trust this project; to trust it, run: \
         llmx config set '{key}.trust_level' trusted",
        path.display()
    )
}

const BASE_URL_VARIABLE: &str = "LLMX_BASE_URL";
const MODEL_VARIABLE: &str = "LLMX_MODEL";
const PROFILE_VARIABLE: &str = "LLMX_PROFILE";
const PROVIDER_VARIABLE: &str = "LLMX_MODEL_PROVIDER";
