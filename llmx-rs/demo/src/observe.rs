//! What the model saw of the requests that reached it, for whoever shows or checks a run.

/// Where in its script the model was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It asked for its file to be written.
    Write,
    /// It asked for its file to be run.
    Run,
    /// It ended the turn with a report.
    Report,
}

/// One request that reached the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Whether the required key came with it; true where none is required.
    pub had_key: bool,
    /// What it was answered with; none if it was refused.
    pub step: Option<Step>,
    /// How many items of conversation it brought.
    pub items: usize,
}
