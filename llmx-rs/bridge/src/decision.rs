//! What becomes of each field of a request: the table behind `docs/bridging.md`.
