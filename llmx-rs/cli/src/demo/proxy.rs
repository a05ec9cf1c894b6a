//! The real proxy as its own process: started with the key on its standard input, ended over HTTP.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A running proxy; dropping it kills it.
pub(super) struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    /// Starts the proxy in front of `upstream`, gives it `key`, and waits until it listens.
    pub(super) async fn start(
        program: &Path,
        upstream: &str,
        server_info: &Path,
        key: &str,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["responses-api-proxy", "--http-shutdown"])
            .args(["--upstream-url", upstream])
            .arg("--server-info")
            .arg(server_info)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the proxy does not start")?;
        let mut stdin = child
            .stdin
            .take()
            .context("the proxy has no standard input")?;
        let sent = stdin.write_all(format!("{key}\n").as_bytes()).await;
        drop(stdin);
        let listening = async {
            sent.context("the proxy does not take the key")?;
            wait_for_port(&mut child, server_info).await
        };
        match timeout(PATIENCE, listening).await {
            Ok(Ok(port)) => Ok(Self { child, port }),
            Ok(Err(error)) => Err(error.context(last_words(child).await)),
            Err(_elapsed) => bail!("the proxy does not listen after {PATIENCE:?}"),
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Asks the proxy over HTTP to end, and waits until it has.
    pub(super) async fn shut_down(mut self) -> anyhow::Result<()> {
        let ending = async {
            let status = get(self.port, "/shutdown").await?;
            ensure!(
                status.starts_with("HTTP/1.1 200"),
                "GET /shutdown was answered {status}"
            );
            let exit = self.child.wait().await?;
            ensure!(exit.success(), "the proxy ended with {exit}");
            Ok(())
        };
        timeout(PATIENCE, ending)
            .await
            .context("the proxy does not end")?
    }
}

/// Waits for the server info, which the proxy puts in place whole once it listens.
async fn wait_for_port(child: &mut Child, server_info: &Path) -> anyhow::Result<u16> {
    loop {
        if let Ok(text) = tokio::fs::read_to_string(server_info).await {
            let info: Value = serde_json::from_str(&text).context("the server info is not JSON")?;
            let port = info.get("port").and_then(Value::as_u64);
            return port
                .and_then(|port| u16::try_from(port).ok())
                .context("the server info has no port");
        }
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        sleep(Duration::from_millis(2)).await;
    }
}

/// Returns what a proxy that failed wrote to its standard error.
async fn last_words(mut child: Child) -> String {
    let mut words = String::new();
    // A proxy that failed is ending by itself; if not, it must, or the read would not end.
    let _already_ended = child.start_kill();
    if let Some(mut stderr) = child.stderr.take() {
        let _partial_is_fine = stderr.read_to_string(&mut words).await;
    }
    format!("the proxy failed ({})", words.trim())
}

/// Sends a GET request to a loopback port and returns the status line of the answer.
async fn get(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// Starting and ending take milliseconds; ten seconds forgive a machine under load.
const PATIENCE: Duration = Duration::from_secs(10);
