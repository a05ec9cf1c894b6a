//! `llmx login`, `llmx logout`: keys that llmx stores for its user alone.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use anyhow::Context;
use llmx_config::{
    Config, ConfigErrors, Flags, Kept, KeyStore, Keyring as _, LoginFault, Logins, Problem, Secret,
    survey, system_keyring, with_inputs,
};

use super::args::{LoginAction, LoginArgs, LogoutArgs};
use super::{print, tell};
use crate::failure::Failure;

/// Stores a key, or says where it comes from.
pub(crate) fn run(args: LoginArgs) -> Result<ExitCode, Failure> {
    if let Some(LoginAction::Status { provider }) = args.action {
        return status(provider);
    }
    let (provider, store) = provider(args.provider)?;
    let key = read_key()?;
    let mut logins = logins()?;
    let keyring = system_keyring();
    let kept = logins.store(&provider, &key, store, &keyring)?;
    if let Kept::InFileAfter(fault) = &kept {
        tell(&format!("note: {fault}"));
    }
    let place = match &kept {
        Kept::InKeyring => keyring.name().to_owned(),
        Kept::InFile | Kept::InFileAfter(_) => logins.path().display().to_string(),
    };
    tell(&format!("stored the key of provider {provider} in {place}"));
    if let (Kept::InKeyring, Some(when)) = (&kept, keyring.forgets()) {
        tell(&format!("note: that keyring forgets keys {when}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets keys; that there were none is no failure.
pub(crate) fn forget(args: &LogoutArgs) -> Result<ExitCode, Failure> {
    let mut logins = logins()?;
    let providers = match args.all {
        true => logins.providers().map(str::to_owned).collect(),
        // A stored key may be that of a provider that is configured no more.
        false => match &args.provider {
            Some(id) => vec![id.clone()],
            None => vec![provider(None)?.0],
        },
    };
    let mut forgotten = 0;
    for provider in &providers {
        if logins.forget(provider, &system_keyring())? {
            forgotten += 1;
            tell(&format!("forgot the key of provider {provider}"));
        }
    }
    if forgotten == 0 {
        tell("no key is stored");
    }
    Ok(ExitCode::SUCCESS)
}

fn status(id: Option<String>) -> Result<ExitCode, Failure> {
    let stored: Vec<_> = logins()?.providers().map(str::to_owned).collect();
    let Looked { result, id, .. } = look(id)?;
    let (sentence, code) = match result {
        Ok(config) => {
            let source = config.provider.credential().to_string();
            (format!("provider {id}: {source}"), 0)
        }
        Err(errors) => match key_fault(&errors) {
            Some(fault) => (format!("provider {id}: no key\n{fault}"), 1),
            None => return Err(errors.into()),
        },
    };
    let also = match stored.as_slice() {
        [] => String::new(),
        stored => format!("stored keys: {}\n", stored.join(", ")),
    };
    print(&format!("{sentence}\n{also}"));
    Ok(ExitCode::from(code))
}

/// Returns what is wrong with the key, where something is.
fn key_fault(errors: &ConfigErrors) -> Option<String> {
    let of_key = |problem: &Problem| {
        matches!(
            problem,
            Problem::NoKey { .. }
                | Problem::PrivateFile(_)
                | Problem::Keyring(_)
                | Problem::UnusableVariable { .. }
        )
    };
    let fault = errors.iter().find(|error| of_key(&error.problem))?;
    Some(fault.to_string())
}

/// Returns the id of the provider that is meant, which must exist, and where its key is kept.
fn provider(id: Option<String>) -> Result<(String, KeyStore), Failure> {
    let looked = look(id)?;
    match looked.result {
        Err(errors) if !errors.iter().all(|error| is_of_later(&error.problem)) => {
            Err(errors.into())
        }
        _ => Ok((looked.id, looked.store)),
    }
}

/// Returns whether a fault need not be cured before a key is stored.
fn is_of_later(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::NoKey { .. } | Problem::NoModel { .. } | Problem::Keyring(_)
    )
}

/// A configuration as far as it could be resolved.
struct Looked {
    result: Result<Config, ConfigErrors>,
    /// The provider.
    id: String,
    store: KeyStore,
}

/// Resolves the configuration for a provider, with a model in case none is set.
fn look(id: Option<String>) -> Result<Looked, Failure> {
    let chosen = id.map(|id| format!("model_provider={id:?}"));
    let overrides: Vec<_> = chosen.into_iter().collect();
    let flags = Flags {
        model: Some("any".to_owned()),
        ..Flags::default()
    };
    let (result, origins) = with_inputs(&overrides, flags, survey)?;
    let text = |key| origins.value(key).and_then(|value| value.as_str());
    let store = text("cli_auth_credentials_store").and_then(KeyStore::named);
    let id = text("model_provider").map(str::to_owned);
    let id = id.or_else(|| Some(result.as_ref().ok()?.provider.id.clone()));
    match (id, result) {
        (Some(id), result) => Ok(Looked {
            result,
            id,
            store: store.unwrap_or_default(),
        }),
        (None, Err(errors)) => Err(errors.into()),
        (None, Ok(_)) => Err(Failure::not_started(&"no provider is configured")),
    }
}

fn logins() -> Result<Logins, Failure> {
    let home = llmx_config::home()?;
    Ok(Logins::read(&home).map_err(LoginFault::from)?)
}

fn read_key() -> Result<Secret, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::not_started(
            &"the key is read from standard input, so that it is neither shown nor remembered; \
              pipe it, as in `printenv KEY | llmx login --with-api-key`",
        ));
    }
    // One allocation of the right size: a string that grows leaves copies of the key behind.
    let mut text = String::with_capacity(LONGEST);
    let mut input = stdin.lock().take(LONGEST as u64);
    let read = input.read_to_string(&mut text);
    let key = Secret::new(text);
    read.context("standard input cannot be read")?;
    Ok(key)
}

/// More than any key has.
const LONGEST: usize = 64 * 1024;
