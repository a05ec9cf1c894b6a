//! How an answer ends, as a type.

use llmx_wire::responses::{IncompleteDetails, Response, ResponseEvent, Status, StreamEvent};

use crate::{Extra, UpstreamFault};

/// How an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Completed,
    /// Early: `max_output_tokens`, `content_filter`, …
    Incomplete(&'static str),
    /// With an error.
    Failed(UpstreamFault),
}

impl Ending {
    /// Returns whether what was under way may lack its end.
    pub(super) fn cuts_off(&self) -> bool {
        !matches!(self, Self::Completed)
    }

    /// Makes the terminal event, which has this number.
    pub(super) fn event(self, mut response: Response, number: u64) -> StreamEvent {
        let wrap: fn(Box<ResponseEvent>) -> StreamEvent = match self {
            Self::Completed => {
                response.status = Some(Status::Completed);
                StreamEvent::Completed
            }
            Self::Incomplete(reason) => {
                response.status = Some(Status::Incomplete);
                response.incomplete_details = Some(IncompleteDetails {
                    reason: Some(reason.to_owned()),
                    ..IncompleteDetails::default()
                });
                StreamEvent::Incomplete
            }
            Self::Failed(fault) => {
                response.status = Some(Status::Failed);
                response.error = Some(fault.to_api_error());
                StreamEvent::Failed
            }
        };
        wrap(Box::new(ResponseEvent {
            response,
            sequence_number: Some(number),
            extra: Extra::new(),
        }))
    }
}
