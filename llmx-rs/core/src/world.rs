//! What a conversation needs from the world besides a network and a disk: time, chance and names.

use std::time::SystemTime;

use llmx_protocol::ThreadId;

/// The door through which time, chance and names come in, so that a test can hold it.
pub trait World: Send + Sync {
    /// Returns the time.
    fn now(&self) -> SystemTime;

    /// Returns a number between 0 and 1 that differs between processes.
    fn chance(&self) -> f64;

    /// Returns a name that no other conversation has.
    fn new_thread_id(&self) -> ThreadId;
}

/// The world as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl World for System {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        // The low half of a UUID is random: good enough to spread retries, without a generator.
        let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
        f64::from(random as u32) / f64::from(u32::MAX)
    }

    fn new_thread_id(&self) -> ThreadId {
        ThreadId::new(uuid::Uuid::now_v7().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_stays_in_its_range_and_moves() {
        let drawn: Vec<_> = (0..64).map(|_| System.chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(drawn.iter().any(|chance| *chance < 0.5));
        assert!(drawn.iter().any(|chance| *chance > 0.5));
    }
}
