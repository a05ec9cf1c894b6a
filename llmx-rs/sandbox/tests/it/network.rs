//! Reaching something that listens outside.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};

use llmx_sandbox::Rung;

use crate::scene::{FREE, ONLINE, READ_ONLY, Scene, WORKSPACE, everywhere};

/// Listeners of every kind, none of which shall hear anything.
struct Outside {
    tcp: TcpListener,
    udp: UdpSocket,
    path: UnixListener,
    datagram: UnixDatagram,
    hidden: UnixListener,
    name: String,
    script: String,
}

impl Outside {
    fn new(scene: &Scene, policy: &str) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = tempfile::tempdir().unwrap().keep();
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = UnixListener::bind(socket.join("s")).unwrap();
        let datagram = UnixDatagram::bind(socket.join("d")).unwrap();
        for name in ["s", "d"] {
            let all = std::fs::Permissions::from_mode(0o777);
            std::fs::set_permissions(socket.join(name), all).unwrap();
        }
        let name = format!("llmx-{}-{}-{policy:.20}", std::process::id(), scene.rung);
        let name = format!("{name}{}", scene.nobody);
        let hidden =
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        path.set_nonblocking(true).unwrap();
        datagram.set_nonblocking(true).unwrap();
        hidden.set_nonblocking(true).unwrap();
        let socket = socket.display();
        let script = format!(
            r#"
            "$HARNESS" attempt tcp {tcp}; "$HARNESS" attempt udp {udp}
            "$HARNESS" attempt unix {socket}/s; "$HARNESS" attempt abstract '{name}'
            "$HARNESS" attempt datagram {socket}/d; "$HARNESS" attempt datagram-by-pair {socket}/d
            cp {socket}/s ./copy; ln -s {socket}/s soft && "$HARNESS" attempt unix soft
            "$HARNESS" attempt call vsock && echo ESCAPED vsock
            echo END
            "#,
            tcp = tcp.local_addr().unwrap(),
            udp = udp.local_addr().unwrap(),
        );
        Self {
            tcp,
            udp,
            path,
            datagram,
            hidden,
            name,
            script,
        }
    }

    /// Returns what was reached.
    fn reached(&self) -> Vec<&'static str> {
        let mut buffer = [0; 8];
        let heard = [
            ("tcp", self.tcp.accept().map(drop)),
            ("udp", self.udp.recv(&mut buffer).map(drop)),
            ("unix", self.path.accept().map(drop)),
            ("datagram", self.datagram.recv(&mut buffer).map(drop)),
            ("abstract", self.hidden.accept().map(drop)),
        ];
        let reached = heard.into_iter().filter_map(|(name, result)| match result {
            Ok(()) => Some(name),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{}", self.name);
                None
            }
        });
        reached.collect()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Ok(address) = self.path.local_addr()
            && let Some(directory) = address.as_pathname().and_then(|path| path.parent())
        {
            let _left_behind = std::fs::remove_dir_all(directory);
        }
    }
}

#[test]
fn nothing_outside_is_reached_without_network_access() {
    everywhere(|scene| {
        for policy in [READ_ONLY, WORKSPACE] {
            let outside = Outside::new(scene, policy);
            scene.refuses(policy, &outside.script);
            assert_eq!(outside.reached(), [""; 0], "{}", scene.rung);
        }
    });
}

#[test]
fn network_access_is_access_to_the_network_and_not_to_local_services() {
    everywhere(|scene| {
        let outside = Outside::new(scene, ONLINE);
        scene.refuses(ONLINE, &outside.script);
        assert_eq!(outside.reached(), ["tcp", "udp"], "{}", scene.rung);
    });
}

#[test]
fn the_attempts_are_real() {
    everywhere(|scene| {
        let outside = Outside::new(scene, FREE);
        scene.run(FREE, &outside.script);
        assert_eq!(
            outside.reached(),
            ["tcp", "udp", "unix", "datagram", "abstract"]
        );
    });
}

#[test]
fn programs_can_talk_to_themselves_over_loopback() {
    everywhere(|scene| {
        let attempt = scene.run(READ_ONLY, r#""$HARNESS" attempt loopback"#);
        assert_eq!(
            attempt.status.success(),
            scene.rung != Rung::Landlock,
            "{}: {attempt:?}",
            scene.rung
        );
    });
}

#[test]
fn programs_can_talk_to_themselves_over_unix_sockets() {
    everywhere(|scene| {
        scene.works(
            WORKSPACE,
            r#""$HARNESS" attempt unix-between-us "$PWD/socket""#,
        );
        scene.works(
            WORKSPACE,
            r#""$HARNESS" attempt unix-between-us ./relative"#,
        );
        scene.works(
            WORKSPACE,
            r#"mkdir d; cd d; "$HARNESS" attempt unix-between-us ../other"#,
        );
        if scene.rung != Rung::Landlock {
            scene.works(
                READ_ONLY,
                r#""$HARNESS" attempt unix-between-us "$TMPDIR/socket""#,
            );
        }
    });
}

#[test]
fn whoever_listens_in_the_workspace_from_outside_hears_nothing() {
    everywhere(|scene| {
        for policy in [WORKSPACE, ONLINE] {
            let listener = UnixListener::bind(scene.path("ws/s")).unwrap();
            let all = std::fs::Permissions::from_mode(0o777);
            std::fs::set_permissions(scene.path("ws/s"), all).unwrap();
            scene.refuses(
                policy,
                r#"
                "$HARNESS" attempt unix ./s && echo ESCAPED
                ln -s s link; "$HARNESS" attempt unix "$PWD/link" && echo ESCAPED
                ln s hard; "$HARNESS" attempt unix hard && echo ESCAPED
                rm link hard; echo END
                "#,
            );
            listener.set_nonblocking(true).unwrap();
            while let Ok((mut connection, _)) = listener.accept() {
                let mut heard = Vec::new();
                std::io::Read::read_to_end(&mut connection, &mut heard).unwrap();
                assert!(heard.is_empty(), "{}", scene.rung);
            }
            std::fs::remove_file(scene.path("ws/s")).unwrap();
        }
    });
}

#[test]
fn swapping_the_path_while_it_is_looked_at_reaches_nobody_outside() {
    everywhere(|scene| {
        let listener = UnixListener::bind(scene.path("outside/s")).unwrap();
        let all = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(scene.path("outside/s"), all).unwrap();
        let text = scene.works(
            WORKSPACE,
            r#"
            "$HARNESS" attempt listen "$PWD/ours" &
            while [ ! -S ours ]; do sleep 0.01; done
            ( while :; do ln -sfn "$OUTSIDE/s" spot; ln -sfn "$PWD/ours" spot; done ) 2>/dev/null &
            "$HARNESS" attempt unix-often ./spot 300
            "#,
        );
        assert!(text.contains("connections"), "{text}");
        listener.set_nonblocking(true).unwrap();
        let reached = listener.accept();
        assert_eq!(
            reached.unwrap_err().kind(),
            ErrorKind::WouldBlock,
            "{}",
            scene.rung
        );
    });
}
