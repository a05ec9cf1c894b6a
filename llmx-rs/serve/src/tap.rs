//! A byte stream that checks what it carries and how long its client stays silent.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::framing::{Framing, Phase};
use crate::limits::Limits;
use crate::violation::Violation;

/// What the two ends of one connection tell each other: the tap, which sees bytes, and the
/// service, which sees requests.
#[derive(Debug)]
pub(crate) struct Ledger {
    opened: Instant,
    checked_heads: AtomicU64,
    answering: AtomicBool,
    /// When the last answer ended, in milliseconds after `opened`.
    answered: AtomicU64,
    violation: OnceLock<Violation>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            checked_heads: AtomicU64::new(0),
            answering: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            violation: OnceLock::new(),
        }
    }

    /// Returns why request number `number` (from 1) of this connection must be refused.
    pub(crate) fn violation(&self, number: u64) -> Option<Violation> {
        if let Some(violation) = self.violation.get() {
            return Some(*violation);
        }
        let checked = self.checked_heads.load(Ordering::Acquire);
        (number > checked).then_some(Violation::UnseenHead)
    }

    fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Acquire)
    }

    /// Notes that a request is being answered; until it is, the client may be silent.
    pub(crate) fn begin_answer(&self) {
        self.answering.store(true, Ordering::Release);
    }

    /// Notes that the client's turn has come again.
    pub(crate) fn end_answer(&self) {
        let passed = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.answered.store(passed, Ordering::Relaxed);
        self.answering.store(false, Ordering::Release);
    }

    fn last_answer(&self) -> Instant {
        self.opened + Duration::from_millis(self.answered.load(Ordering::Relaxed))
    }
}

/// Wraps the socket of one connection.
pub(crate) struct Tap<S> {
    socket: S,
    framing: Framing,
    ledger: Arc<Ledger>,
    limits: Limits,
    /// No byte has come yet.
    fresh: bool,
    /// What the client keeps us waiting for, and until when it may.
    deadline: Option<(Wait, Instant)>,
    alarm: Pin<Box<Sleep>>,
    /// The alarm will wake the task of this connection.
    armed: bool,
}

/// What a silent client keeps us waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    FirstHead,
    Head,
    Body,
    NextRequest,
}

impl Wait {
    fn limit(self, limits: &Limits) -> Duration {
        match self {
            Self::FirstHead | Self::Head => limits.head,
            Self::Body => limits.body_silence,
            Self::NextRequest => limits.idle,
        }
    }
}

impl<S> Tap<S> {
    pub(crate) fn new(socket: S, ledger: Arc<Ledger>, limits: Limits) -> Self {
        Self {
            socket,
            framing: Framing::default(),
            ledger,
            limits,
            fresh: true,
            deadline: None,
            alarm: Box::pin(sleep_until(Instant::now() + limits.head)),
            armed: false,
        }
    }

    /// Checks the bytes that have just come.
    fn observe(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.fresh &= bytes.is_empty();
        // A head has one deadline from its first byte on; every other moves with each byte.
        let same_head = self.framing.phase() == Phase::InHead;
        if !(same_head && matches!(self.deadline, Some((Wait::Head, _)))) {
            self.deadline = None;
        }
        let followed = self.framing.observe(bytes);
        let heads = self.framing.heads();
        self.ledger.checked_heads.store(heads, Ordering::Release);
        let Err(violation) = followed else {
            return Ok(());
        };
        let _first_wins = self.ledger.violation.set(violation);
        if self.ledger.is_answering() {
            // What is already being forwarded can only be cut.
            return Err(io::Error::new(io::ErrorKind::InvalidData, violation));
        }
        // The head goes on to the service, which refuses it with the reason.
        Ok(())
    }

    fn waits_for(&self) -> Option<Wait> {
        match self.framing.phase() {
            Phase::InBody => Some(Wait::Body),
            Phase::InHead => Some(Wait::Head),
            Phase::Between if self.fresh => Some(Wait::FirstHead),
            Phase::Between if self.ledger.is_answering() => None,
            Phase::Between => Some(Wait::NextRequest),
        }
    }

    /// Completes when a silent client has used up its time.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wait) = self.waits_for() else {
            self.look_again_later(cx);
            return Poll::Pending;
        };
        let deadline = match self.deadline {
            Some((same, deadline)) if same == wait => deadline,
            _ if wait == Wait::NextRequest => self.ledger.last_answer() + self.limits.idle,
            _ => Instant::now() + wait.limit(&self.limits),
        };
        self.deadline = Some((wait, deadline));
        // An alarm that rings too early costs one wake-up; setting it anew for every request
        // would cost more.
        if self.alarm.deadline() > deadline {
            self.alarm.as_mut().reset(deadline);
        }
        self.armed = true;
        ready!(self.alarm.as_mut().poll(cx));
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        self.alarm.as_mut().reset(deadline);
        self.alarm.as_mut().poll(cx)
    }

    /// Sees to it that the end of an answer does not go unnoticed: nobody asks for bytes then, so
    /// only an alarm can find out that the connection has become idle.
    fn look_again_later(&mut self, cx: &mut Context<'_>) {
        self.deadline = None;
        let later = Instant::now() + self.limits.idle;
        if !self.armed || self.alarm.is_elapsed() || self.alarm.deadline() > later {
            self.alarm.as_mut().reset(later);
            self.armed = self.alarm.as_mut().poll(cx).is_pending();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.socket).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let bytes = buf.filled().get(before..).unwrap_or_default();
                Poll::Ready(self.observe(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self
                .poll_patience(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
