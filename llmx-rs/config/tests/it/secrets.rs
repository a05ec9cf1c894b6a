//! No fault and no debug print ever shows a secret.

use crate::{World, litellm, proxy};

const CANARY: &str = "sk-canary-7f3a";

#[test]
fn faults_near_a_secret_in_the_file_never_show_it() {
    for text in [
        format!("api_key = '{CANARY}'"),
        format!("api_key = {CANARY}"),
        format!("model_providers.x.env_key = '{CANARY}'"),
        format!("model_providers.x.api_key = '{CANARY}'"),
        format!("model_providers.x.http_headers = {{ Authorization = 'Bearer {CANARY}"),
        format!(
            "model_providers.x.http_headers = {{ Authorization = 'Bearer {CANARY}', Host = 'h' }}"
        ),
        format!("[model_providers.x.http_headers]\nAuthorization = \"Bearer {CANARY}\\n\""),
        format!("[model_providers.x.http_headers]\nAuthorization = \"\"\"\n{CANARY}\n\"\"\"\n"),
        format!("model_provider = 'x'\nmodel_providers.x.base_url = 'http://user:{CANARY}@h/v1'"),
        format!("model_provider = 'x'\nmodel_providers.x.base_url = 'http://h/v1?key={CANARY}'"),
        format!("model_providers.x.query_params = {{ key = '{CANARY}', n = 1 }}"),
        format!("model_providers.x = '{CANARY}'"),
    ] {
        let error = litellm().file(&text).error();
        assert!(!error.contains(CANARY), "{text}\n{error}");
    }
}

#[test]
fn faults_near_a_secret_in_an_override_never_show_it() {
    for argument in [
        format!("api_key={CANARY}"),
        format!("model_providers.x={{ http_headers = {{ A = '{CANARY}' }}, zzz = 1 }}"),
        format!("model_providers.x={{ http_headers = {{ A = '{CANARY}' }}"),
        format!("model_providers.x.http_headers='{CANARY}'"),
        format!("model_providers.litellm.base_url=http://u:{CANARY}@h/v1"),
        format!("model_providers.litellm.env_key={CANARY}"),
    ] {
        let error = litellm().c(&argument).error();
        assert!(!error.contains(CANARY), "{argument}\n{error}");
    }
}

#[test]
fn a_key_in_the_place_of_its_variables_name_is_not_shown() {
    let error = proxy()
        .c("model_providers.p.env_key=sk_live_abc")
        .c("model=m")
        .error();
    assert!(!error.contains("sk_live_abc"), "{error}");
    assert!(error.contains("never write the key itself here"), "{error}");
}

#[test]
fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
    assert_unusable(&litellm().env("LLMX_API_KEY", &format!("{CANARY}\n{CANARY}")));
}

#[cfg(unix)]
#[test]
fn a_key_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let mut world = litellm();
    let bytes = [CANARY.as_bytes(), &[0xff]].concat();
    world.env.insert(
        "LLMX_API_KEY".to_owned(),
        std::ffi::OsString::from_vec(bytes),
    );
    assert_unusable(&world);
}

#[test]
fn the_debug_print_of_a_configuration_hides_keys_and_headers() {
    let config = World::default()
        .env("LLMX_API_KEY", CANARY)
        .env("ORG", CANARY)
        .c("model=m")
        .c(&format!(
            "model_providers.litellm.http_headers.X-A={CANARY}"
        ))
        .c("model_providers.litellm.env_http_headers.X-B=ORG")
        .config();
    assert!(!format!("{config:?}").contains(CANARY));
}

fn assert_unusable(world: &World) {
    let error = world.error();
    assert!(
        error.contains("$LLMX_API_KEY") && error.contains("one line"),
        "{error}"
    );
    assert!(!error.contains(CANARY), "{error}");
}
