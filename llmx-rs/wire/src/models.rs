//! Reads the list of models of a server of any dialect, and what it tells of their limits and prices.
//!
//! There is one list and not four: servers imitate each other's, and add fields of their own, so
//! what a field is called says more than which dialect the server speaks.

use serde_json::Value;

use crate::Object;

/// What a server tells of one model; what it does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The name to ask for it by.
    pub id: String,
    /// The tokens that a conversation with it may have, answer included.
    pub context_window: Option<u64>,
    /// The tokens that an answer of it may have.
    pub max_output_tokens: Option<u64>,
    /// Whether it reads pictures.
    pub images: Option<bool>,
    /// US dollars for a million tokens of input.
    pub input_price: Option<f64>,
    /// US dollars for a million tokens of input that the server's cache had.
    pub cached_input_price: Option<f64>,
    /// US dollars for a million tokens of input that the server's cache took in.
    pub cache_write_price: Option<f64>,
    /// US dollars for a million tokens of output.
    pub output_price: Option<f64>,
    /// The entry as it came.
    pub entry: Object,
}

/// A body that is no list of models.
#[derive(Debug, thiserror::Error)]
#[error("this is no list of models: {0}")]
pub struct NoModels(String);

/// Reads the body of `GET /v1/models` (OpenAI, Anthropic, vLLM, llama.cpp, OpenRouter, …),
/// `GET /v1beta/models` (Gemini), `GET /model/info` (LiteLLM) or `GET /api/tags` (Ollama).
pub fn read(body: &[u8]) -> Result<Vec<Model>, NoModels> {
    let value: Value = serde_json::from_slice(body).map_err(|error| NoModels(error.to_string()))?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => ["data", "models"]
            .iter()
            .find_map(|name| match object.get_mut(*name)?.take() {
                Value::Array(list) => Some(list),
                _ => None,
            })
            .ok_or_else(|| NoModels("it has neither `data` nor `models`".to_owned()))?,
        _ => return Err(NoModels("it is neither an object nor a list".to_owned())),
    };
    Ok(list.into_iter().filter_map(model).collect())
}

/// Reads one entry; one without a name is none.
fn model(entry: Value) -> Option<Model> {
    let Value::Object(entry) = entry else {
        return None;
    };
    let id = ["model_name", "id", "name", "model"]
        .iter()
        .find_map(|name| entry.get(*name)?.as_str())?;
    // Gemini puts what kind of thing it is before the name.
    let id = id.strip_prefix("models/").unwrap_or(id).to_owned();
    if id.is_empty() {
        return None;
    }
    let facts = Facts(&entry);
    Some(Model {
        context_window: facts.number(&WINDOW),
        max_output_tokens: facts.number(&OUTPUT),
        images: facts.images(),
        input_price: facts.price("input_cost_per_token", "prompt"),
        cached_input_price: facts.price("cache_read_input_token_cost", "input_cache_read"),
        cache_write_price: facts.price("cache_creation_input_token_cost", "input_cache_write"),
        output_price: facts.price("output_cost_per_token", "completion"),
        id,
        entry,
    })
}

/// The entry, and the objects in it where servers put what they know.
struct Facts<'a>(&'a Object);

impl Facts<'_> {
    /// Returns the first of `names` that is a number above zero, in the entry or in a part of it.
    fn number(&self, names: &[&str]) -> Option<u64> {
        let found = |object: &Object, name: &str| object.get(name)?.as_u64().filter(|n| *n > 0);
        names.iter().find_map(|name| {
            let inside = PARTS.iter().find_map(|part| found(self.part(part)?, name));
            found(self.0, name).or(inside)
        })
    }

    /// LiteLLM tells dollars for a token, as a number; OpenRouter the same, as text.
    fn price(&self, litellm: &str, openrouter: &str) -> Option<f64> {
        let of = |part: &str, name: &str| self.part(part)?.get(name).cloned();
        let price = of("model_info", litellm)
            .or_else(|| self.0.get(litellm).cloned())
            .or_else(|| of("pricing", openrouter))?;
        let price = match &price {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        price
            .filter(|price| price.is_finite() && *price >= 0.0)
            .map(|price| price * MILLION)
    }

    fn images(&self) -> Option<bool> {
        let told = self
            .part("model_info")
            .and_then(|info| info.get("supports_vision"));
        if let Some(told) = told.and_then(Value::as_bool) {
            return Some(told);
        }
        let modalities = self.part("architecture")?.get("input_modalities")?;
        let modalities = modalities.as_array()?;
        Some(modalities.iter().any(|it| it == "image"))
    }

    fn part(&self, name: &str) -> Option<&Object> {
        self.0.get(name)?.as_object()
    }
}

