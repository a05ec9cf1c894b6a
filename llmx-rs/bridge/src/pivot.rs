//! The pivot holds more than Responses: what other dialects share and Responses has no word for.

use llmx_wire::responses::Request;

use crate::LossReport;

/// Takes out of a request what only other dialects have, for an upstream of Responses.
pub fn for_responses(request: &mut Request, losses: &mut LossReport) {
    for field in BEYOND_RESPONSES {
        let held = request.extra.shift_remove(*field);
        if held.is_some_and(|value| !value.is_null()) {
            losses.dropped(*field, "Responses has no such field");
        }
    }
}

/// The fields of the pivot that Responses does not have.
const BEYOND_RESPONSES: &[&str] = &[
    "frequency_penalty",
    "logit_bias",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "top_k",
];
