//! `llmx execpolicy check`: what would become of a command.

use std::io::{self, Write};
use std::process::ExitCode;

use llmx_core::approvals::{Approvals, Class, Rules};
use llmx_core::turn::Verdict;
use llmx_protocol::{ApprovalPolicy, SandboxMode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::args::ExecpolicyCommand;
use crate::failure::Failure;

/// Runs the command.
pub(crate) fn run(command: ExecpolicyCommand) -> Result<ExitCode, Failure> {
    let ExecpolicyCommand::Check {
        rules,
        approval_policy,
        sandbox,
        command,
    } = command;
    let file = match rules {
        // Rules that are named and not there would be no rules, and everything would look allowed.
        Some(file) if !file.exists() => {
            let sentence = format!("--rules: {} does not exist", file.display());
            return Err(Failure::not_started(&sentence));
        }
        Some(file) => file,
        None => llmx_config::home()?.join("rules.toml"),
    };
    let rules = Rules::read(&file).map_err(|fault| Failure::not_started(&fault))?;
    let rule = rules.decide(&command).cloned();
    let workspace = std::env::current_dir().unwrap_or_default();
    let policy: ApprovalPolicy = word(&approval_policy);
    let mode: SandboxMode = word(&sandbox);
    let (verdict, class) = Approvals::new(policy, mode.into(), workspace, rules).check(&command);
    let (decision, reason) = match verdict {
        Verdict::Run(_) => ("run", None),
        Verdict::Ask { reason, .. } => ("ask", Some(reason)),
        Verdict::Refuse { reason } => ("refuse", Some(reason)),
    };
    let class = match class {
        Class::Safe => "safe",
        Class::Unknown => "unknown",
        Class::Dangerous => "dangerous",
    };
    let answer = json!({
        "decision": decision,
        "reason": reason,
        "class": class,
        "rule": rule,
    });
    // A reader that has seen enough closes the pipe.
    let _closed = writeln!(io::stdout(), "{answer:#}");
    Ok(ExitCode::SUCCESS)
}

/// Reads a word that the command line has checked.
fn word<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_value(Value::from(text)).unwrap_or_default()
}
