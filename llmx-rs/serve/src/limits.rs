//! How much time and how many connections clients may take.

use std::time::Duration;

/// The bytes that the head of a request may have: room for the largest that any known client sends,
/// many times over.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Limits on clients; the defaults suit a loopback service for one machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections are served at once; further ones wait in the listen backlog.
    pub connections: usize,
    /// From the first byte of a head (or from the connection's start) to its end.
    pub head: Duration,
    /// How long the sender of a body may stay silent.
    pub body_silence: Duration,
    /// How long a connection may idle between two requests.
    pub idle: Duration,
    /// How long running exchanges may take to end after a shutdown began.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            // A loopback client sends a head in one write; ten seconds forgive a suspended one.
            head: Duration::from_secs(10),
            body_silence: Duration::from_secs(60),
            // Longer than the pools of common clients keep a connection (90 s at most), so that
            // the client closes first and no request meets a closing socket.
            idle: Duration::from_secs(120),
            grace: Duration::from_secs(30),
        }
    }
}
