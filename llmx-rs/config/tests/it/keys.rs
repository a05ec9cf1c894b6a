//! Where a provider's key comes from.

use std::fs;
use std::path::Path;

use llmx_config::KeyStore;

use crate::{World, litellm};

const AUTH: &str = "/home/auth.json";

fn world() -> World {
    World::default().c("model=m")
}

#[test]
fn a_stored_login_serves_where_the_variable_is_not_set() {
    let stored = world().private(AUTH, r#"{"keys":{"litellm":"sk-stored"}}"#);
    assert_eq!(stored.config().provider.key.unwrap().expose(), "sk-stored");
    let set = stored.env("LLMX_API_KEY", "sk-variable");
    assert_eq!(set.config().provider.key.unwrap().expose(), "sk-variable");
    let other = world().private(AUTH, r#"{"keys":{"openai":"sk-stored"}}"#);
    assert!(other.error().contains("`llmx login --with-api-key`"));
}

#[test]
fn a_login_in_a_keyring_serves_and_one_that_is_gone_is_a_fault_with_its_cure() {
    let mut stored = world().private(AUTH, r#"{"keys":{},"in_keyring":["litellm"]}"#);
    let error = stored.error();
    assert!(error.contains("`litellm` was put into"), "{error}");
    assert!(error.contains("llmx login --with-api-key"), "{error}");
    let account = "litellm in /home".to_owned();
    stored.keyring.insert(account, "sk-kept".to_owned());
    let config = stored.config();
    assert_eq!(config.provider.key.as_ref().unwrap().expose(), "sk-kept");
    let from = config.provider.credential().to_string();
    assert!(from.starts_with("key from `llmx login`, in the "), "{from}");
    // Where nothing says so, no keyring is looked at.
    let mut unsaid = world();
    unsaid.keyring = stored.keyring;
    assert!(unsaid.error().contains("needs an API key"));
}

#[test]
fn a_project_does_not_decide_where_keys_are_kept() {
    let trusted = litellm()
        .file("projects.'/repo'.trust_level = 'trusted'")
        .project(
            "/repo/.llmx/config.toml",
            "cli_auth_credentials_store = 'keyring'",
        );
    assert!(
        trusted.error().contains("where your keys are kept"),
        "{}",
        trusted.error()
    );
    let config = litellm().c("cli_auth_credentials_store=auto").config();
    assert_eq!(config.cli_auth_credentials_store, KeyStore::Auto);
}

#[test]
fn stored_logins_that_cannot_be_read_are_a_fault_without_their_text() {
    let error = world().private(AUTH, "{\"keys\": sk-canary").error();
    assert!(
        error.contains("/home/auth.json") && error.contains("line 1"),
        "{error}"
    );
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn a_key_file_wins_over_the_variable_of_a_built_in_provider() {
    let config = litellm()
        .c("model_providers.litellm.key_file='~/key'")
        .private("/users/me/key", "sk-file\n")
        .config();
    assert_eq!(config.provider.key.as_ref().unwrap().expose(), "sk-file");
    assert!(config.provider.credential().can_refresh());
    assert_eq!(config.provider.env_key.as_deref(), Some("LLMX_API_KEY"));
}

#[test]
fn a_key_file_that_cannot_serve_says_why() {
    for (path, text, words) in [
        ("/none", "", "does not exist"),
        ("/exposed/key", "", "chmod 600 /exposed/key"),
        ("/key", "two\nlines-canary", "must be one line"),
        ("/key", " \n", "must be one line"),
    ] {
        let mut world = world().c(&format!("model_providers.litellm.key_file='{path}'"));
        if path == "/key" {
            world = world.private(path, text);
        }
        let error = world.error();
        assert!(
            error.contains(words) && !error.contains("canary"),
            "{error}"
        );
    }
}

#[test]
fn two_places_for_one_key_are_refused() {
    let error = world()
        .c("model_providers.litellm.key_file='/key'")
        .c("model_providers.litellm.key_command=['k']")
        .error();
    assert!(error.contains("both say where the key"), "{error}");
}

#[test]
fn a_key_in_the_file_is_taken_from_older_tables_only_and_never_from_where_others_read() {
    let text = "litellm.api_key = 'sk-canary'";
    let mut world = world().file(text);
    assert!(world.resolve().is_ok());
    world.exposed = true;
    let error = world.error();
    assert!(
        error.contains("chmod 600") && !error.contains("canary"),
        "{error}"
    );
    let error = self::world().c("litellm.api_key=sk-canary").error();
    assert!(
        error.contains("every user") && !error.contains("canary"),
        "{error}"
    );
    for key in ["experimental_bearer_token", "api_key"] {
        let error = self::world()
            .file(&format!("model_providers.litellm.{key} = 'sk-canary'"))
            .error();
        assert!(
            error.contains("`env_key`") && !error.contains("canary"),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_command_runs_once_until_its_key_is_old_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let config = world()
        .c(&format!(
            "model_providers.litellm.key_command={}",
            counting(&runs)
        ))
        .config();
    assert!(config.provider.key.is_none());
    let source = config.provider.credential();
    assert!(source.at_hand().is_none());
    let first = source.fetch().unwrap().unwrap();
    assert_eq!(first.expose(), "sk-1");
    let other = config.provider.clone().credential();
    assert_eq!(other.fetch().unwrap().unwrap().expose(), "sk-1");
    assert_eq!(other.at_hand().unwrap().expose(), "sk-1");
    let second = source.refresh(&first).unwrap().unwrap();
    assert_eq!(second.expose(), "sk-11");
    // A second request that was refused with the first key gets the new one without a run.
    assert_eq!(other.refresh(&first).unwrap().unwrap().expose(), "sk-11");
    assert_eq!(fs::read_to_string(&runs).unwrap(), "11");
    assert!(!format!("{config:?}").contains("sk-1"));
}

#[cfg(unix)]
#[test]
fn a_command_whose_answer_never_lasts_runs_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let source = world()
        .c(&format!(
            "model_providers.litellm.key_command={}",
            counting(&dir.path().join("runs"))
        ))
        .c("model_providers.litellm.key_command_ttl_s=0")
        .config()
        .provider
        .credential();
    assert_eq!(source.fetch().unwrap().unwrap().expose(), "sk-1");
    assert_eq!(source.fetch().unwrap().unwrap().expose(), "sk-11");
}

/// Returns a command that prints a longer key each time it runs.
fn counting(runs: &Path) -> String {
    format!(
        "['sh', '-c', 'printf 1 >> \"$0\"; printf sk-; cat \"$0\"', '{}']",
        runs.display()
    )
}

#[test]
fn the_secrets_of_every_provider_and_server_are_known() {
    let config = litellm()
        .file(
            "[model_providers.a]\nbase_url = 'http://a'\nenv_key = 'A_PASS'\nkey_file = '~/a'\n\
             env_http_headers = { X-Org = 'A_ORG' }\n\
             [mcp_servers.m]\nurl = 'http://m'\nbearer_token_env_var = 'M_PASS'\n",
        )
        .config();
    let names: Vec<_> = config.secret_variables.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "A_ORG",
            "A_PASS",
            "LLMX_API_KEY",
            "M_PASS",
            "OPENAI_API_KEY"
        ]
    );
    let files: Vec<_> = config.secret_files.iter().collect();
    assert_eq!(files, [Path::new("/users/me/a")]);
}

#[test]
fn a_fixed_key_has_no_successor() {
    let source = litellm().config().provider.credential();
    let key = source.fetch().unwrap().unwrap();
    assert!(!source.can_refresh());
    assert_eq!(source.refresh(&key).unwrap(), None);
}

#[cfg(unix)]
mod stored {
    //! The file of `llmx login`.

    use std::os::unix::fs::PermissionsExt;

    use llmx_config::{KeyStore, LoginFault, Logins, Secret, system_keyring};

    use super::fs;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn keys_are_kept_for_their_owner_alone_until_they_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let mut logins = Logins::read(&home).unwrap();
        assert_eq!(logins.providers().count(), 0);
        logins
            .store(
                "litellm",
                &secret(" sk-canary\n"),
                KeyStore::File,
                &system_keyring(),
            )
            .unwrap();
        logins
            .store("p", &secret("sk-other"), KeyStore::File, &system_keyring())
            .unwrap();
        let mode = fs::metadata(logins.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut again = Logins::read(&home).unwrap();
        assert_eq!(again.providers().collect::<Vec<_>>(), ["litellm", "p"]);
        assert!(!format!("{again:?}").contains("canary"));
        assert!(
            again.forget("litellm", &system_keyring()).unwrap()
                && !again.forget("litellm", &system_keyring()).unwrap()
        );
        assert!(again.forget("p", &system_keyring()).unwrap());
        assert!(!again.path().exists());
    }

    #[test]
    fn what_is_no_key_is_not_stored() {
        let dir = tempfile::tempdir().unwrap();
        let mut logins = Logins::read(dir.path()).unwrap();
        for text in ["", " \n", "two\nlines", "schlüssel"] {
            let fault = logins
                .store("p", &secret(text), KeyStore::File, &system_keyring())
                .unwrap_err();
            assert!(matches!(fault, LoginFault::NotAKey), "{fault}");
        }
        assert!(!logins.path().exists());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.json");
        fs::write(&path, r#"{"keys":{"p":"sk-canary"}}"#).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Logins::read(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("mode 0640") && error.contains("chmod 600"),
            "{error}"
        );
    }
}
