//! Which source wins, and what each may say.

use llmx_protocol::{ApprovalPolicy, SandboxMode};

use crate::{World, litellm};

const TRUSTED: &str = "[projects.'/repo']\ntrust_level = 'trusted'\n";

/// A world in which only the model is left open.
fn world() -> World {
    World::default().env("LLMX_API_KEY", "sk-canary")
}

#[test]
fn each_layer_lies_over_the_ones_below_it() {
    let mut world = world();
    let told = |world: &World| {
        let config = world.config();
        let origin = config.origins.get("model").unwrap().to_string();
        (config.model, origin)
    };
    world.system = Some("model = 'system'".to_owned());
    let expect = |model: &str, origin: &str| (model.to_owned(), origin.to_owned());
    assert_eq!(told(&world), expect("system", "/etc/llmx/config.toml:1:9"));
    let file = format!("model = 'user'\n{TRUSTED}[profiles.fast]\nmodel = 'profile'\n");
    let world = world.file(&file);
    assert_eq!(told(&world), expect("user", "/home/config.toml:1:9"));
    let world = world.project("/repo/.llmx/config.toml", "model = 'root'");
    assert_eq!(told(&world), expect("root", "/repo/.llmx/config.toml:1:9"));
    let world = world.project("/repo/sub/.llmx/config.toml", "model = 'sub'");
    assert_eq!(
        told(&world),
        expect("sub", "/repo/sub/.llmx/config.toml:1:9")
    );
    let mut world = world;
    world.flags.profile = Some("fast".to_owned());
    assert_eq!(told(&world), expect("profile", "/home/config.toml:5:9"));
    let world = world.env("LLMX_MODEL", "env");
    assert_eq!(told(&world), expect("env", "$LLMX_MODEL"));
    let world = world.c("model=argument");
    assert_eq!(told(&world), expect("argument", "-c model"));
    assert_eq!(told(&world.model_flag("flag")), expect("flag", "--model"));
}

#[test]
fn a_profile_is_chosen_by_flag_argument_variable_or_file() {
    let file = "profile = 'a'\nmodel = 'm'\n[profiles.a]\nmodel = 'of-a'\n[profiles.b]\nmodel = 'of-b'\n\
                [profiles.c]\nmodel = 'of-c'\n[profiles.d]\nmodel = 'of-d'\napproval_policy = 'never'";
    let world = world().file(file);
    assert_eq!(world.config().model, "of-a");
    let world = world.env("LLMX_PROFILE", "b");
    assert_eq!(world.config().model, "of-b");
    let mut world = world.c("profile=c");
    assert_eq!(world.config().model, "of-c");
    world.flags.profile = Some("d".to_owned());
    let config = world.config();
    assert_eq!(config.model, "of-d");
    assert_eq!(config.approval_policy, ApprovalPolicy::Never);
    assert_eq!(config.profile.as_deref(), Some("d"));
    assert_eq!(
        config.origins.get("profile").unwrap().to_string(),
        "--profile"
    );
}

#[test]
fn a_profile_that_is_not_there_is_refused_with_those_that_are() {
    let error = litellm()
        .file("[profiles.fast]\nmodel = 'x'")
        .c("profile=fats")
        .error();
    assert_eq!(
        error,
        "-c profile: there is no profile `fats`; did you mean `fast`?"
    );
    let error = litellm().file("profile = 'work'").error();
    assert!(error.contains("/home/config.toml:1:11"), "{error}");
    assert!(error.contains("write one as [profiles.work]"), "{error}");
}

#[test]
fn a_profile_holds_settings_but_no_further_profiles() {
    let error = litellm()
        .file("[profiles.a]\nprofile = 'b'\nmodle = 'm'")
        .error();
    assert!(
        error.contains("a profile cannot hold `profiles.a.profile`"),
        "{error}"
    );
    assert!(
        error.contains("`profiles.a.modle`; did you mean `model`?"),
        "{error}"
    );
}

#[test]
fn an_untrusted_project_is_named_and_not_read() {
    let world = litellm().project("/repo/.llmx/config.toml", "this is = not TOML [");
    let notices = world.config().notices;
    assert_eq!(notices.len(), 1);
    assert!(
        notices[0].starts_with("/repo/.llmx/config.toml is not read"),
        "{notices:?}"
    );
    assert!(
        notices[0].contains("llmx config set 'projects.\"/repo\".trust_level' trusted"),
        "{notices:?}"
    );
    let refused = world.file("[projects.'/repo']\ntrust_level = 'untrusted'");
    assert!(refused.config().notices.is_empty());
}

#[test]
fn trust_reaches_down_until_it_is_taken_back() {
    let world = world()
        .c("model=m")
        .file(&format!(
            "{TRUSTED}[projects.'/repo/vendor']\ntrust_level = 'untrusted'"
        ))
        .project("/repo/.llmx/config.toml", "approval_policy = 'never'")
        .project(
            "/repo/vendor/lib/.llmx/config.toml",
            "approval_policy = 'untrusted'",
        );
    assert_eq!(world.config().approval_policy, ApprovalPolicy::Never);
    let above = litellm()
        .file("[projects.'/']\ntrust_level = 'trusted'")
        .project("/repo/.llmx/config.toml", "model = 'x'");
    assert_eq!(
        above.config().notices.len(),
        1,
        "trust does not reach into a repository"
    );
}

#[test]
fn a_project_cannot_decide_where_keys_go_or_what_runs() {
    for text in [
        "model_providers.litellm.base_url = 'http://evil/v1'",
        "general.api_base = 'http://evil/v1'",
        "litellm.api_key = 'sk-canary'",
        "notify = ['sh']",
        "mcp_servers.x.command = 'sh'",
        "projects.'/repo'.trust_level = 'trusted'",
        "profile = 'p'",
        "profiles.p.model = 'm'",
        "sandbox_mode = 'danger-full-access'",
        "sandbox_workspace_write.network_access = true",
        "shell_environment_policy.ignore_default_excludes = true",
    ] {
        let world = litellm()
            .file(TRUSTED)
            .project("/repo/.llmx/config.toml", text);
        let error = world.error();
        assert!(error.starts_with("/repo/.llmx/config.toml:1:"), "{error}");
        assert!(error.contains("a project may not set `"), "{error}");
        assert!(!error.contains("sk-canary"), "{error}");
    }
    let world = litellm().file(TRUSTED).project(
        "/repo/.llmx/config.toml",
        "sandbox_mode = 'workspace-write'",
    );
    assert_eq!(world.config().sandbox_mode, SandboxMode::WorkspaceWrite);
}

#[test]
fn trust_may_be_given_on_the_command_line() {
    let world = world()
        .c("projects.\"/repo\".trust_level=trusted")
        .project("/repo/.llmx/config.toml", "model = 'theirs'");
    assert_eq!(world.config().model, "theirs");
}

#[test]
fn a_blank_variable_is_unset() {
    assert_eq!(litellm().env("LLMX_PROFILE", " ").config().profile, None);
    let world = world()
        .env("OPENAI_API_KEY", "k")
        .env("LLMX_MODEL_PROVIDER", "openai");
    assert_eq!(world.config().provider.id, "openai");
}
