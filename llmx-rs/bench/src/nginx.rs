//! nginx as a reverse proxy that holds nothing back: the practical floor when it is installed.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::child::Server;
use crate::os;
use crate::side::Upstream;

/// Where Debian and others put it; `PATH` of an ordinary user often lacks `/usr/sbin`.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from))
        .map(|dir| dir.join("nginx"))
        .find(|candidate| candidate.is_file())
}

/// Starts nginx in `dir` and returns it with its port, listening.
pub(crate) fn start(program: &Path, upstream: &Upstream, dir: &Path) -> io::Result<(Server, u16)> {
    let port = free_port()?;
    let config = dir.join("nginx.conf");
    std::fs::write(&config, configuration(upstream, port, dir, os::is_root()))?;
    let mut server = Server::spawn(
        Command::new(program)
            .arg("-c")
            .arg(&config)
            .arg("-p")
            .arg(dir)
            .arg("-e")
            .arg(dir.join("error.log"))
            .stdin(Stdio::null()),
    )?;
    server.wait_until(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())?;
    Ok((server, port))
}

fn configuration(upstream: &Upstream, port: u16, dir: &Path, root: bool) -> String {
    let user = if root { "user root;\n" } else { "" };
    let (upstream_port, scheme) = (upstream.port, upstream.scheme());
    let secure = if upstream.identity.is_some() {
        "proxy_ssl_server_name on; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3;"
    } else {
        ""
    };
    let dir = dir.display();
    format!(
        "{user}daemon off;
worker_processes {WORKERS};
worker_rlimit_nofile 20000;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    upstream mock {{
        server 127.0.0.1:{upstream_port};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass {scheme}://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 60s;
            {secure}
        }}
    }}
}}
"
    )
}

/// A port that was free a moment ago: nginx cannot be asked which one it took.
fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// One per core of the machine the reference figures come from.
pub(crate) const WORKERS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_holds_nothing_back_and_stays_on_loopback() {
        let upstream = Upstream {
            port: 7,
            identity: None,
        };
        let text = configuration(&upstream, 8, Path::new("/tmp/x"), false);
        assert!(text.starts_with("daemon off;"));
        for line in [
            "listen 127.0.0.1:8 ",
            "server 127.0.0.1:7;",
            "proxy_pass http://mock;",
            "proxy_buffering off;",
            "keepalive 512;",
        ] {
            assert!(text.contains(line), "{line}");
        }
        assert!(!text.contains("proxy_ssl"));
    }
}
