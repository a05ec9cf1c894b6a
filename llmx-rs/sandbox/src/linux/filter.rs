//! The system calls that a command has no business with, as a filter the kernel runs.
//!
//! Written for the kernel's classic BPF machine by hand: it is a list of comparisons, and the one
//! library for it cannot compare the range of call numbers that the x32 interface adds.

use std::mem::offset_of;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::message::Doing;
use super::{handoff, sys};
use crate::plan::Plan;
use crate::rung::Rung;

/// Installs the filter for this process and all that it will start.
///
/// With `handoff`, the other end of which a broker has, the command may use Unix sockets: the broker
/// is asked before each connection. A kernel that cannot ask gets the filter without them.
pub(super) fn install(plan: &Plan, handoff: Option<&UnixStream>) -> Result<(), String> {
    if let Some(handoff) = handoff {
        let flags =
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        if let Ok(listener) = sys::install_filter(&program(plan, true), flags) {
            let listener = sys::adopt(listener).doing("taking over the filter")?;
            return handoff::send(handoff, listener.as_fd()).doing("handing over the filter");
        }
    }
    sys::install_filter(&program(plan, false), 0)
        .map(|_no_listener| ())
        .doing("installing the system call filter")
}

fn program(plan: &Plan, brokered: bool) -> Vec<libc::sock_filter> {
    let mut program = vec![
        load(offset_of!(libc::seccomp_data, arch)),
        skip_if_equal(ARCHITECTURE, 1),
        // Calls of another architecture have other numbers, and no filter of their own.
        refuse(libc::ENOSYS),
        load(offset_of!(libc::seccomp_data, nr)),
    ];
    if cfg!(target_arch = "x86_64") {
        program.extend([jump(libc::BPF_JGE, X32_BIT, 0, 1), refuse(libc::ENOSYS)]);
    }
    for (call, _reason) in FORBIDDEN {
        program.extend([skip_unless_equal(number(*call), 1), refuse(libc::EPERM)]);
    }
    if plan.rung == Rung::Landlock {
        for call in SHARED_MEMORY {
            program.extend([skip_unless_equal(number(*call), 1), refuse(libc::EPERM)]);
        }
    }
    for call in HIDDEN {
        // Libraries try these first and know what to do on a kernel without them.
        program.extend([skip_unless_equal(number(*call), 1), refuse(libc::ENOSYS)]);
    }
    let families = families(plan);
    let mut socket: Vec<_> = vec![load_argument(0)];
    for family in families {
        socket.extend([skip_unless_equal(family.cast_unsigned(), 1), allow()]);
    }
    if brokered {
        // Datagrams name where they go one by one, which nobody could ask about in time.
        socket.extend([
            skip_unless_equal(libc::AF_UNIX.cast_unsigned(), 5),
            load_argument(1),
            and(SOCKET_TYPE),
            skip_if_equal(libc::SOCK_STREAM.cast_unsigned(), 1),
            skip_unless_equal(libc::SOCK_SEQPACKET.cast_unsigned(), 1),
            allow(),
        ]);
        on_call(&mut program, libc::SYS_connect, &[ask()]);
    }
    socket.push(refuse(libc::EPERM));
    on_call(&mut program, libc::SYS_socket, &socket);
    on_call(
        &mut program,
        libc::SYS_socketpair,
        // A pair of datagram sockets can still be sent from to any other socket by its path.
        &[
            load_argument(1),
            and(SOCKET_TYPE),
            skip_unless_equal(libc::SOCK_DGRAM.cast_unsigned(), 1),
            refuse(libc::EPERM),
            allow(),
        ],
    );
    on_call(
        &mut program,
        libc::SYS_clone,
        &[
            load_argument(0),
            jump(libc::BPF_JSET, NAMESPACES, 0, 1),
            refuse(libc::EPERM),
            allow(),
        ],
    );
    on_call(
        &mut program,
        libc::SYS_ioctl,
        &[
            load_argument(1),
            skip_unless_equal(TYPE_INTO_TERMINAL, 1),
            refuse(libc::EPERM),
            skip_unless_equal(PASTE_INTO_CONSOLE, 1),
            refuse(libc::EPERM),
            allow(),
        ],
    );
    program.push(allow());
    program
}

/// Returns the socket families a command may open.
///
/// Unix sockets are not among them: a path leads to whatever listens there, such as a container
/// engine, a key agent or a desktop, and no filter sees the path. They take a broker.
fn families(plan: &Plan) -> &'static [i32] {
    let own_network = plan.rung != Rung::Landlock;
    if own_network || plan.network {
        &[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]
    } else {
        &[]
    }
}

/// Appends `block`, which ends in a verdict, for one call.
fn on_call(program: &mut Vec<libc::sock_filter>, call: libc::c_long, block: &[libc::sock_filter]) {
    let length = u8::try_from(block.len()).unwrap_or(u8::MAX);
    program.push(skip_unless_equal(number(call), length));
    program.extend_from_slice(block);
}

fn load(offset: usize) -> libc::sock_filter {
    statement(
        libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
        u32::try_from(offset).unwrap_or(u32::MAX),
    )
}

/// Loads the low half of an argument, which is all that a C `int` has.
fn load_argument(index: usize) -> libc::sock_filter {
    let high_first = if cfg!(target_endian = "big") { 4 } else { 0 };
    load(offset_of!(libc::seccomp_data, args) + index * size_of::<u64>() + high_first)
}