/// vLLM, OpenRouter, LM Studio, LiteLLM, Gemini, llama.cpp: what the server runs with comes before
/// what the model was trained for.
const WINDOW: [&str; 9] = [
    "max_model_len",
    "context_window",
    "loaded_context_length",
    "context_length",
    "max_context_length",
    "max_input_tokens",
    "inputTokenLimit",
    "n_ctx",
    "n_ctx_train",
];
const OUTPUT: [&str; 4] = [
    "max_output_tokens",
    "max_completion_tokens",
    "outputTokenLimit",
    "max_tokens",
];
const PARTS: [&str; 4] = ["model_info", "top_provider", "meta", "details"];
const MILLION: f64 = 1e6;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(body: &Value) -> Model {
        read(body.to_string().as_bytes()).unwrap().swap_remove(0)
    }

    #[test]
    fn each_servers_list_is_read() {
        for (body, id, window, output) in [
            (
                json!({"object": "list", "data": [{"id": "gpt-x", "object": "model"}]}),
                "gpt-x",
                None,
                None,
            ),
            (
                json!({"data": [{"id": "q", "max_model_len": 32768}]}),
                "q",
                Some(32768),
                None,
            ),
            (
                json!({"data": [{"id": "l.gguf", "meta": {"n_ctx_train": 8192}}]}),
                "l.gguf",
                Some(8192),
                None,
            ),
            (
                json!({"data": [{"id": "o/r", "context_length": 200_000, "top_provider": {"max_completion_tokens": 64000}}]}),
                "o/r",
                Some(200_000),
                Some(64000),
            ),
            (
                json!({"data": [{"type": "model", "id": "claude-x", "display_name": "Claude"}], "has_more": false}),
                "claude-x",
                None,
                None,
            ),
            (
                json!({"models": [{"name": "models/gemini-x", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65536}]}),
                "gemini-x",
                Some(1_048_576),
                Some(65536),
            ),
            (
                json!({"data": [{"model_name": "alias", "model_info": {"id": "hash", "max_input_tokens": 128_000, "max_output_tokens": 16000}}]}),
                "alias",
                Some(128_000),
                Some(16000),
            ),
            (
                json!({"models": [{"name": "llama3:8b", "details": {}}]}),
                "llama3:8b",
                None,
                None,
            ),
        ] {
            let model = first(&body);
            let found = (
                model.id.as_str(),
                model.context_window,
                model.max_output_tokens,
            );
            assert_eq!(found, (id, window, output), "{body}");
        }
    }

    #[test]
    fn prices_are_for_a_million_tokens_and_pictures_are_told() {
        let litellm = first(&json!({"data": [{"model_name": "a", "model_info": {
            "input_cost_per_token": 2.5e-6, "output_cost_per_token": 1e-5, "supports_vision": true}}]}));
        assert!((litellm.input_price.unwrap() - 2.5).abs() < 1e-9);
        assert!((litellm.output_price.unwrap() - 10.0).abs() < 1e-9);
        assert_eq!(
            (litellm.cached_input_price, litellm.images),
            (None, Some(true))
        );
        let openrouter = first(
            &json!({"data": [{"id": "a", "pricing": {"prompt": "0.000001", "completion": "-1"},
            "architecture": {"input_modalities": ["text"]}}]}),
        );
        assert!((openrouter.input_price.unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(
            (openrouter.output_price, openrouter.images),
            (None, Some(false))
        );
    }

    #[test]
    fn what_is_no_list_says_so_and_what_is_no_model_is_passed_over() {
        for body in ["<html>", "{}", "3", r#"{"data": {}}"#] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        let odd = json!({"data": [3, {}, {"id": ""}, {"id": "a", "max_model_len": 0}]});
        let models = read(odd.to_string().as_bytes()).unwrap();
        assert_eq!((models.len(), models[0].context_window), (1, None));
    }
}
