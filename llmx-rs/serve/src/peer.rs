//! Finds out which user is at the other end of a connection, and whether that user may be served.

use std::net::SocketAddr;
use std::{fs, io};

use crate::admit::Refusal;

/// The users that may be served; an empty list means everyone who can connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedUids(Vec<u32>);

impl AllowedUids {
    /// Returns the list made of `uids`.
    pub fn new(uids: Vec<u32>) -> Self {
        Self(uids)
    }

    /// Returns whether everyone may connect.
    pub fn is_everyone(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the user id that was found for a peer.
    pub(crate) fn check(&self, uid: io::Result<u32>) -> Result<(), Refusal> {
        match uid {
            _ if self.is_everyone() => Ok(()),
            Ok(uid) if self.0.contains(&uid) => Ok(()),
            Ok(uid) => Err(Refusal::forbidden(
                "uid_not_allowed",
                format!(
                    "the user with id {uid} may not use this server; start it with --allow-uid {uid} to allow it"
                ),
            )),
            Err(error) => Err(Refusal::forbidden(
                "uid_unknown",
                format!("the user at the other end could not be found: {error}"),
            )),
        }
    }
}

/// Returns the owner of the socket at `peer` that is connected to `local`, on this machine.
///
/// The kernel lists every TCP socket with its owner. The line wanted is the peer's own: its local
/// address is our remote one and the reverse.
pub(crate) fn tcp_owner(peer: SocketAddr, local: SocketAddr) -> io::Result<u32> {
    let (SocketAddr::V4(peer), SocketAddr::V4(local)) = (peer, local) else {
        return Err(io::Error::other(
            "only IPv4 loopback peers can be looked up",
        ));
    };
    let table = fs::read_to_string("/proc/net/tcp").map_err(|error| {
        io::Error::other(format!(
            "the owner of a TCP socket can be looked up only on Linux ({error}); use a Unix socket"
        ))
    })?;
    find_owner(&table, &proc_address(peer), &proc_address(local))
        .ok_or_else(|| io::Error::other("the kernel lists no such connection"))
}

/// Renders an address as `/proc/net/tcp` does: the four bytes in the machine's order, then the port.
fn proc_address(address: std::net::SocketAddrV4) -> String {
    let ip = u32::from_ne_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}

fn find_owner(table: &str, local: &str, remote: &str) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let matches = columns.nth(1) == Some(local) && columns.next() == Some(remote);
        // state, queues, timer, retransmits, uid
        matches.then(|| columns.nth(4)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 13 1 0 20 4 30 10 -1
";

    #[test]
    fn the_owner_is_the_one_of_the_peers_own_socket() {
        assert_eq!(
            find_owner(TABLE, "0100007F:C350", "0100007F:1F90"),
            Some(1001)
        );
        assert_eq!(find_owner(TABLE, "0100007F:C351", "0100007F:1F90"), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_written_as_the_kernel_writes_them() {
        assert_eq!(
            proc_address("127.0.0.1:8080".parse().unwrap()),
            "0100007F:1F90"
        );
    }

    #[test]
    fn only_listed_users_are_served() {
        let allowed = AllowedUids::new(vec![1001]);
        assert_eq!(allowed.check(Ok(1001)), Ok(()));
        let refusal = allowed.check(Ok(0)).unwrap_err();
        assert!(refusal.message.contains("--allow-uid 0"), "{refusal:?}");
        assert!(allowed.check(Err(io::Error::other("x"))).is_err());
        assert_eq!(AllowedUids::default().check(Ok(7)), Ok(()));
    }
}
