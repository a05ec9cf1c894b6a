//! Takes the key out of what a provider says: some repeat it when they refuse it.

use http::HeaderValue;
use llmx_wire::FaultBody;
use llmx_wire::responses::StreamEvent;
use serde_json::{Map, Value};

use super::target::{BEARER, Target};

/// Knows the key, and shows it to no one.
#[derive(Debug, Clone)]
pub(super) struct Redactor {
    credential: Option<HeaderValue>,
}

impl Redactor {
    pub(super) fn of(target: &Target) -> Self {
        let credential = target.credential.as_ref();
        Self {
            credential: credential.map(|(_, value)| value.clone()),
        }
    }

    pub(super) fn text(&self, text: &mut String) {
        if let Some(key) = self.key()
            && text.contains(key)
        {
            *text = text.replace(key, "[redacted]");
        }
    }

    pub(super) fn body(&self, body: &mut FaultBody) {
        self.text(&mut body.message);
        for text in [&mut body.code, &mut body.kind].into_iter().flatten() {
            self.text(text);
        }
    }

    /// Looks at what says that something failed; other events are the model's words.
    pub(super) fn event(&self, event: &mut StreamEvent) {
        match event {
            StreamEvent::Failed(failed) => {
                if let Some(error) = &mut failed.response.error {
                    self.text(&mut error.message);
                    self.values(error.code.as_mut());
                    self.fields(&mut error.extra);
                }
            }
            StreamEvent::Error(error) => {
                self.text(&mut error.message);
                self.values(error.code.as_mut());
                self.fields(&mut error.extra);
            }
            _ => {}
        }
    }

    fn fields(&self, fields: &mut Map<String, Value>) {
        self.values(fields.values_mut());
    }

    fn values<'a>(&self, values: impl IntoIterator<Item = &'a mut Value>) {
        for value in values {
            match value {
                Value::String(text) => self.text(text),
                Value::Array(values) => self.values(values),
                Value::Object(fields) => self.fields(fields),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    fn key(&self) -> Option<&str> {
        let value = self.credential.as_ref()?.to_str().ok()?;
        let key = value.strip_prefix(BEARER).unwrap_or(value);
        (!key.is_empty()).then_some(key)
    }
}
