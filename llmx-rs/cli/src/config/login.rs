//! `llmx login`, `llmx logout`: keys that llmx stores for its user alone.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use anyhow::Context;
use llmx_config::{ConfigErrors, Flags, LoginFault, Logins, Problem, Secret, survey, with_inputs};

use super::args::{LoginAction, LoginArgs, LogoutArgs};
use super::{print, tell};
use crate::failure::Failure;

/// Stores a key, or says where it comes from.
pub(crate) fn run(args: LoginArgs) -> Result<ExitCode, Failure> {
    if let Some(LoginAction::Status { provider }) = args.action {
        return status(provider);
    }
    let provider = provider(args.provider)?;
    let key = read_key()?;
    let mut logins = logins()?;
    logins.store(&provider, &key)?;
    let path = logins.path().display();
    tell(&format!("stored the key of provider {provider} in {path}"));
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
            None => vec![provider(None)?],
        },
    };
    let mut forgotten = 0;
    for provider in &providers {
        if logins.forget(provider)? {
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
    let (result, id) = look(id)?;
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
            Problem::NoKey { .. } | Problem::PrivateFile(_) | Problem::UnusableVariable { .. }
        )
    };
    let fault = errors.iter().find(|error| of_key(&error.problem))?;
    Some(fault.to_string())
}

/// Returns the id of the provider that is meant, which must exist.
fn provider(id: Option<String>) -> Result<String, Failure> {
    let (result, id) = look(id)?;
    match result {
        Err(errors) if !errors.iter().all(|error| is_of_later(&error.problem)) => {
            Err(errors.into())
        }
        _ => Ok(id),
    }
}

/// Returns whether a fault need not be cured before a key is stored.
fn is_of_later(problem: &Problem) -> bool {
    matches!(problem, Problem::NoKey { .. } | Problem::NoModel { .. })
}

/// Resolves the configuration for a provider, with a model in case none is set.
fn look(
    id: Option<String>,
) -> Result<(Result<llmx_config::Config, ConfigErrors>, String), Failure> {
    let chosen = id.map(|id| format!("model_provider={id:?}"));
    let overrides: Vec<_> = chosen.into_iter().collect();
    let flags = Flags {
        model: Some("any".to_owned()),
        ..Flags::default()
    };
    let (result, origins) = with_inputs(&overrides, flags, survey)?;
    let id = origins.value("model_provider").and_then(|id| id.as_str());
    match (id, result) {
        (Some(id), result) => Ok((result, id.to_owned())),
        (None, Err(errors)) => Err(errors.into()),
        (None, Ok(config)) => {
            let id = config.provider.id.clone();
            Ok((Ok(config), id))
        }
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
