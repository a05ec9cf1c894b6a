//! What a hostile program would try: each verb exits with 0 if it succeeded, and says why not.

use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::process::ExitCode;
use std::{io, ptr};

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match attempt(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{words:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn attempt(words: &[&str]) -> io::Result<()> {
    match words {
        ["tcp", address] => TcpStream::connect(address).map(drop),
        ["udp", address] => {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            socket.send_to(b"x", address).map(drop)
        }
        ["unix", path] => UnixStream::connect(path).map(drop),
        ["abstract", name] => {
            UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?).map(drop)
        }
        ["datagram", path] => UnixDatagram::unbound()?.send_to(b"x", path).map(drop),
        ["datagram-by-pair", path] => {
            let (one, _other) = UnixDatagram::pair()?;
            one.send_to(b"x", path).map(drop)
        }
        ["loopback"] => loopback(),
        ["unix-between-us", path] => unix_between_us(path),
        ["listen", path] => UnixListener::bind(path)?
            .incoming()
            .try_for_each(|connection| connection.map(drop)),
        ["unix-often", path, count] => {
            let count: u32 = count.parse().unwrap();
            let reached = (0..count).filter(|_| UnixStream::connect(path).is_ok());
            println!("{} of {count} connections", reached.count());
            Ok(())
        }
        ["call", name, rest @ ..] => call(name, rest),
        other => panic!("unknown attempt {other:?}"),
    }
}

/// Talks to itself over 127.0.0.1.
fn loopback() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let client = std::thread::spawn(move || TcpStream::connect(address).map(drop));
    listener.accept()?.0.read_to_end(&mut Vec::new())?;
    client.join().unwrap()
}

/// Talks to itself over a socket that it makes at `path`.
fn unix_between_us(path: &str) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let name = path.to_owned();
    let client = std::thread::spawn(move || UnixStream::connect(name).map(drop));
    listener.accept()?.0.read_to_end(&mut Vec::new())?;
    client.join().unwrap()
}

fn call(name: &str, rest: &[&str]) -> io::Result<()> {
    let number = |index: usize| rest[index].parse::<libc::c_long>().unwrap();
    let none = ptr::null::<u8>();
    let mut parameters = [0_u64; 32];
    // SAFETY: each call gets valid pointers or null, and changes nothing that this process reads.
    let result = unsafe {
        match name {
            "ptrace" => libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, number(0), 0, 0),
            "seize" => libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, number(0), 0, 0),
            "kill" => libc::syscall(libc::SYS_kill, number(0), number(1)),
            "read-memory" => {
                let iov = libc::iovec {
                    iov_base: parameters.as_mut_ptr().cast(),
                    iov_len: 8,
                };
                let from = libc::iovec {
                    iov_base: number(1) as *mut libc::c_void,
                    iov_len: 8,
                };
                libc::syscall(libc::SYS_process_vm_readv, number(0), &iov, 1, &from, 1, 0)
            }
            "io-uring" => libc::syscall(libc::SYS_io_uring_setup, 4, parameters.as_mut_ptr()),
            "unshare-user" => {
                libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER | libc::CLONE_NEWNS)
            }
            "clone-user" => {
                let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
                let pid = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0);
                if pid == 0 {
                    libc::_exit(0);
                }
                pid
            }
            "clone3-user" => {
                parameters[0] = libc::CLONE_NEWUSER.cast_unsigned().into();
                parameters[4] = libc::SIGCHLD.cast_unsigned().into();
                let pid = libc::syscall(libc::SYS_clone3, parameters.as_mut_ptr(), 88);
                if pid == 0 {
                    libc::_exit(0);
                }
                pid
            }
            "remount" => libc::syscall(
                libc::SYS_mount,
                none,
                c"/".as_ptr(),
                none,
                libc::MS_REMOUNT | libc::MS_BIND,
                none,
            ),
            "umount" => libc::syscall(libc::SYS_umount2, c"/proc".as_ptr(), libc::MNT_DETACH),
            "x32-getpid" => libc::syscall(0x4000_0000 + libc::SYS_getpid),
            "type-into-terminal" => libc::syscall(libc::SYS_ioctl, 0, libc::TIOCSTI, c"x".as_ptr()),
            "keyctl" => libc::syscall(libc::SYS_keyctl, 0, -3, 1),
            "bpf" => libc::syscall(libc::SYS_bpf, 0, parameters.as_mut_ptr(), 64),
            "userfaultfd" => libc::syscall(libc::SYS_userfaultfd, 1),
            "vsock" => libc::syscall(libc::SYS_socket, libc::AF_VSOCK, libc::SOCK_STREAM, 0),
            "mknod-disk" => {
                let path = std::ffi::CString::new(rest[0]).unwrap();
                libc::syscall(
                    libc::SYS_mknodat,
                    libc::AT_FDCWD,
                    path.as_ptr(),
                    libc::S_IFBLK | 0o600,
                    libc::makedev(254, 0),
                )
            }
            other => panic!("unknown call {other}"),
        }
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
