//! What stands between client and mock: nothing, llmx, nginx, hyper, or a peer.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::agent::Agent;
use crate::child::{Server, announced_port};
use crate::client::{RESPONSES, Target};
use crate::proc::{self, Status};
use crate::tls::{self, Identity};
use crate::{fault, nginx};

/// The mock as a proxy must be told of it.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    pub(crate) port: u16,
    /// Present if the mock speaks TLS.
    pub(crate) identity: Option<Identity>,
}

impl Upstream {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.identity.is_some() {
            "https"
        } else {
            "http"
        }
    }

    fn url(&self) -> String {
        self.url_of(RESPONSES)
    }

    fn url_of(&self, path: &str) -> String {
        let host = if self.identity.is_some() {
            tls::NAME
        } else {
            "127.0.0.1"
        };
        format!("{}://{host}:{}{path}", self.scheme(), self.port)
    }
}

/// Which side, and what starts it.
#[derive(Clone)]
pub(crate) enum Kind {
    Direct,
    Llmx(PathBuf),
    /// llmx again, before a mock that speaks Chat Completions.
    Bridged(PathBuf),
    Nginx(PathBuf),
    Hyper,
    Peer(Peer),
    Agent(Agent),
}

impl Kind {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Direct => DIRECT,
            Self::Llmx(_) => LLMX,
            Self::Bridged(_) => BRIDGED,
            Self::Nginx(_) => NGINX,
            Self::Hyper => HYPER,
            Self::Peer(peer) => &peer.name,
            Self::Agent(agent) => agent.name(),
        }
    }

    /// Returns true if the bench starts a process for it.
    pub(crate) fn is_started(&self) -> bool {
        !matches!(self, Self::Direct | Self::Peer(_) | Self::Agent(_))
    }

    /// Starts the side; it listens when this returns.
    pub(crate) fn start(&self, upstream: &Upstream) -> io::Result<Side> {
        let dir = tempfile::tempdir()?;
        let (mut target, pid, server) = match self {
            Self::Direct => (direct(upstream)?, None, None),
            Self::Peer(peer) => (peer.target.clone(), peer.pid, None),
            Self::Agent(_) => return Err(fault("an agent is no server")),
            Self::Llmx(program) => {
                let url = upstream.url();
                started(start_llmx(program, &[], &url, upstream, dir.path())?)
            }
            Self::Bridged(program) => {
                let url = upstream.url_of(CHAT);
                let bridge = ["--bridge-to-chat"];
                started(start_llmx(program, &bridge, &url, upstream, dir.path())?)
            }
            Self::Hyper => started(start_hyper(upstream, dir.path())?),
            Self::Nginx(program) => started(nginx::start(program, upstream, dir.path())?),
        };
        target.chat = matches!(self, Self::Bridged(_));
        Ok(Side {
            target,
            pid,
            workers: if matches!(self, Self::Nginx(_)) {
                nginx::WORKERS
            } else {
                0
            },
            family: OnceCell::new(),
            _server: server,
            _dir: dir,
        })
    }
}

fn direct(upstream: &Upstream) -> io::Result<Target> {
    let mut target = Target::responses(upstream.port);
    if let Some(identity) = &upstream.identity {
        target.tls = Some(tls::connector(&identity.authority)?);
    }
    Ok(target)
}

fn started((server, port): (Server, u16)) -> (Target, Option<u32>, Option<Server>) {
    (Target::responses(port), Some(server.pid()), Some(server))
}

fn start_llmx(
    program: &Path,
    flags: &[&str],
    url: &str,
    upstream: &Upstream,
    dir: &Path,
) -> io::Result<(Server, u16)> {
    let (info, log) = (dir.join("server-info.json"), dir.join("stderr.log"));
    let mut command = Command::new(program);
    command
        .args(flags)
        .arg("--server-info")
        .arg(&info)
        .arg("--upstream-url")
        .arg(url)
        .stdin(Stdio::piped())
        .stderr(File::create(&log)?);
    if let Some(identity) = &upstream.identity {
        command.env("SSL_CERT_FILE", &identity.authority);
    }
    let mut server = Server::spawn(&mut command)?;
    server.feed(KEY)?;
    let ready = server.wait_until(|| announced_port(&info));
    let port = ready.map_err(|error| {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        fault(format!("{error}; it said: {}", said.trim()))
    })?;
    Ok((server, port))
}

fn start_hyper(upstream: &Upstream, dir: &Path) -> io::Result<(Server, u16)> {
    let authority = upstream
        .identity
        .as_ref()
        .map(|identity| ["--tls-authority".as_ref(), identity.authority.as_os_str()]);
    let url = upstream.url();
    let args = [
        OsStr::new("hyper-proxy"),
        "--upstream-url".as_ref(),
        url.as_ref(),
    ];
    start_own(args.into_iter().chain(authority.into_iter().flatten()), dir)
}

/// Starts a server of this very program: the mock or the hyper proxy.
fn start_own<'a>(
    args: impl IntoIterator<Item = &'a OsStr>,
    dir: &Path,
) -> io::Result<(Server, u16)> {
    let info = dir.join("server-info.json");
    let mut server = Server::spawn(
        Command::new(std::env::current_exe()?)
            .args(args)
            .arg("--server-info")
            .arg(&info)
            .stdin(Stdio::null()),
    )?;
    let port = server.wait_until(|| announced_port(&info))?;
    Ok((server, port))
}

/// A side that is ready to be asked.
pub(crate) struct Side {
    pub(crate) target: Target,
    pid: Option<u32>,
    /// How many children the process works in.
    workers: usize,
    /// The process and its children, looked up when first asked for, which no start waits for.
    family: OnceCell<Vec<u32>>,
    _server: Option<Server>,
    _dir: TempDir,
}