fn and(mask: u32) -> libc::sock_filter {
    statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, mask)
}

fn allow() -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW)
}

/// Has the kernel ask the broker.
fn ask() -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_USER_NOTIF)
}

fn refuse(error: i32) -> libc::sock_filter {
    let verdict = libc::SECCOMP_RET_ERRNO | error.cast_unsigned();
    statement(libc::BPF_RET | libc::BPF_K, verdict)
}

fn skip_if_equal(value: u32, count: u8) -> libc::sock_filter {
    jump(libc::BPF_JEQ, value, count, 0)
}

fn skip_unless_equal(value: u32, count: u8) -> libc::sock_filter {
    jump(libc::BPF_JEQ, value, 0, count)
}

fn jump(test: u32, value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    libc::sock_filter {
        jt: then,
        jf: otherwise,
        ..statement(libc::BPF_JMP | test | libc::BPF_K, value)
    }
}

fn statement(code: u32, value: u32) -> libc::sock_filter {
    libc::sock_filter {
        // Every code of this machine is below 256.
        code: u16::try_from(code).unwrap_or(u16::MAX),
        jt: 0,
        jf: 0,
        k: value,
    }
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

const FORBIDDEN: &[(libc::c_long, &str)] = &[
    (libc::SYS_ptrace, "reads and steers other processes"),
    (libc::SYS_process_vm_readv, "reads other processes"),
    (libc::SYS_process_vm_writev, "writes other processes"),
    (libc::SYS_process_madvise, "steers other processes"),
    (libc::SYS_pidfd_getfd, "takes files of other processes"),
    (libc::SYS_kcmp, "compares other processes"),
    (
        libc::SYS_io_uring_setup,
        "does what this filter forbids, unseen",
    ),
    (
        libc::SYS_io_uring_enter,
        "does what this filter forbids, unseen",
    ),
    (
        libc::SYS_io_uring_register,
        "does what this filter forbids, unseen",
    ),
    (libc::SYS_mount, "changes what is mounted"),
    (libc::SYS_umount2, "changes what is mounted"),
    (libc::SYS_pivot_root, "changes what is mounted"),
    (libc::SYS_move_mount, "changes what is mounted"),
    (libc::SYS_open_tree, "changes what is mounted"),
    (libc::SYS_mount_setattr, "changes what is mounted"),
    (libc::SYS_fsopen, "changes what is mounted"),
    (libc::SYS_fsconfig, "changes what is mounted"),
    (libc::SYS_fsmount, "changes what is mounted"),
    (libc::SYS_fspick, "changes what is mounted"),
    (
        libc::SYS_unshare,
        "a new user namespace brings every capability back",
    ),
    (libc::SYS_setns, "enters other namespaces"),
    (
        libc::SYS_chroot,
        "needs a right that is gone; refused early",
    ),
    (libc::SYS_keyctl, "the kernel's key rings know no namespace"),
    (
        libc::SYS_add_key,
        "the kernel's key rings know no namespace",
    ),
    (libc::SYS_request_key, "starts a program outside"),
    (libc::SYS_bpf, "programs inside the kernel"),
    (
        libc::SYS_perf_event_open,
        "watches the kernel and other processes",
    ),
    (libc::SYS_userfaultfd, "makes kernel races easy to win"),
    (libc::SYS_open_by_handle_at, "opens files past every mount"),
    (libc::SYS_fanotify_init, "watches whole file systems"),
    (libc::SYS_init_module, "code inside the kernel"),
    (libc::SYS_finit_module, "code inside the kernel"),
    (libc::SYS_delete_module, "code inside the kernel"),
    (libc::SYS_kexec_load, "another kernel"),
    (libc::SYS_reboot, "the machine"),
    (libc::SYS_swapon, "the machine"),
    (libc::SYS_swapoff, "the machine"),
    (libc::SYS_acct, "the machine"),
    (libc::SYS_settimeofday, "the machine"),
    (libc::SYS_clock_settime, "the machine"),
    (libc::SYS_quotactl, "the machine"),
    (libc::SYS_syslog, "reads the kernel's log"),
    (libc::SYS_vhangup, "the terminal of others"),
    (libc::SYS_lookup_dcookie, "an old way into the kernel"),
];

/// Objects that all processes of a user share where there is no IPC namespace.
const SHARED_MEMORY: &[libc::c_long] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// `clone3` takes its flags in memory, where no filter sees them.
const HIDDEN: &[libc::c_long] = &[libc::SYS_clone3];

const NAMESPACES: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP)
    .cast_unsigned();
const SOCKET_TYPE: u32 = 0xf;
/// `TIOCSTI`: types into the terminal as if the user had.
const TYPE_INTO_TERMINAL: u32 = 0x5412;
/// `TIOCLINUX`: pastes into the console.
const PASTE_INTO_CONSOLE: u32 = 0x541c;
const X32_BIT: u32 = 0x4000_0000;
/// `AUDIT_ARCH_…`: the machine's ELF number, with bits for 64 bits and little endian.
const ARCHITECTURE: u32 = 0xc000_0000
    | if cfg!(target_arch = "x86_64") {
        62
    } else if cfg!(target_arch = "aarch64") {
        183
    } else if cfg!(target_arch = "riscv64") {
        243
    } else {
        // No call matches, so no command runs: an architecture has to be added on purpose.
        0
    };
