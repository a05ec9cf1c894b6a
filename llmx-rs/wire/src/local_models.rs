//! Reads what llama.cpp and Ollama tell of a model beside their list of models: how much of it they
//! really run with, which is often less than what it was trained for.

use serde_json::Value;

use crate::Object;

/// Returns whether the entry of a list of models is one of llama.cpp that tells what the model was
/// trained for and not what it runs with.
pub fn is_of_llama_cpp(entry: &Object) -> bool {
    entry
        .get("meta")
        .is_some_and(|meta| meta.get("n_ctx_train").is_some() && meta.get("n_ctx").is_none())
}

/// Returns whether the entry of a list of models is one of Ollama.
pub fn is_of_ollama(entry: &Object) -> bool {
    entry
        .get("owned_by")
        .is_some_and(|owner| owner == "library")
}

/// Returns the window that the body of llama.cpp's `GET /props` tells.
pub fn window_in_props(body: &[u8]) -> Option<u64> {
    let props: Value = serde_json::from_slice(body).ok()?;
    let settings = props.get("default_generation_settings");
    let told = settings.and_then(|it| it.get("n_ctx"));
    positive(told.or_else(|| props.get("n_ctx"))?)
}

/// Returns the window that the body of Ollama's `GET /api/ps`, the models that are loaded, tells of
/// `model`.
pub fn window_in_ps(body: &[u8], model: &str) -> Option<u64> {
    let ps: Value = serde_json::from_slice(body).ok()?;
    let loaded = ps.get("models")?.as_array()?;
    let is_it = |it: &&Value| {
        let names = ["model", "name"]
            .into_iter()
            .filter_map(|key| it.get(key)?.as_str());
        names.into_iter().any(|name| is_name_of(name, model))
    };
    positive(loaded.iter().find(is_it)?.get("context_length")?)
}

/// Returns the window that the body of Ollama's `POST /api/show` tells: what it is set to, else what
/// the model was trained for.
pub fn window_in_show(body: &[u8]) -> Option<u64> {
    let show: Value = serde_json::from_slice(body).ok()?;
    let set = show.get("parameters").and_then(Value::as_str);
    let set = set.and_then(|lines| {
        lines
            .lines()
            .find_map(|line| line.trim().strip_prefix("num_ctx"))
    });
    if let Some(set) = set.and_then(|number| number.trim().parse().ok()) {
        return Some(set);
    }
    let facts = show.get("model_info")?.as_object()?;
    let mut trained = facts
        .iter()
        .filter(|(name, _)| name.ends_with(".context_length"));
    positive(trained.next()?.1)
}

/// Returns whether a server that lists `listed` means the model that is asked for as `model`: Ollama
/// adds a tag to names that have none.
pub fn is_name_of(listed: &str, model: &str) -> bool {
    listed == model || listed.strip_suffix(":latest") == Some(model)
}

fn positive(value: &Value) -> Option<u64> {
    value.as_u64().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_local_server_runs_with_is_read() {
        let bytes = |value: &Value| value.to_string().into_bytes();
        let props = json!({"default_generation_settings": {"n_ctx": 8192}, "total_slots": 1});
        assert_eq!(window_in_props(&bytes(&props)), Some(8192));
        let ps = json!({"models": [
            {"name": "a:latest", "model": "a:latest", "context_length": 4096},
            {"name": "b:7b", "model": "b:7b", "context_length": 32768}]});
        assert_eq!(window_in_ps(&bytes(&ps), "a"), Some(4096));
        assert_eq!(window_in_ps(&bytes(&ps), "b:7b"), Some(32768));
        assert_eq!(window_in_ps(&bytes(&ps), "b"), None);
        let show = json!({"parameters": "stop \"x\"\nnum_ctx    16384",
            "model_info": {"llama.context_length": 131_072}});
        assert_eq!(window_in_show(&bytes(&show)), Some(16384));
        let show = json!({"model_info": {"llama.context_length": 131_072}});
        assert_eq!(window_in_show(&bytes(&show)), Some(131_072));
    }

    #[test]
    fn what_tells_nothing_is_nothing() {
        for body in ["", "[]", "{}", r#"{"models": 3}"#, r#"{"n_ctx": 0}"#] {
            let body = body.as_bytes();
            assert_eq!(window_in_props(body), None);
            assert_eq!(window_in_ps(body, "a"), None);
            assert_eq!(window_in_show(body), None);
        }
    }
}
