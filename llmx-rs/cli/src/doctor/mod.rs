//! `llmx doctor`: looks at everything that the agent needs and says what to do where it is missing.

mod check;
mod configuration;
mod home;
mod hooks;
mod provider;
mod rules;
mod sandbox;
mod servers;
mod surroundings;

use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use self::check::{Check, Status};
use crate::config::args::DoctorArgs;
use crate::config::print;
use crate::failure::Failure;

/// Looks at everything; nothing that is wrong keeps the rest from being looked at.
pub(crate) fn run(args: DoctorArgs) -> Result<ExitCode, Failure> {
    let cd = args.settings.cd.clone();
    if let Some(missing) = cd.as_ref().filter(|cd| !cd.is_dir()) {
        let sentence = format!("--cd: {} is not a directory", missing.display());
        return Err(Failure::not_started(&sentence));
    }
    let findings = configuration::survey(args.settings);
    let mut checks = vec![findings.configuration(), findings.credentials()];
    checks.push(provider::check(&findings)?);
    // What holds commands is probed with children of this process.
    checks.push(sandbox::check());
    checks.extend(rules::check());
    checks.push(servers::check(&findings));
    checks.push(hooks::check(&findings));
    checks.push(surroundings::git(cd.as_deref()));
    checks.push(surroundings::terminal());
    checks.extend(home::checks());
    let worst = checks.iter().map(Check::status).max();
    let worst = worst.unwrap_or(Status::Ok);
    let text = match args.json {
        true => {
            let whole = json!({"schema_version": 1, "status": worst, "checks": checks});
            serde_json::to_string_pretty(&whole).context("the checks")? + "\n"
        }
        false => checks.iter().map(Check::text).collect(),
    };
    print(&text);
    Ok(ExitCode::from(u8::from(worst == Status::Fail)))
}
