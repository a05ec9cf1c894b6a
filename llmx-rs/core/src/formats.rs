//! What is done where a provider cannot hold an answer to a format: it is asked without one, since the
//! model knows the format anyway and llmx checks the answer.

use std::sync::{Mutex, PoisonError};

use llmx_upstream::{ClientFault, UpstreamFault};
use llmx_wire::responses::Request;

/// What is known of how a provider takes formats.
#[derive(Debug, Default)]
pub(crate) struct Formats(Mutex<Known>);

#[derive(Debug, Default)]
enum Known {
    /// It has not refused any.
    #[default]
    Taken,
    /// It refused one, and nobody was told.
    Refused { news: String },
    /// It refused one, and this was told.
    Told,
}

impl Formats {
    pub(crate) fn are_refused(&self) -> bool {
        !matches!(*self.known(), Known::Taken)
    }

    pub(crate) fn refused(&self, fault: &UpstreamFault) {
        let news = format!(
            "the provider is not asked to hold answers to the output schema; llmx tells the model and \
             checks them: {fault}"
        );
        *self.known() = Known::Refused { news };
    }

    /// Returns, once, what a person should know.
    pub(crate) fn take_news(&self) -> Option<String> {
        let mut known = self.known();
        match std::mem::take(&mut *known) {
            Known::Taken => None,
            Known::Refused { news } => {
                *known = Known::Told;
                Some(news)
            }
            Known::Told => {
                *known = Known::Told;
                None
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `request` without the format of its answer, if it has one.
pub(crate) fn without_format(request: &Request) -> Option<Request> {
    let mut text = request.text.clone()?;
    text.format.take()?;
    let says_something = text.verbosity.is_some() || !text.extra.is_empty();
    Some(Request {
        text: says_something.then_some(text),
        ..request.clone()
    })
}

/// Returns whether the request was refused because of the format of its answer: by the bridge, whose
/// dialect may have none beside tools, or by a server that does not know formats or this schema.
pub(crate) fn is_refusal(fault: &UpstreamFault) -> bool {
    match fault {
        UpstreamFault::Unbridgeable(fault) => {
            let (ClientFault::Unsupported { path, .. } | ClientFault::Invalid { path, .. }) =
                &**fault;
            path.starts_with("text.format")
        }
        UpstreamFault::Status { status, body, .. } => {
            let said = body.message.to_ascii_lowercase();
            matches!(status.as_u16(), 400 | 422 | 501)
                && FORMATS.iter().any(|words| said.contains(words))
        }
        _ => false,
    }
}

/// How OpenAI, LiteLLM, vLLM, llama.cpp, Anthropic and Gemini name what they do not take.
const FORMATS: [&str; 10] = [
    "grammar",
    "guided_json",
    "json schema",
    "json_schema",
    "output_config",
    "output_format",
    "response_format",
    "response_schema",
    "structured output",
    "text.format",
];

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use llmx_wire::FaultBody;
    use llmx_wire::responses::TextOptions;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_speaks_of_the_format_is_a_refusal_of_it() {
        let bridge = |path: &str| {
            UpstreamFault::Unbridgeable(Box::new(ClientFault::unsupported(path, "no")))
        };
        assert!(is_refusal(&bridge("text.format")));
        assert!(!is_refusal(&bridge("input[].message")));
        for (status, message, expected) in [
            (400, "Unknown parameter: 'response_format'.", true),
            (
                400,
                "Invalid schema for response_format 'final_answer'",
                true,
            ),
            (422, "Structured outputs are not supported", true),
            (400, "the context is too long", false),
            (500, "response_format", false),
        ] {
            let fault = UpstreamFault::Status {
                host: "a.example".to_owned(),
                status: StatusCode::from_u16(status).unwrap(),
                body: Box::new(FaultBody {
                    message: message.to_owned(),
                    code: None,
                    kind: None,
                }),
                request_id: None,
                retry_after: None,
            };
            assert_eq!(is_refusal(&fault), expected, "{message}");
        }
    }

    #[test]
    fn a_request_loses_its_format_and_nothing_else() {
        let text = |format, verbosity: Option<&str>| TextOptions {
            format,
            verbosity: verbosity.map(str::to_owned),
            ..TextOptions::default()
        };
        let request = |text| Request {
            text: Some(text),
            ..Request::default()
        };
        let format = Some(json!({"type": "json_schema"}));
        assert_eq!(without_format(&request(text(None, Some("low")))), None);
        let both = request(text(format.clone(), Some("low")));
        assert_eq!(
            without_format(&both),
            Some(request(text(None, Some("low"))))
        );
        let alone = without_format(&request(text(format, None))).unwrap();
        assert_eq!(alone.text, None);
    }
}
