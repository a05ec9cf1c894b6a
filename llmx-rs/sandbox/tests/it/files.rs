//! Writing where the policy does not allow it, by every road to a file.

use std::fs;

use crate::scene::{ONLINE, READ_ONLY, WORKSPACE, everywhere};

#[test]
fn nothing_outside_the_workspace_can_be_written() {
    everywhere(|scene| {
        for policy in [READ_ONLY, WORKSPACE, ONLINE] {
            scene.refuses(policy, WRITES);
        }
    });
}

const WRITES: &str = r#"
echo x > "$OUTSIDE/new" && echo ESCAPED absolute
echo x > "$OUTSIDE/file" && echo ESCAPED existing
echo x >> "$OUTSIDE/file" && echo ESCAPED append
true > "$OUTSIDE/file" && echo ESCAPED truncate
truncate -s 0 "$OUTSIDE/file" && echo ESCAPED truncate by call
echo x > ../outside/new && echo ESCAPED dots
mkdir "$OUTSIDE/dir" && echo ESCAPED mkdir
rm "$OUTSIDE/file" && echo ESCAPED rm
mv "$OUTSIDE/file" "$OUTSIDE/other" && echo ESCAPED rename
ln -s x "$OUTSIDE/link" && echo ESCAPED symlink made
mkfifo "$OUTSIDE/fifo" && echo ESCAPED fifo made
for self in /proc/self /proc/1 /proc/$PPID /proc/thread-self; do
  echo x > "$self/root$OUTSIDE/new" && echo ESCAPED by $self/root
  echo x > "$self/cwd/../outside/new" && echo ESCAPED by $self/cwd
done
true >> /etc/passwd && echo ESCAPED etc
# Opening is the attempt; these are the machine's own, so nothing is written even where it works.
for knob in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /dev/kmsg /sys/kernel/mm/ksm/run; do
  true >> $knob && echo ESCAPED $knob
done
for disk in /dev/vda /dev/sda /dev/nvme0n1 /dev/mem; do
  true < $disk && echo ESCAPED disk $disk
done
echo END
"#;

#[test]
fn the_workspace_is_no_stepping_stone() {
    everywhere(|scene| {
        scene.refuses(
            WORKSPACE,
            r#"
            ln -s "$OUTSIDE" way && echo x > way/new && echo ESCAPED symlink
            ln -s "$OUTSIDE/file" name && echo x > name && echo ESCAPED symlink to file
            ln "$OUTSIDE/file" hard && echo x > hard && echo ESCAPED hard link
            echo mine > mine
            mv mine "$OUTSIDE/mine" && echo ESCAPED moved out
            ln mine "$OUTSIDE/mine" && echo ESCAPED linked out
            cp mine "$OUTSIDE/mine" && echo ESCAPED copied out
            mkdir up && mv "$OUTSIDE" up/ && echo ESCAPED moved in
            mv ../ws ../ws2 && echo ESCAPED moved the workspace
            echo END
            "#,
        );
    });
}

#[test]
fn a_race_of_links_is_not_won() {
    everywhere(|scene| {
        scene.refuses(
            WORKSPACE,
            r#"
            mkdir real
            ( i=0; while [ $i -lt 200 ]; do
                ln -sfn "$OUTSIDE" spot; ln -sfn "$PWD/real" spot; i=$((i+1)); done ) &
            i=0; while [ $i -lt 400 ]; do echo x 2>/dev/null > spot/new; i=$((i+1)); done
            wait
            echo END
            "#,
        );
    });
}

#[test]
fn the_workspace_and_the_usual_devices_can_be_written() {
    everywhere(|scene| {
        scene.works(
            WORKSPACE,
            r#"
            set -e
            mkdir -p a/b; echo x > a/b/c; mv a/b a/d; ln a/d/c hard; ln -s hard soft; chmod 600 hard
            rm -r a; cat soft > /dev/null; echo x > /dev/null; head -c 4 /dev/urandom > random
            truncate -s 9 random
            "#,
        );
        assert_eq!(fs::read_to_string(scene.path("ws/hard")).unwrap(), "x\n");
    });
}

#[test]
fn a_refusal_looks_like_any_other() {
    everywhere(|scene| {
        for policy in [READ_ONLY, WORKSPACE] {
            let output = scene.run(policy, r#"LC_ALL=C touch "$OUTSIDE/new""#);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(llmx_sandbox::was_denied(output.status, &text), "{text}");
        }
    });
}

#[test]
fn temporary_files_may_be_written_unless_that_is_excluded() {
    everywhere(|scene| {
        let name = format!("/tmp/llmx-sandbox-{}-{}", std::process::id(), scene.rung);
        let script = format!("echo x > {name} && rm {name}");
        scene.works(r#"{"type":"workspace-write"}"#, &script);
        assert!(!scene.run(WORKSPACE, &script).status.success());
        assert!(!scene.run(READ_ONLY, &script).status.success());
        fs::create_dir(scene.path("tmp")).unwrap();
        scene.give("tmp");
        for (policy, may) in [
            (
                r#"{"type":"workspace-write","exclude_slash_tmp":true}"#,
                true,
            ),
            (WORKSPACE, false),
        ] {
            let mut shell = scene.shell(policy, r#"echo x > "$TMPDIR/x""#);
            let output = shell.env("TMPDIR", scene.path("tmp")).output().unwrap();
            assert_eq!(output.status.success(), may, "{policy}: {output:?}");
        }
    });
}

#[test]
fn a_command_that_may_write_nothing_still_has_a_scratch_place() {
    everywhere(|scene| {
        if scene.rung == llmx_sandbox::Rung::Landlock {
            return;
        }
        let script = r#"set -e; f=$(mktemp); echo x > "$f"; cat "$f""#;
        assert_eq!(scene.works(READ_ONLY, script), "x\n");
    });
}

#[test]
fn a_writable_root_may_be_named_by_a_link() {
    everywhere(|scene| {
        std::os::unix::fs::symlink(scene.path("outside"), scene.path("alias")).unwrap();
        let root = serde_json::to_string(&scene.path("alias")).unwrap();
        let policy = format!(
            r#"{{"type":"workspace-write","writable_roots":[{root}],"exclude_slash_tmp":true,"exclude_tmpdir_env_var":true}}"#
        );
        scene.works(
            &policy,
            r#"echo x > "$OUTSIDE/new" && echo x > ../alias/new2"#,
        );
        assert!(scene.path("outside/new").exists() && scene.path("outside/new2").exists());
    });
}
