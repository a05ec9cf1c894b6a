//! The system calls that no safe wrapper offers, each behind a function that is safe to call.
//!
//! All `unsafe` of the helper is here. The helper that calls these functions has one thread, which
//! is what makes a fork harmless: no other thread can hold a lock that the child would miss.
#![expect(
    unsafe_code,
    reason = "fork, namespaces, filters and interface flags have no safe wrapper"
)]

use std::ffi::c_ulong;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::{io, mem, ptr};

/// Which side of a fork this is.
pub(super) enum Fork {
    Child,
    Parent(i32),
}

/// Copies this process. The caller has one thread.
pub(super) fn fork() -> io::Result<Fork> {
    // SAFETY: with one thread the child finds every lock and the heap in a sound state.
    match unsafe { libc::fork() } {
        0 => Ok(Fork::Child),
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Ends this process at once. A forked copy has no business in the destructors of its parent.
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Moves this process into new namespaces.
pub(super) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: none of the flags in use share or unshare memory of this process.
    checked(unsafe { libc::unshare(flags) })
}

/// Sets attributes of the mount that `tree` is the root of.
pub(super) fn mount_setattr(tree: impl AsFd, recursive: bool, set: u64) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string, and the size is that of the structure passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            ptr::from_ref(&attributes),
            size_of_val(&attributes),
        )
    };
    checked_long(result)
}

/// Closes every descriptor from `first` on.
pub(super) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the caller owns none of these through a value that would close them again.
    checked_long(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) })
}

/// Takes over a descriptor that this process was started with, if it is one.
pub(super) fn adopt(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: reads and sets a flag of a number that need not be a descriptor.
    checked(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: it is a descriptor, this process was told to own it, and adopts each number once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Has every descriptor from `first` on closed when another program is executed.
pub(super) fn close_on_exec_from(first: u32) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: changes a flag of descriptors and closes none.
    checked_long(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) })
}

/// Installs a system call filter for this process and all that it will start.
pub(super) fn install_filter(program: &[libc::sock_filter], flags: c_ulong) -> io::Result<i32> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the program, whose length is that of the slice, and checks it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            flags,
            ptr::from_ref(&program),
        )
    };
    checked_long(result)?;
    i32::try_from(result).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Brings the loopback interface of this network namespace up.
pub(super) fn loopback_up() -> io::Result<()> {
    // SAFETY: plain socket(2); the descriptor is owned right away.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    checked(socket)?;
    // SAFETY: the call above returned this descriptor, and nothing else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: all zeroes is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_flags = LOOPBACK_FLAGS;
    // SAFETY: SIOCSIFFLAGS reads an `ifreq`, and `request` outlives the call.
    checked(unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as libc::Ioctl,
            &raw const request,
        )
    })
}

/// Makes the signals in `signals` wait, and returns a descriptor that they are read from.
pub(super) fn hold_signals(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = signal_set(signals);
    // SAFETY: `set` is initialised, and no old mask is asked for.
    checked(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) })?;
    // SAFETY: `set` is initialised.
    let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    checked(fd)?;
    // SAFETY: the call above returned this descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Lets every signal through again and gives each its default effect.
pub(super) fn reset_signals() {
    let none = signal_set(&[]);
    // SAFETY: SIG_DFL is no function of ours, and the set is initialised.
    unsafe {
        for signal in 1..=LAST_SIGNAL {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// A signal as it was read from the descriptor that [`hold_signals`] returned.
pub(super) struct Received {
    pub(super) signal: i32,
    /// Whether a process sent it, not the terminal.
    pub(super) from_process: bool,
}

pub(super) fn next_signal(signals: impl AsFd) -> Option<Received> {
    // SAFETY: all zeroes is a valid `signalfd_siginfo`.
    let mut info: libc::signalfd_siginfo = unsafe { mem::zeroed() };
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes into `info`, which has that size.
    let read = unsafe { libc::read(signals.as_fd().as_raw_fd(), (&raw mut info).cast(), size) };
    (usize::try_from(read) == Ok(size)).then(|| Received {
        signal: info.ssi_signo.cast_signed(),
        from_process: info.ssi_code != libc::SI_KERNEL,
    })
}

/// A child that has ended, with its raw wait status.
pub(super) struct Ended {
    pub(super) pid: i32,
    pub(super) status: i32,
}

/// What waiting without blocking found.
pub(super) enum Reaped {
    Child(Ended),
    NoneYet,
    NoChildren,
}

/// Collects one child that has ended, without waiting for one.
pub(super) fn reap() -> Reaped {
    let mut status = 0;
    // SAFETY: `status` is valid for the one write that the call makes.
    match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
        0 => Reaped::NoneYet,
        -1 => Reaped::NoChildren,
        pid => Reaped::Child(Ended { pid, status }),
    }
}

/// Waits until `pid` has ended.
pub(super) fn wait_for(pid: i32) -> io::Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is valid for the one write that the call makes.
        match checked(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|()| status),
        }
    }
}

