//! Answers that come whole, as a body of any bytes.

use libfuzzer_sys::Corpus;
use llmx_bridge::chat::{self, to_chat};
use llmx_bridge::gemini::{self, to_gemini};
use llmx_bridge::messages::{self, to_messages};
use llmx_bridge::{ClientFault, Context, Options, Stamp, UpstreamFault, fold};
use llmx_wire::FaultBody;
use llmx_wire::responses::{Request, Response, StreamEvent};

use crate::case::Case;
use crate::upstream::malformed;
use crate::{client, laws, options, request};

pub fn chat(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_chat(request, options).map(|it| it.context),
        |body, context, stamp| {
            let answer = serde_json::from_slice(body).map_err(malformed)?;
            request::reread(&answer);
            chat::respond(answer, context, stamp)
        },
    )
}

pub fn messages(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_messages(request, options).map(|it| it.context),
        |body, context, stamp| {
            let answer = serde_json::from_slice(body).map_err(malformed)?;
            request::reread(&answer);
            messages::respond(answer, context, stamp)
        },
    )
}

pub fn gemini(bytes: &[u8]) -> Corpus {
    run(
        bytes,
        |request, options| to_gemini(request, options).map(|it| it.context),
        |body, context, stamp| {
            let answer = serde_json::from_slice(body).map_err(malformed)?;
            request::reread(&answer);
            gemini::respond(answer, context, stamp)
        },
    )
}

/// The body is the first chunk of a case, as in the fixtures, or else the whole input.
fn run(
    bytes: &[u8],
    translate: fn(&Request, &Options) -> Result<Context, ClientFault>,
    respond: fn(&[u8], Context, &Stamp) -> Result<Response, UpstreamFault>,
) -> Corpus {
    let case = Case::read(bytes);
    let (body, traits) = match &case {
        Some(Case { chunks, traits, .. }) if !chunks.is_empty() => {
            (chunks[0].get().as_bytes(), *traits)
        }
        _ => (bytes, 0),
    };
    let asked = case.as_ref().map(options::asked).unwrap_or_default();
    let Ok(context) = translate(&asked, &options::of(traits)) else {
        return Corpus::Reject;
    };
    // What is no answer is read as an error's body.
    let said = FaultBody::parse(body);
    assert!(said.message.len() <= body.len() * 3 + 1024, "{said:?}");
    if let Ok(response) = respond(body, context, &options::stamp()) {
        let event = StreamEvent::of(response);
        assert!(event.is_terminal());
        crate::hold(laws::call_ids_are_unique(std::slice::from_ref(&event)));
        client::tell_all(std::slice::from_ref(&event), fold(vec![event.clone()]));
    }
    Corpus::Keep
}
