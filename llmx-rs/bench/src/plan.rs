//! What a request asks the mock to answer.
//!
//! The wish travels in headers, because the measured proxy serves exactly one path without a
//! query; a query does the same for clients that cannot set headers.

use httparse::Header;

use crate::agent::script;

/// One answer: a JSON object, or a stream when `events` is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Bytes of a JSON answer.
    pub(crate) size: usize,
    /// Events of a stream; 0 means a JSON answer.
    pub(crate) events: u32,
    /// Microseconds between two events; the runtime's timer rounds up to a millisecond.
    pub(crate) gap_us: u64,
    /// Microseconds before the answer begins.
    pub(crate) think_us: u64,
    /// Answer in Chat Completions instead of Responses.
    pub(crate) chat: bool,
    /// Answer an agent, which should make so many calls.
    pub(crate) calls: Option<u32>,
}

impl Plan {
    pub(crate) fn json(size: usize) -> Self {
        Self {
            size,
            events: 0,
            gap_us: 0,
            think_us: 0,
            chat: false,
            calls: None,
        }
    }

    pub(crate) fn stream(events: u32, gap_us: u64) -> Self {
        Self {
            events,
            gap_us,
            ..Self::json(0)
        }
    }

    /// The header lines that carry this plan.
    pub(crate) fn header_lines(&self) -> String {
        let Self {
            size,
            events,
            gap_us,
            think_us,
            chat,
            calls: _,
        } = self;
        let chat = u8::from(*chat);
        format!(
            "x-mock-size: {size}\r\nx-mock-events: {events}\r\nx-mock-gap-us: {gap_us}\r\n\
             x-mock-think-us: {think_us}\r\nx-mock-chat: {chat}\r\n"
        )
    }

    /// Reads a plan from a request; what is not asked for, or is no number, keeps its default.
    pub(crate) fn of_request(target: &str, headers: &[Header<'_>]) -> Self {
        let mut plan = Self::json(DEFAULT_SIZE);
        plan.calls = script::calls_of(target);
        let query = target.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            plan.set(name.as_bytes(), value);
        }
        for header in headers {
            let Some((prefix, name)) = header.name.as_bytes().split_at_checked(PREFIX.len()) else {
                continue;
            };
            if prefix.eq_ignore_ascii_case(PREFIX) {
                plan.set(name, std::str::from_utf8(header.value).unwrap_or_default());
            }
        }
        // No request may ask for unbounded memory or an endless stream.
        plan.size = plan.size.min(MAX_SIZE);
        plan.events = plan.events.min(MAX_EVENTS);
        plan
    }

    fn set(&mut self, name: &[u8], value: &str) {
        let Ok(number) = value.trim().parse::<u32>() else {
            return;
        };
        if name.eq_ignore_ascii_case(b"size") {
            self.size = number as usize;
        } else if name.eq_ignore_ascii_case(b"events") {
            self.events = number;
        } else if name.eq_ignore_ascii_case(b"gap-us") {
            self.gap_us = u64::from(number);
        } else if name.eq_ignore_ascii_case(b"think-us") {
            self.think_us = u64::from(number);
        } else if name.eq_ignore_ascii_case(b"chat") {
            self.chat = number != 0;
        }
    }
}

const PREFIX: &[u8] = b"x-mock-";
pub(crate) const DEFAULT_SIZE: usize = 1024;
const MAX_SIZE: usize = 64 << 20;
const MAX_EVENTS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_the_trip_through_headers() {
        let plan = Plan {
            size: 7,
            events: 40,
            gap_us: 5000,
            think_us: 20_000,
            chat: true,
            calls: None,
        };
        let head = format!("POST /v1/responses HTTP/1.1\r\n{}\r\n", plan.header_lines());
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(head.as_bytes()).unwrap().is_complete());
        assert_eq!(Plan::of_request("/v1/responses", request.headers), plan);
    }

    #[test]
    fn a_query_does_the_same_and_nonsense_keeps_the_default() {
        let plan = Plan::of_request("/v1/chat?events=3&gap-us=10&size=x&other", &[]);
        let want = Plan {
            events: 3,
            gap_us: 10,
            ..Plan::json(DEFAULT_SIZE)
        };
        assert_eq!(plan, want);
        assert_eq!(Plan::of_request("/?size=4294967295", &[]).size, MAX_SIZE);
    }
}
