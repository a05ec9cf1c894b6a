//! The document for users names every setting, and the reader takes every setting it names.

use llmx_config::{Kind, SETTINGS, Setting, schema};

use crate::litellm;

const DOCUMENT: &str = include_str!("../../../../docs/configuration.md");

#[test]
fn every_setting_is_in_the_document() {
    for setting in SETTINGS {
        let (table, name) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
        let section = section(table);
        let row = format!("| `{name}` |");
        assert!(section.contains(&row), "no row {row} under `{table}`");
        if !setting.default.is_empty() {
            let line = section.lines().find(|line| line.contains(&row)).unwrap();
            let default = setting.default.to_owned();
            assert!(line.contains(&default), "no default {default} in {line}");
        }
    }
}

/// Returns the section about the settings below `table`.
fn section(table: &str) -> &'static str {
    let heading = match table {
        "" => "## Settings\n".to_owned(),
        table => format!("### `{table}`"),
    };
    let start = DOCUMENT
        .find(&heading)
        .unwrap_or_else(|| panic!("no section {heading}"));
    let text = &DOCUMENT[start + heading.len()..];
    text.split("\n##").next().unwrap_or(text)
}

#[test]
fn the_reader_takes_what_the_catalogue_says() {
    for setting in SETTINGS {
        let text = format!("{} = {}", key(setting), example(setting));
        let result = litellm().file(&text).resolve();
        let error = result
            .err()
            .map(|errors| errors.to_string())
            .unwrap_or_default();
        for refusal in ["has no setting", "no effect", " takes "] {
            assert!(!error.contains(refusal), "{text}\n{error}");
        }
    }
}

#[test]
fn the_reader_refuses_what_the_schema_refuses() {
    assert_eq!(schema()["type"], "object");
    for setting in SETTINGS {
        let wrong = match setting.kind {
            Kind::Text | Kind::Word(_) => "1",
            _ => "'wrong'",
        };
        let text = format!("{} = {wrong}", key(setting));
        let error = litellm().file(&text).error();
        assert!(error.contains(" takes "), "{text}\n{error}");
    }
}

fn key(setting: &Setting) -> String {
    setting.key.replace("PATH", "'/p'").replace("ID", "x")
}

fn example(setting: &Setting) -> String {
    let name = setting.key.rsplit('.').next().unwrap();
    match setting.kind {
        Kind::Amount => "1.5".to_owned(),
        Kind::Command => "['program', 'argument']".to_owned(),
        Kind::Hooks => "[{ command = 'true' }]".to_owned(),
        Kind::List if name == "writable_roots" => "['/p']".to_owned(),
        Kind::List => "['one']".to_owned(),
        Kind::Scalars => "{ A = 'text', B = 1, C = true }".to_owned(),
        Kind::Text if matches!(name, "cwd" | "key_file") => "'/p'".to_owned(),
        Kind::Text if matches!(name, "env_key" | "bearer_token_env_var") => "'A_KEY'".to_owned(),
        Kind::Text if matches!(name, "url" | "api_base" | "base_url") => "'http://h/v1'".to_owned(),
        Kind::Text => "'text'".to_owned(),
        Kind::Texts => "{ X-A = 'text' }".to_owned(),
        Kind::Truth => "true".to_owned(),
        Kind::Whole(least, _) => least.to_string(),
        Kind::Word(words) => format!("'{}'", words[0]),
    }
}
