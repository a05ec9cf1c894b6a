//! Makes connections for the command, so that Unix sockets work between its own processes only.
//!
//! A filter sees numbers, not the path that a `connect` leads to. So the kernel asks the keeper,
//! which is not filtered: it copies the address, looks where it leads, and makes the connection
//! itself, on the command's socket. What it looked at is what it connects, whatever the command
//! changes meanwhile; a call is never let through to be made again by the command.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::net::sockopt::{socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketFlags, socket_with};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::handoff;
use super::sys::{self, Question};
use crate::plan::Plan;
use crate::rung::Rung;

/// What connects for the command.
pub(super) struct Broker {
    handoff: UnixStream,
    listener: Option<Arc<OwnedFd>>,
    rules: Arc<Rules>,
}

/// Where a command may connect to.
struct Rules {
    /// Where a socket of the command's own can be.
    places: Vec<PathBuf>,
    /// Whether nobody else is in the network and process namespaces of the command.
    own_network: bool,
    own_processes: bool,
}

impl Broker {
    /// Returns a broker, and what the command hands its end of the filter over with; nothing if
    /// this machine does not let one process act for another.
    pub(super) fn new(plan: &Plan) -> Option<(Self, UnixStream)> {
        let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
        if scope.is_ok_and(|scope| !matches!(scope.trim(), "0" | "1")) {
            return None;
        }
        let (handoff, other) = UnixStream::pair().ok()?;
        let own = plan.rung != Rung::Landlock;
        let mut places = plan.writable.clone();
        if own {
            places.push("/dev/shm".into());
        }
        let rules = Rules {
            places,
            own_network: own && !plan.network,
            own_processes: own,
        };
        let broker = Self {
            handoff,
            listener: None,
            rules: Arc::new(rules),
        };
        Some((broker, other))
    }

    /// Returns the descriptor that is readable when there is something to do.
    pub(super) fn watched(&self) -> BorrowedFd<'_> {
        match &self.listener {
            Some(listener) => listener.as_fd(),
            None => self.handoff.as_fd(),
        }
    }

    /// Does what there is to do. Returns false when there will never be anything again.
    pub(super) fn serve(&mut self) -> bool {
        let Some(listener) = &self.listener else {
            self.listener = handoff::receive(&self.handoff).map(Arc::new);
            return self.listener.is_some();
        };
        let question = match sys::next_question(listener) {
            Ok(question) => question,
            // The process that asked has ended; others may follow.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return true,
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        };
        let (listener, rules) = (Arc::clone(listener), Arc::clone(&self.rules));
        let id = question.id;
        // A connection can take its time, and others must not wait for it.
        let asked = Arc::clone(&listener);
        let spawned = thread::Builder::new().spawn(move || {
            let result = connect(&question, &asked, &rules);
            sys::answer(asked.as_ref(), question.id, error_number(result));
        });
        if spawned.is_err() {
            sys::answer(listener.as_ref(), id, libc::EAGAIN);
        }
        true
    }
}

fn error_number(result: io::Result<()>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => error.raw_os_error().unwrap_or(libc::EPERM),
    }
}

/// Makes the connection that `question` is about.
fn connect(question: &Question, listener: &OwnedFd, rules: &Rules) -> io::Result<()> {
    let process = process_of(question.thread).ok_or(io::ErrorKind::PermissionDenied)?;
    let pidfd = pidfd_open(process, PidfdFlags::empty())?;
    let socket = pidfd_getfd(&pidfd, question.socket, PidfdGetfdFlags::empty())?;
    let mut address = vec![0; question.length.min(LONGEST_ADDRESS)];
    let memory = File::open(format!("/proc/{}/mem", question.thread))?;
    memory.read_exact_at(&mut address, question.address)?;
    // Until here the number could have become another process's; what was read is the asker's.
    sys::still_asked(listener, question.id)?;
    if socket_domain(&socket)? != AddressFamily::UNIX {
        return sys::connect(&socket, &address);
    }
    let name = address
        .get(size_of::<libc::sa_family_t>()..)
        .unwrap_or_default();
    match name.first() {
        // An address without a family ends a connection.
        None => sys::connect(&socket, &address),
        Some(0) if rules.own_network => sys::connect(&socket, &address),
        Some(0) => Err(io::Error::from_raw_os_error(libc::EPERM)),
        Some(_) => {
            let path = name.split(|byte| *byte == 0).next().unwrap_or_default();
            connect_by_path(
                &socket,
                Path::new(std::ffi::OsStr::from_bytes(path)),
                question,
                rules,
            )
        }
    }
}

fn connect_by_path(
    socket: &OwnedFd,
    path: &Path,
    question: &Question,
    rules: &Rules,
) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let place = if path.is_absolute() {
        openat(CWD, path, flags, Mode::empty())?
    } else {
        let directory = format!("/proc/{}/cwd", question.thread);
        let directory = openat(CWD, directory, flags, Mode::empty())?;
        openat(directory, path, flags, Mode::empty())?
    };
    let name = format!("/proc/self/fd/{}", place.as_raw_fd());
    let real = fs::read_link(&name)?;
    if !rules.places.iter().any(|root| real.starts_with(root)) {
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    // Such a place may be shared, so who listens there counts. A first connection, of the keeper's
    // own, tells, and nothing is sent on it.
    let kind = socket_type(socket)?;
    let probe = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    let address = sys::unix_address(name.as_bytes());
    sys::connect(&probe, &address)?;
    let peer = sys::peer(&probe)?;
    let ours = match rules.own_processes {
        // Processes outside have no number here.
        true => peer > 0,
        // Numbers are used again: the listener must live, so that its number is its own.
        false => {
            let listener = sys::peer_process(&probe)?;
            let below = is_descendant(peer);
            is_alive(&listener)? && below
        }
    };
    if !ours {
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    drop(probe);
    sys::connect(socket, &address)
}

fn is_alive(pidfd: &OwnedFd) -> io::Result<bool> {
    let mut watched = [PollFd::new(pidfd, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(poll(&mut watched, Some(&now))? == 0)
}

/// Returns the process that a thread belongs to.
fn process_of(thread: i32) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

/// Whether `pid` is below this process.
fn is_descendant(mut pid: i32) -> bool {
    let own = getpid().as_raw_nonzero().get();
    while pid > 1 && pid != own {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return false;
        };
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        pid = parent.unwrap_or(0);
    }
    pid == own
}

/// `sizeof(struct sockaddr_storage)`: the kernel takes no longer address.
const LONGEST_ADDRESS: usize = 128;