/// Ends this process by `signal`, so that its parent sees what the command's parent would see.
pub(super) fn die_by(signal: i32) -> ! {
    reset_signals();
    // SAFETY: both take numbers only.
    unsafe {
        libc::raise(signal);
    }
    // Not every signal ends a process; the shell's convention says the rest.
    exit(128 + signal)
}

/// Returns the process group of this process, if it has a number in this process namespace.
pub(super) fn process_group() -> Option<rustix::process::Pid> {
    // SAFETY: takes nothing and cannot fail.
    rustix::process::Pid::from_raw(unsafe { libc::getpgrp() })
}

/// Sends `signal` to `pid`, or to the group `-pid`.
pub(super) fn kill(pid: i32, signal: i32) {
    // SAFETY: takes numbers only. A target that is gone is what most callers hope for.
    let _gone = unsafe { libc::kill(pid, signal) };
}

/// A `connect` of the command that waits for an answer.
pub(super) struct Question {
    pub(super) id: u64,
    pub(super) thread: i32,
    pub(super) socket: i32,
    pub(super) address: u64,
    pub(super) length: usize,
}

pub(super) fn next_question(listener: &OwnedFd) -> io::Result<Question> {
    // SAFETY: all zeroes is a valid `seccomp_notif`, and what the kernel demands to be given.
    let mut asked: libc::seccomp_notif = unsafe { mem::zeroed() };
    // SAFETY: the kernel fills in the structure that the request is defined for.
    checked(unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_RECV,
            &raw mut asked,
        )
    })?;
    let [socket, address, length, ..] = asked.data.args;
    // A descriptor and a length are C integers: the low halves of the registers.
    let low = |value: u64| value & u64::from(u32::MAX);
    Ok(Question {
        id: asked.id,
        thread: asked.pid.cast_signed(),
        socket: u32::try_from(low(socket)).unwrap_or(u32::MAX).cast_signed(),
        address,
        length: usize::try_from(low(length)).unwrap_or(usize::MAX),
    })
}

/// Answers a question: zero for success, or an error number.
pub(super) fn answer(listener: &OwnedFd, id: u64, error: i32) {
    let mut answer = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: -error,
        flags: 0,
    };
    // SAFETY: the kernel reads the structure that the request is defined for. That it fails means
    // that nobody waits for the answer any more.
    let _ended = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SEND,
            &raw mut answer,
        )
    };
}

/// Fails if whoever asked has ended meanwhile.
pub(super) fn still_asked(listener: &OwnedFd, id: u64) -> io::Result<()> {
    // SAFETY: the kernel reads one number.
    checked(unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
            &raw const id,
        )
    })
}

/// Connects to an address that is already in the kernel's form.
pub(super) fn connect(socket: &OwnedFd, address: &[u8]) -> io::Result<()> {
    let length =
        libc::socklen_t::try_from(address.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the kernel copies `length` bytes from the slice, and checks what they are.
    checked(unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr().cast(), length) })
}

/// Returns the address of a Unix socket in the kernel's form.
pub(super) fn unix_address(path: &[u8]) -> Vec<u8> {
    let mut address = libc::sa_family_t::try_from(libc::AF_UNIX)
        .unwrap_or_default()
        .to_ne_bytes()
        .to_vec();
    address.extend_from_slice(path);
    address.push(0);
    address
}

/// Returns the process at the other end of a Unix socket; zero if it has no number here.
pub(super) fn peer(socket: &OwnedFd) -> io::Result<i32> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = libc::socklen_t::try_from(size_of_val(&peer)).unwrap_or_default();
    // SAFETY: the kernel writes at most `length` bytes into `peer`, which has that size.
    checked(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    })?;
    Ok(peer.pid)
}

/// Returns a descriptor of the process at the other end of a Unix socket, which Linux 6.5 offers.
pub(super) fn peer_process(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let mut number: libc::c_int = -1;
    let mut length = libc::socklen_t::try_from(size_of_val(&number)).unwrap_or_default();
    // SAFETY: the kernel writes at most `length` bytes into `number`, which has that size.
    checked(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERPIDFD,
            (&raw mut number).cast(),
            &raw mut length,
        )
    })?;
    adopt(number)
}

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: `sigemptyset` initialises the whole set before it is read.
    unsafe {
        let mut set = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn checked_long(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

const LAST_SIGNAL: i32 = 31;
/// `IFF_UP | IFF_RUNNING`, which the C library has as wider integers.
const LOOPBACK_FLAGS: i16 = 0x1 | 0x40;
