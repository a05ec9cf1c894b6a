//! Finds out which dialect a provider speaks, by asking the first real request in each until one is
//! known there. Nothing is asked for the sake of asking.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use llmx_wire::Dialect;
use llmx_wire::responses::Request;

use super::Exchange;
use super::fault::UpstreamFault;
use super::stream::EventStream;
use super::target::{BadTarget, Target};

/// One provider in each dialect that it may speak, the likeliest first.
#[derive(Debug)]
pub struct Candidates {
    exchanges: Vec<Exchange>,
    found: OnceLock<usize>,
    told: AtomicBool,
}

impl Candidates {
    /// Prepares connections to each of `targets`; none is opened yet.
    pub fn new(targets: Vec<Target>, use_env_proxy: bool) -> Result<Self, BadTarget> {
        let exchanges: Result<Vec<_>, _> = targets
            .into_iter()
            .map(|target| Exchange::new(target, use_env_proxy))
            .collect();
        Ok(Self {
            exchanges: exchanges?,
            found: OnceLock::new(),
            told: AtomicBool::new(false),
        })
    }

    /// Sends `request` in the dialect that was found, or in each until one is known there.
    pub async fn open(&self, request: &Request) -> Result<EventStream, UpstreamFault> {
        if let Some(exchange) = self
            .found
            .get()
            .and_then(|&index| self.exchanges.get(index))
        {
            return exchange.open(request).await;
        }
        let mut absent = None;
        for (index, exchange) in self.exchanges.iter().enumerate() {
            match exchange.open(request).await {
                Err(fault) if self.exchanges.len() > 1 && is_absence(&fault) => {
                    absent.get_or_insert(fault);
                }
                opened => {
                    if opened.is_ok() {
                        let _already_known = self.found.set(index);
                    }
                    return opened;
                }
            }
        }
        // What the likeliest dialect's address said is what a person can use.
        Err(absent.unwrap_or(UpstreamFault::NoDialect))
    }

    /// Returns the dialect that was found.
    pub fn found(&self) -> Option<Dialect> {
        let exchange = self.exchanges.get(*self.found.get()?)?;
        Some(exchange.target.dialect)
    }

    /// Returns, once, the dialect that was found, if it was not the likeliest.
    pub fn take_surprise(&self) -> Option<Dialect> {
        let index = *self.found.get()?;
        if self.told.swap(true, Ordering::Relaxed) {
            return None;
        }
        (index > 0).then(|| {
            self.exchanges
                .get(index)
                .map(|exchange| exchange.target.dialect)
        })?
    }
}

/// Returns whether a provider said that the address does not exist there, as opposed to a model.
fn is_absence(fault: &UpstreamFault) -> bool {
    match fault {
        UpstreamFault::Status { status, body, .. } => {
            let code = body.code.as_deref().unwrap_or_default();
            let speaks_of_a_model =
                code.contains("model") || body.message.to_ascii_lowercase().contains("model");
            matches!(status.as_u16(), 404 | 405 | 501) && !speaks_of_a_model
        }
        // Some servers answer every address with a success: with the page of an application, or,
        // as LM Studio, with a sentence on the endpoint.
        UpstreamFault::NotAStream { kind, said, .. } => {
            kind.starts_with("text/html") || said.starts_with("Unexpected endpoint")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_that_speaks_of_no_such_endpoint_is_an_absence() {
        for (kind, said, expected) in [
            ("text/html; charset=utf-8", "<html>", true),
            (
                "application/json",
                "Unexpected endpoint or method. (POST /v1/responses)",
                true,
            ),
            ("application/json", "streaming is off", false),
        ] {
            let fault = UpstreamFault::NotAStream {
                host: "h".to_owned(),
                kind: kind.to_owned(),
                said: said.to_owned(),
            };
            assert_eq!(is_absence(&fault), expected, "{kind} {said}");
        }
    }
}
