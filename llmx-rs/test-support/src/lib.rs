//! Hermetic homes, scripted upstreams and the architecture test.
