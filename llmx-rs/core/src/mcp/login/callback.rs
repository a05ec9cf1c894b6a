//! Waits on loopback for the browser to come back with a code (RFC 8252).

use std::collections::HashMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::discovery::Issuer;
use super::fault::McpLoginFault;
use super::grant::told;

/// A port of this machine that nobody else has.
pub(super) struct Callback {
    listener: TcpListener,
    port: u16,
}

/// What came back, if it is an answer to what was asked.
type Outcome = Result<Zeroizing<String>, McpLoginFault>;

impl Callback {
    pub(super) async fn listen() -> Result<Self, McpLoginFault> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(McpLoginFault::Listen)?;
        let port = listener.local_addr().map_err(McpLoginFault::Listen)?.port();
        Ok(Self { listener, port })
    }

    /// Returns where the browser is sent.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the answer that belongs to `state`. Others are turned away: any page in the
    /// browser can knock here.
    pub(super) async fn code(self, state: &str, issuer: &Issuer) -> Outcome {
        let (found, mut answers) = mpsc::channel(1);
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                Some(answer) = answers.recv() => {
                    // The browser shall see the end of its page.
                    while visits.join_next().await.is_some() {}
                    return answer;
                }
                Ok((stream, _)) = self.listener.accept() => {
                    if visits.len() < MOST_VISITS {
                        let visit = Visit {
                            state: Zeroizing::new(state.to_owned()),
                            issuer: issuer.id.clone(),
                            signs: issuer.signs,
                        };
                        let found = found.clone();
                        visits.spawn(async move {
                            let _late = timeout(PATIENCE, visit.receive(stream, found)).await;
                        });
                    }
                }
                Some(_) = visits.join_next() => {}
            }
        }
    }
}

/// What makes an answer the right one.
struct Visit {
    state: Zeroizing<String>,
    issuer: String,
    signs: bool,
}

impl Visit {
    async fn receive(self, mut stream: TcpStream, found: mpsc::Sender<Outcome>) {
        let Some(target) = target(&mut stream).await else {
            return;
        };
        let (status, text) = match self.judge(&target) {
            Some(answer) => {
                let text = if answer.is_ok() { WELCOME } else { SORRY };
                let _already_answered = found.try_send(answer);
                ("200 OK", text)
            }
            None => ("404 Not Found", NOTHING_HERE),
        };
        let page = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{text}",
            text.len()
        );
        // Whoever has gone does not need the page.
        let _gone = stream.write_all(page.as_bytes()).await;
        let _closed = stream.shutdown().await;
    }

    /// Returns what a request target says, if it is the answer that is waited for.
    fn judge(&self, target: &str) -> Option<Outcome> {
        let query = target.strip_prefix(PATH)?.strip_prefix('?')?;
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut pairs: HashMap<_, _> = pairs.into_owned().collect();
        if pairs.get("state") != Some(&*self.state) {
            return None;
        }
        let signed = pairs.get("iss");
        if signed.is_some_and(|iss| *iss != self.issuer) || (self.signs && signed.is_none()) {
            return Some(Err(McpLoginFault::Strange {
                place: self.issuer.clone(),
                reason: "the answer in the browser is not from it".to_owned(),
            }));
        }
        Some(match (pairs.remove("code"), pairs.get("error")) {
            (Some(code), None) if !code.is_empty() => Ok(Zeroizing::new(code)),
            (_, Some(error)) => {
                let description = pairs.get("error_description").map(String::as_str);
                Err(McpLoginFault::Refused(told(error, description)))
            }
            _ => Err(McpLoginFault::Refused(
                "there is no code in the answer".to_owned(),
            )),
        })
    }
}

/// Reads the head of a request and returns its target.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Zeroizing::new(Vec::with_capacity(LARGEST));
    let mut chunk = Zeroizing::new([0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream
            .read(&mut *chunk)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        head.extend_from_slice(chunk.get(..count)?);
        if head.len() > LARGEST {
            return None;
        }
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    (words.next() == Some("GET")).then_some(())?;
    words.next().map(str::to_owned)
}

const PATH: &str = "/callback";
/// A code is a few hundred bytes; cookies of other pages on this machine come along.
const LARGEST: usize = 32 << 10;
/// Browsers open connections that they may not use.
const MOST_VISITS: usize = 32;
const PATIENCE: Duration = Duration::from_secs(20);

const WELCOME: &str =
    "llmx has got the answer. You can close this page and go back to the terminal.";
const SORRY: &str = "The login was refused. The terminal says why; you can close this page.";
const NOTHING_HERE: &str = "There is nothing here.";

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(signs: bool) -> Visit {
        Visit {
            state: Zeroizing::new("right".to_owned()),
            issuer: "https://a".to_owned(),
            signs,
        }
    }

    #[test]
    fn only_the_answer_to_what_was_asked_counts() {
        for target in [
            "/callback?code=c",
            "/callback?code=c&state=wrong",
            "/callback?code=c&state=",
            "/callback",
            "/favicon.ico?code=c&state=right",
            "/callbackx?code=c&state=right",
        ] {
            assert!(visit(false).judge(target).is_none(), "{target}");
        }
        let code = visit(false).judge("/callback?code=a%2Bb&state=right");
        assert_eq!(*code.unwrap().unwrap(), "a+b");
    }

    #[test]
    fn an_answer_of_another_server_is_refused() {
        let judge = |signs, target: &str| visit(signs).judge(target).unwrap().is_ok();
        assert!(judge(
            true,
            "/callback?code=c&state=right&iss=https%3A%2F%2Fa"
        ));
        assert!(!judge(
            false,
            "/callback?code=c&state=right&iss=https%3A%2F%2Fb"
        ));
        assert!(!judge(true, "/callback?code=c&state=right"));
    }

    #[test]
    fn a_refusal_is_told_with_its_reason() {
        let target = "/callback?error=access_denied&error_description=not+today&state=right";
        let fault = visit(false).judge(target).unwrap().unwrap_err();
        assert!(
            fault.to_string().ends_with("not today (access_denied)"),
            "{fault}"
        );
    }
}
