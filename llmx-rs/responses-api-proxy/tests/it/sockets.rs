//! Who may connect: the Unix socket's mode, and the user at the other end.
#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::proxy::{Proxy, echo_upstream};

fn request_on(socket: &Path) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .write_all(
            b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
              Content-Length: 2\r\n\r\n{}",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn own_uid() -> u32 {
    std::fs::metadata("/proc/self").map_or_else(
        |_| {
            tempfile::tempdir()
                .unwrap()
                .path()
                .metadata()
                .unwrap()
                .uid()
        },
        |metadata| metadata.uid(),
    )
}

#[test]
fn a_unix_socket_serves_its_owner_alone_and_goes_with_the_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, info) = (dir.path().join("s"), dir.path().join("info.json"));
    let upstream = echo_upstream();
    let flags = [
        "--unix-socket",
        socket.to_str().unwrap(),
        "--server-info",
        info.to_str().unwrap(),
    ];
    let mut proxy = Proxy::start(&upstream, &flags);
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(request_on(&socket).starts_with("HTTP/1.1 200"));
    let info = std::fs::read_to_string(info).unwrap();
    assert!(
        info.contains("unix_socket") && !info.contains("port"),
        "{info}"
    );

    let pid = rustix::process::Pid::from_raw(i32::try_from(proxy.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(proxy.wait().code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_stale_socket_is_replaced_and_a_file_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = echo_upstream();
    let stale = dir.path().join("stale");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let _proxy = Proxy::start(&upstream, &["--unix-socket", stale.to_str().unwrap()]);
    assert!(request_on(&stale).starts_with("HTTP/1.1 200"));

    let file = dir.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    for (path, reason) in [(&file, "no socket"), (&stale, "another process answers")] {
        let mut command = crate::proxy::command();
        command.args(["--unix-socket", path.to_str().unwrap()]);
        let (status, stderr) = crate::proxy::run(command, "key\n");
        assert_eq!(status.code(), Some(1));
        assert!(stderr.contains(reason), "{stderr}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
#[cfg(target_os = "linux")]
fn only_listed_users_may_spend_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let upstream = echo_upstream();
    let (own, other) = (own_uid(), own_uid() + 1);
    for (uid, status) in [(own, 200), (other, 403)] {
        let uid = uid.to_string();
        let flags = [
            "--port",
            "0",
            "--unix-socket",
            socket.to_str().unwrap(),
            "--allow-uid",
            &uid,
        ];
        let proxy = Proxy::start(&upstream, &flags);
        let answer = proxy.exchange(&proxy.post("{}")).unwrap();
        assert_eq!(answer.status(), status, "TCP, {uid}");
        let answer = request_on(&socket);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "Unix, {uid}: {answer}"
        );
        if status == 403 {
            assert!(answer.contains(&format!("--allow-uid {own}")), "{answer}");
        }
    }
    let mut both = crate::proxy::command();
    both.args(["--upstream-url", &upstream.url("/v1/responses")])
        .args([
            "--allow-uid",
            &other.to_string(),
            "--allow-uid",
            &own.to_string(),
        ]);
    let proxy = Proxy::spawn(both);
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 200);
}
