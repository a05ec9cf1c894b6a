//! Decides whether and when a failed request is sent again.

use super::vocabulary::{Delay, Fault, Retry};

/// How often one answer may be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// After a request that did not begin to be answered.
    pub request: u32,
    /// After an answer that was cut off.
    pub stream: u32,
}

/// The tries spent on one answer. The two budgets add up and never multiply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retries {
    limits: RetryLimits,
    request: u32,
    stream: u32,
}

/// What follows a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Wait, then try again; the notice says so.
    Again { delay: Delay, notice: String },
    /// Give up, with this reason.
    GiveUp(String),
}

impl Retries {
    pub(super) fn new(limits: RetryLimits) -> Self {
        Self {
            limits,
            request: 0,
            stream: 0,
        }
    }

    /// Spends a try on `fault`, if one is left and may help.
    pub(super) fn next(&mut self, fault: &Fault) -> Decision {
        let Fault { message, retry } = fault;
        let (spent, limit, after_ms) = match *retry {
            Retry::Never | Retry::Shorter => return self.give_up(message),
            Retry::Request { after_ms } => (&mut self.request, self.limits.request, after_ms),
            Retry::Stream { after_ms } => (&mut self.stream, self.limits.stream, after_ms),
        };
        if *spent >= limit {
            return self.give_up(message);
        }
        let delay = match after_ms {
            Some(ms) if ms > LONGEST_PAUSE_MS => {
                let seconds = ms / 1_000;
                return Decision::GiveUp(format!(
                    "{message} (the server asks to wait {seconds} s)"
                ));
            }
            // A clock that is ahead of the server's makes nothing of any pause.
            Some(ms) => Delay::AtLeast {
                ms: ms.max(backoff_ms(*spent)),
            },
            None => Delay::About {
                ms: backoff_ms(*spent),
            },
        };
        *spent += 1;
        let (Delay::About { ms } | Delay::AtLeast { ms }) = delay;
        let notice = format!(
            "trying again in {} ({spent} of {limit}): {message}",
            time(ms)
        );
        Decision::Again { delay, notice }
    }

    fn give_up(&self, message: &str) -> Decision {
        Decision::GiveUp(match self.request.saturating_add(self.stream) {
            0 => message.to_owned(),
            1 => format!("{message} (after 1 retry)"),
            tries => format!("{message} (after {tries} retries)"),
        })
    }
}

fn backoff_ms(tries: u32) -> u64 {
    FIRST_PAUSE_MS
        .saturating_mul(2_u64.saturating_pow(tries))
        .min(LONGEST_BACKOFF_MS)
}

fn time(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

const FIRST_PAUSE_MS: u64 = 200;
/// A server that is down for longer gains nothing from clients that wait longer.
const LONGEST_BACKOFF_MS: u64 = 30_000;
/// A person or a script would rather know than wait longer than this without a sign of life.
const LONGEST_PAUSE_MS: u64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RetryLimits = RetryLimits {
        request: 4,
        stream: 5,
    };

    #[test]
    fn pauses_double_until_the_budget_is_spent() {
        let mut retries = Retries::new(LIMITS);
        let fault = fault(Retry::Request { after_ms: None });
        let pauses: Vec<_> = (0..4).map(|_| pause(retries.next(&fault))).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600]);
        let last = retries.next(&fault);
        assert_eq!(last, Decision::GiveUp("busy (after 4 retries)".to_owned()));
    }

    #[test]
    fn a_pause_that_the_server_asks_for_is_kept() {
        let mut retries = Retries::new(LIMITS);
        let decision = retries.next(&fault(Retry::Request {
            after_ms: Some(2_000),
        }));
        let expected = Decision::Again {
            delay: Delay::AtLeast { ms: 2_000 },
            notice: "trying again in 2.0 s (1 of 4): busy".to_owned(),
        };
        assert_eq!(decision, expected);
    }

    #[test]
    fn a_pause_that_is_over_already_does_not_spend_all_tries_at_once() {
        let mut retries = Retries::new(LIMITS);
        let fault = fault(Retry::Request { after_ms: Some(0) });
        let pauses: Vec<_> = (0..4)
            .map(|_| match retries.next(&fault) {
                Decision::Again {
                    delay: Delay::AtLeast { ms },
                    ..
                } => ms,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(pauses, [200, 400, 800, 1_600]);
    }

    #[test]
    fn a_pause_of_an_hour_is_reported_at_once() {
        let mut retries = Retries::new(LIMITS);
        let decision = retries.next(&fault(Retry::Request {
            after_ms: Some(3_600_000),
        }));
        let message = "busy (the server asks to wait 3600 s)".to_owned();
        assert_eq!(decision, Decision::GiveUp(message));
    }

    #[test]
    fn the_two_budgets_add_up() {
        let mut retries = Retries::new(LIMITS);
        let mut tries = 0;
        for retry in [
            Retry::Request { after_ms: None },
            Retry::Stream { after_ms: None },
        ] {
            while let Decision::Again { .. } = retries.next(&fault(retry)) {
                tries += 1;
            }
        }
        assert_eq!(tries, 9);
    }

    #[test]
    fn what_cannot_help_is_not_tried() {
        let decision = Retries::new(LIMITS).next(&fault(Retry::Never));
        assert_eq!(decision, Decision::GiveUp("busy".to_owned()));
    }

    fn fault(retry: Retry) -> Fault {
        Fault {
            message: "busy".to_owned(),
            retry,
        }
    }

    fn pause(decision: Decision) -> u64 {
        match decision {
            Decision::Again {
                delay: Delay::About { ms },
                ..
            } => ms,
            other => panic!("{other:?}"),
        }
    }
}
