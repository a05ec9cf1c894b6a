//! Changing a file, taking over another agent's, and showing what is in force.

use std::path::Path;

use llmx_config::{Fate, Imported, import, set, survey};

use crate::{World, litellm};

fn edited(before: &str, key: &str, value: &str) -> String {
    let world = litellm().file(before);
    let file = world.with(|inputs| set(inputs, key, value));
    file.map_err(|errors| errors.to_string()).unwrap().text
}

fn refused(before: &str, key: &str, value: &str) -> String {
    let world = litellm().file(before);
    world
        .with(|inputs| set(inputs, key, value))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_setting_is_changed_in_its_place_and_the_rest_stays() {
    let before =
        "# mine\nmodel = 'a' # why\n\n[model_providers.p] # theirs\nbase_url = 'http://h/v1'\n";
    assert_eq!(
        edited(before, "model", "b"),
        "# mine\nmodel = \"b\" # why\n\n[model_providers.p] # theirs\nbase_url = 'http://h/v1'\n"
    );
    assert_eq!(
        edited(before, "model_providers.p.stream_max_retries", "2"),
        format!("{before}stream_max_retries = 2\n")
    );
    let after = edited(before, "sandbox_mode", "workspace-write");
    assert!(
        after.contains("model = 'a' # why\nsandbox_mode = \"workspace-write\"\n"),
        "{after}"
    );
}

#[test]
fn a_value_is_written_as_its_setting_takes_it() {
    for (key, value, line) in [
        ("model", "5", "model = \"5\"\n"),
        ("model", "'q'", "model = 'q'\n"),
        (
            "hide_agent_reasoning",
            "true",
            "hide_agent_reasoning = true\n",
        ),
        (
            "model_context_window",
            "131_072",
            "model_context_window = 131_072\n",
        ),
        ("notify", "['bell', 'x']", "notify = ['bell', 'x']\n"),
        (
            "model_prices",
            "{ input = 1, output = 2 }",
            "model_prices = { input = 1, output = 2 }\n",
        ),
        (
            "projects.\"/my repo\".trust_level",
            "trusted",
            "[projects.\"/my repo\"]\ntrust_level = \"trusted\"\n",
        ),
        (
            "profiles.fast.model",
            "m",
            "[profiles.fast]\nmodel = \"m\"\n",
        ),
    ] {
        assert_eq!(edited("", key, value), line);
    }
}

#[test]
fn a_change_that_breaks_something_is_refused() {
    for (key, value, words) in [
        ("modle", "x", "did you mean `model`?"),
        ("sandbox_mode", "open", "it takes read-only"),
        ("model_provider", "litelm", "did you mean `litellm`?"),
        ("model_providers.litellm.base_url", "localhost", "http://"),
        ("model_context_window", "many", "a whole number"),
        ("profile", "none", "there is no profile `none`"),
        ("litellm.api_key", "sk-canary", "every user"),
        ("notify", "[", "begins like TOML"),
        ("a b", "x", "cannot be read"),
        ("model.x", "1", "takes text"),
        ("hooks", "1", "takes a table"),
        ("features", "1", "no effect"),
    ] {
        let error = refused("", key, value);
        assert!(error.contains(words), "{key}\n{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    assert!(refused("model = 'a'", "model.x", "1").contains("is a table in one place"));
    assert!(refused("model = ", "model", "x").contains("/home/config.toml:1:"));
}

#[test]
fn a_fault_of_a_provider_or_a_profile_that_is_not_in_use_is_refused_too() {
    for (key, value, words) in [
        ("model_providers.other.base_url", "localhost:9", "http://"),
        ("model_providers.other.wire_api", "soap", "it takes"),
        (
            "profiles.p.model_provider",
            "litelm",
            "did you mean `litellm`?",
        ),
    ] {
        let error = refused("", key, value);
        assert!(error.contains(words), "{key}\n{error}");
    }
    // Its address comes next.
    let first = edited("", "model_providers.other.env_key", "OTHER_KEY");
    let whole = edited(&first, "model_providers.other.base_url", "http://h/v1");
    assert!(
        whole.contains("env_key") && whole.contains("http://h/v1"),
        "{whole}"
    );
    assert_eq!(
        edited("", "profiles.p.model", "m"),
        "[profiles.p]\nmodel = \"m\"\n"
    );
}

#[test]
fn a_fault_that_was_there_before_does_not_stop_its_cure_or_another_change() {
    assert_eq!(
        edited("modle = 'x'\n", "model", "m"),
        "modle = 'x'\nmodel = \"m\"\n"
    );
    let after = edited("sandbox_mode = 'open'\n", "sandbox_mode", "read-only");
    assert_eq!(after, "sandbox_mode = \"read-only\"\n");
    let no_key = World::default();
    assert!(
        no_key
            .with(|inputs| set(inputs, "model_provider", "openai"))
            .is_ok()
    );
}

fn imported(text: &str) -> Imported {
    let path = Path::new("/codex/config.toml");
    let result = World::default().with(|inputs| import(inputs, path, text));
    result.map_err(|errors| errors.to_string()).unwrap()
}

#[test]
fn a_configuration_of_codex_is_taken_over() {
    let imported = imported(
        "model = 'gpt-5.5'\nmodel_reasoning_effort = 'high'\napproval_policy = 'on-failure'\n\
         openai_base_url = 'https://h/v1'\nfile_opener = 'vscode'\nnonsense = 1\n\
         [projects.'/r']\ntrust_level = 'trusted'\n[tui]\ntheme = 'x'\n\
         [model_providers.m]\nname = 'M'\nbase_url = 'http://m/v1'\nexperimental_bearer_token = 'sk-canary'\n\
         [mcp_servers.d]\ncommand = 'npx'\nargs = ['x']\nrequired = true\n",
    );
    let expected = r#"
model = 'gpt-5.5'
model_reasoning_effort = 'high'
approval_policy = "on-request"
model_provider = "openai"

[model_providers.openai]
base_url = 'https://h/v1'

[model_providers.m]
name = 'M'
base_url = 'http://m/v1'

[projects."/r"]
trust_level = 'trusted'

[mcp_servers.d]
command = 'npx'
args = ['x']
"#;
    assert_eq!(imported.text, expected.trim_start());
    let told: Vec<_> = imported.fates.iter().map(ToString::to_string).collect();
    for line in [
        "taken     model",
        "changed   approval_policy: now \"on-request\"",
        "changed   openai_base_url: now `model_providers.openai.base_url`",
        "added     model_provider: Codex uses OpenAI where nothing is said",
    ] {
        assert!(told.iter().any(|fate| fate == line), "{line}\n{told:#?}");
    }
    let left: Vec<_> = imported
        .fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::LeftOut { key, .. } => Some(key.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        left,
        [
            "file_opener",
            "nonsense",
            "tui.theme",
            "model_providers.m.experimental_bearer_token",
            "mcp_servers.d.required"
        ]
    );
    assert!(!format!("{told:?}{}", imported.text).contains("canary"));
    assert!(imported.remarks.is_empty(), "{:?}", imported.remarks);
    World::default()
        .env("OPENAI_API_KEY", "k")
        .file(&imported.text)
        .config();
}

#[test]
fn an_import_says_what_its_owner_must_look_at() {
    let dangling = imported("profile = 'work'\nmodel_provider = 'x'\n");
    assert!(dangling.fates[0].to_string().contains("no such profile"));
    assert!(
        dangling.remarks[0].contains("there is no model provider `x`"),
        "{dangling:?}"
    );
    let broken = World::default().with(|inputs| import(inputs, Path::new("/c.toml"), "a = "));
    assert!(broken.unwrap_err().to_string().starts_with("/c.toml:1:"));
}

#[test]
fn a_survey_shows_values_and_origins_without_secrets_even_where_something_is_missing() {
    let world = World::default().file(
        "sandbox_mode = 'workspace-write'\n[model_providers.litellm]\n\
         http_headers = { X-A = 'canary-1' }\nquery_params = { k = 'canary-2' }\n\
         [shell_environment_policy.set]\nA = 'canary-3'\n\
         [mcp_servers.m]\ncommand = 'c'\nenv = { B = 'canary-4' }\n",
    );
    let (result, origins) = world.with(survey);
    assert!(result.is_err());
    let value = |key: &str| {
        origins
            .value(key)
            .unwrap_or_else(|| panic!("{key}"))
            .clone()
    };
    assert_eq!(value("sandbox_mode"), "workspace-write");
    assert_eq!(value("project_doc_max_bytes"), 32_768);
    assert_eq!(value("model_providers.litellm.wire_api"), "auto");
    for key in [
        "model_providers.litellm.http_headers.x-a",
        "model_providers.litellm.query_params.k",
        "shell_environment_policy.set.A",
        "mcp_servers.m.env.B",
    ] {
        assert_eq!(value(key), "••••••••");
    }
    assert_eq!(
        origins.get("mcp_servers.m.command").unwrap().to_string(),
        "/home/config.toml:8:11"
    );
    assert!(!format!("{origins:?}").contains("canary"));
}

#[test]
fn hooks_of_codex_are_taken_over_or_left_out_whole() {
    let imported = imported(
        "[[hooks.PreToolUse]]\nmatcher = 'Bash'\n\
         hooks = [{ type = 'command', command = 'guard', timeout = 5 }, { type = 'command', command = 'log' }]\n\
         [[hooks.Stop]]\nmatcher = ''\n[[hooks.Stop.hooks]]\ntype = 'command'\ncommand = 'tests'\n\
         [[hooks.PostToolUse]]\nhooks = [{ type = 'prompt', prompt = 'x' }]\n\
         [[hooks.SubagentStop]]\nhooks = [{ type = 'command', command = 'x' }]\n",
    );
    let left: Vec<_> = imported.fates.iter().map(ToString::to_string).collect();
    let left: Vec<_> = left
        .iter()
        .filter(|fate| fate.starts_with("left"))
        .collect();
    assert_eq!(left.len(), 2, "{left:#?}");
    let config = World::default()
        .env("OPENAI_API_KEY", "k")
        .file(&imported.text)
        .config();
    let hooks: Vec<_> = config
        .hooks
        .iter()
        .map(|hook| {
            let pattern = hook.matcher.pattern().unwrap_or("-").to_owned();
            (hook.event.name(), pattern, hook.timeout.as_secs())
        })
        .collect();
    let bash = || "Bash".to_owned();
    assert_eq!(
        hooks,
        [
            ("PreToolUse", bash(), 5),
            ("PreToolUse", bash(), 60),
            ("Stop", "-".to_owned(), 60)
        ]
    );
}
