//! Idle connections to the one upstream, the most recently used first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::line::Line;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Lines that wait for their next request.
pub(crate) struct Pool<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    me: Weak<Self>,
    idle: Mutex<Idle<B>>,
}

struct Idle<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    /// Used longest ago at the front.
    lines: VecDeque<Box<Line<B>>>,
    is_swept: bool,
}

impl<B> Pool<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            idle: Mutex::new(Idle {
                lines: VecDeque::new(),
                is_swept: false,
            }),
        })
    }

    /// Takes a line that can be used at once.
    pub(crate) fn take(&self) -> Option<Box<Line<B>>> {
        loop {
            let mut line = self.idle().lines.pop_back()?;
            if line.is_ready() {
                return Some(line);
            }
        }
    }

    /// Keeps a line that has nothing to do, for a while.
    pub(crate) fn put(&self, mut line: Box<Line<B>>) {
        line.idle_since = Instant::now();
        let mut idle = self.idle();
        if idle.lines.len() < SIZE {
            idle.lines.push_back(line);
        }
        // A body may be dropped after its runtime; then nothing is left to sweep for.
        if !idle.is_swept
            && let Ok(runtime) = Handle::try_current()
        {
            idle.is_swept = true;
            runtime.spawn(sweep(self.me.clone()));
        }
    }

    /// Closes the lines that have idled too long; returns whether any are left.
    fn close_old(&self) -> bool {
        let mut idle = self.idle();
        let old = idle
            .lines
            .partition_point(|line| line.idle_since.elapsed() >= IDLE);
        idle.lines.drain(..old);
        idle.is_swept = !idle.lines.is_empty();
        idle.is_swept
    }

    fn idle(&self) -> MutexGuard<'_, Idle<B>> {
        // No panic can leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes old lines until none is left or the pool is gone.
async fn sweep<B>(pool: Weak<Pool<B>>)
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    loop {
        sleep(IDLE / 4).await;
        if !pool.upgrade().is_some_and(|pool| pool.close_old()) {
            return;
        }
    }
}

/// Shorter than the idle limits of common providers and load balancers (60 s and more), so that a
/// request seldom meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(45);

/// Idle connections beyond this are closed; a burst of streams would otherwise pin its sockets.
const SIZE: usize = 512;
