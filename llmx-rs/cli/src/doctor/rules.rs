//! Whether the rules about commands can be used: without them nothing is started.

use llmx_core::approvals::Rules;

use super::check::Check;

/// Looks at `rules.toml`; that there is no home to have it is told elsewhere.
pub(super) fn check() -> Option<Check> {
    let file = llmx_config::home().ok()?.join("rules.toml");
    Some(match Rules::read(&file) {
        Ok(_) if !file.exists() => Check::ok(ID, "none are written"),
        Ok(_) => Check::ok(ID, format!("{} can be used", file.display())),
        Err(fault) => {
            let cure = "correct or remove the file: until then nothing is started";
            Check::fail(ID, "they cannot be used", cure).with_details(vec![fault.to_string()])
        }
    })
}

const ID: &str = "rules";
