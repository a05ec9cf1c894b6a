//! System calls that undo a sandbox, or work around it.

use crate::scene::{FREE, ONLINE, READ_ONLY, WORKSPACE, everywhere, skip};

const CALLS: &str = r#"
sleep 60 & victim=$!
for call in "ptrace $victim" "seize $victim" "ptrace $PPID" "read-memory $victim 4096" io-uring \
  unshare-user clone-user clone3-user remount umount x32-getpid type-into-terminal keyctl bpf \
  userfaultfd vsock "mknod-disk ./disk"; do
  "$HARNESS" attempt call $call && echo ESCAPED $call
done
kill $victim
mount --bind / / && echo ESCAPED mount
mount -o remount,rw / && echo ESCAPED remount
umount -l "$HOME/.ssh" && echo ESCAPED umount
unshare -Ur true && echo ESCAPED unshare
unshare -Urm mount -o remount,rw,bind / && echo ESCAPED remount in a new namespace
chroot / true && echo ESCAPED chroot
grep -q '^NoNewPrivs:.1' /proc/self/status || echo ESCAPED privileges
grep -q '^Seccomp:.2' /proc/self/status || echo ESCAPED filter
echo END
"#;

#[test]
fn no_call_undoes_the_sandbox() {
    everywhere(|scene| {
        for policy in [READ_ONLY, WORKSPACE, ONLINE] {
            scene.refuses(policy, CALLS);
        }
    });
}

#[test]
fn the_calls_are_real_ones() {
    everywhere(|scene| {
        // Calls that any user may make on any kernel that the tests run on.
        for call in ["io-uring", "clone3-user"] {
            let script = format!(r#""$HARNESS" attempt call {call} || echo REFUSED"#);
            let free = scene.works(FREE, &script);
            if free.contains("REFUSED") {
                skip(&format!("this machine itself refuses {call}: {free}"));
            }
        }
        scene.works(
            FREE,
            r#"sleep 9 & "$HARNESS" attempt call seize $!; code=$?; kill $!; exit $code"#,
        );
    });
}

#[test]
fn nothing_of_roots_power_is_left() {
    everywhere(|scene| {
        let text = scene.works(
            WORKSPACE,
            "grep -E '^Cap(Eff|Prm|Bnd|Amb)' /proc/self/status",
        );
        // CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER: for root, where mounts decide.
        let most = if scene.nobody { 0 } else { 0b1011 };
        for line in text.lines() {
            let (name, mask) = line.split_once(":\t").unwrap();
            let mask = u64::from_str_radix(mask, 16).unwrap();
            // Without capabilities nobody can shrink the bounding set; nothing can draw on it.
            if scene.nobody && name == "CapBnd" {
                continue;
            }
            assert_eq!(mask & !most, 0, "{}: {line}", scene.rung);
        }
    });
}
