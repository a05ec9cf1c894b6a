//! Chunks become the one object that a client without a stream waits for.

use llmx_wire::gemini::{ErrorBody, Part, Response};

/// Puts the chunks of [`super::ResponsesToGemini`] together, or returns the error that ended them.
pub fn fold_chunks(chunks: Vec<Response>) -> Result<Response, Box<ErrorBody>> {
    let mut whole = Response::default();
    for chunk in chunks {
        if let Some(error) = chunk.error {
            let error = serde_json::from_value(error).unwrap_or_default();
            return Err(Box::new(ErrorBody {
                error,
                ..ErrorBody::default()
            }));
        }
        whole.model_version = chunk.model_version;
        whole.response_id = chunk.response_id;
        whole.usage_metadata = chunk.usage_metadata.or(whole.usage_metadata);
        for candidate in chunk.candidates {
            let Some(held) = whole.candidates.first_mut() else {
                whole.candidates.push(candidate);
                continue;
            };
            held.finish_reason = candidate.finish_reason.or(held.finish_reason.take());
            let content = held.content.get_or_insert_default();
            for part in candidate.content.unwrap_or_default().parts {
                join(&mut content.parts, part);
            }
        }
    }
    Ok(whole)
}

/// Words that follow words of the same kind are one part; a signature keeps its part apart.
fn join(parts: &mut Vec<Part>, part: Part) {
    if let Some(last) = parts.last_mut()
        && last.thought == part.thought
        && part.thought_signature.is_none()
        && let (Some(held), Some(more)) = (&mut last.text, &part.text)
    {
        held.push_str(more);
        return;
    }
    parts.push(part);
}