impl Side {
    /// Starts llmx before a mock that speaks Chat Completions, with more flags than usual.
    pub(crate) fn bridged(program: &Path, flags: &[&str], upstream: &Upstream) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let flags = [&["--bridge-to-chat"], flags].concat();
        let url = upstream.url_of(CHAT);
        let (mut target, pid, server) =
            started(start_llmx(program, &flags, &url, upstream, dir.path())?);
        target.chat = true;
        Ok(Self {
            target,
            pid,
            workers: 0,
            family: OnceCell::new(),
            _server: server,
            _dir: dir,
        })
    }

    /// CPU time of all its processes so far; `None` if there is nothing to read.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let pids = self.family()?;
        pids.iter().map(|pid| proc::cpu_seconds(*pid).ok()).sum()
    }

    /// Memory and threads of all its processes together.
    pub(crate) fn status(&self) -> Option<Status> {
        let mut all = Status::default();
        for pid in self.family()? {
            let one = proc::status(*pid).ok()?;
            all.rss_kib += one.rss_kib;
            all.peak_rss_kib += one.peak_rss_kib;
            all.threads += one.threads;
        }
        Some(all)
    }

    /// Forgets earlier peaks of memory, where the kernel lets us.
    pub(crate) fn forget_peak(&self) {
        for pid in self.family().into_iter().flatten() {
            proc::forget_peak(*pid);
        }
    }

    fn family(&self) -> Option<&[u32]> {
        let pid = self.pid?;
        let family = self.family.get_or_init(|| {
            let look = || proc::with_children(pid).unwrap_or_default();
            // nginx listens a moment before all its workers are there.
            let all = (0..LOOKS)
                .map(|_| look())
                .find(|family| family.len() > self.workers);
            all.unwrap_or_default()
        });
        (!family.is_empty()).then_some(family)
    }
}

/// The running mock.
pub(crate) struct Mock {
    pub(crate) upstream: Upstream,
    _server: Server,
    _dir: TempDir,
}

impl Mock {
    pub(crate) fn start(port: u16, secure: bool) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let identity = secure.then(|| Identity::create(dir.path())).transpose()?;
        let port = port.to_string();
        let mut args = vec![OsStr::new("mock"), "--port".as_ref(), port.as_ref()];
        if let Some(identity) = &identity {
            args.extend(["--tls-cert".as_ref(), identity.cert.as_os_str()]);
            args.extend(["--tls-key".as_ref(), identity.key.as_os_str()]);
        }
        let (server, port) = start_own(args, dir.path())?;
        Ok(Self {
            upstream: Upstream { port, identity },
            _server: server,
            _dir: dir,
        })
    }
}

/// A proxy that someone else started.
#[derive(Clone)]
pub(crate) struct Peer {
    name: String,
    target: Target,
    pid: Option<u32>,
}

impl Peer {
    /// Parses `NAME=http://HOST:PORT/PATH[#PID]`; a fragment never travels, so it can hold the id.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let wrong = || {
            fault(format!(
                "--peer {text}: NAME=http://127.0.0.1:PORT/PATH[#PID] is needed"
            ))
        };
        let (name, url) = text.split_once('=').ok_or_else(wrong)?;
        let (url, pid) = match url.split_once('#') {
            Some((url, pid)) => (url, Some(pid.parse().map_err(|_| wrong())?)),
            None => (url, None),
        };
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let address = host
            .replace("localhost", "127.0.0.1")
            .parse()
            .map_err(|_| wrong())?;
        let target = Target {
            address,
            host: host.to_owned(),
            path: if path.is_empty() { RESPONSES } else { path }.to_owned(),
            tls: None,
            chat: false,
        };
        let name = name.to_owned();
        Ok(Self { name, target, pid })
    }
}

pub(crate) const DIRECT: &str = "direct";
pub(crate) const LLMX: &str = "llmx";
pub(crate) const BRIDGED: &str = "bridged";
pub(crate) const NGINX: &str = "nginx";
pub(crate) const HYPER: &str = "hyper";
const CHAT: &str = "/v1/chat/completions";
/// Times a family is looked up before its figures are given up.
const LOOKS: usize = 1000;
/// Not a secret: it opens nothing but the mock, which asks for no key.
const KEY: &[u8] = b"sk-bench-not-a-secret\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_name_a_place_and_perhaps_a_process() {
        let peer = Peer::parse("codex=http://localhost:81/v1/responses#42").unwrap();
        assert_eq!(peer.name, "codex");
        assert_eq!(peer.target.address, ([127, 0, 0, 1], 81).into());
        assert_eq!(peer.target.host, "localhost:81");
        assert_eq!(peer.target.path, "/v1/responses");
        assert_eq!(peer.pid, Some(42));

        let peer = Peer::parse("x=http://127.0.0.1:81").unwrap();
        assert_eq!((peer.target.path.as_str(), peer.pid), (RESPONSES, None));
    }

    #[test]
    fn a_peer_without_a_place_is_refused() {
        for text in [
            "codex",
            "codex=https://127.0.0.1:1/",
            "a=http://b",
            "a=http://127.0.0.1:1#x",
        ] {
            assert!(Peer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_upstream_over_tls_is_called_by_the_name_in_its_certificate() {
        let plain = Upstream {
            port: 5,
            identity: None,
        };
        assert_eq!(plain.url(), "http://127.0.0.1:5/v1/responses");
        let dir = tempfile::tempdir().unwrap();
        let identity = Some(Identity::create(dir.path()).unwrap());
        let secure = Upstream { port: 5, identity };
        assert_eq!(secure.url(), "https://localhost:5/v1/responses");
    }
}
