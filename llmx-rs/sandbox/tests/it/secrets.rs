//! Reading what belongs to the user, and to the agent.

use crate::scene::{FREE, READ_ONLY, SECRET, WORKSPACE, everywhere, said};

const READS: &str = r#"
for file in .ssh/id .netrc .llmx/auth.json .llmx/config.toml; do
  cat "$HOME/$file"
  cat "/proc/self/root$HOME/$file"
  ( cd "$HOME" && cat "$file" )
  cp "$HOME/$file" ./copy && cat ./copy
  ln "$HOME/$file" ./hard && cat ./hard
  mv "$HOME/$file" ./moved && cat ./moved
  ln -sfn "$HOME/$file" ./soft && cat ./soft
done
chmod -R 777 "$HOME/.ssh" "$HOME/.netrc" "$HOME/.llmx"; cat "$HOME/.ssh/id" "$HOME/.netrc"
mv "$HOME/.ssh" ./ssh; cat ./ssh/id
cat /etc/shadow
echo END
"#;

#[test]
fn credentials_cannot_be_read() {
    everywhere(|scene| {
        for policy in [READ_ONLY, WORKSPACE] {
            let text = scene.refuses(policy, READS);
            assert!(!text.contains(SECRET), "{text}");
            assert!(!text.contains("root:"), "{text}");
        }
        // What llmx shares with commands stays readable, and so does the rest of the home.
        let shared = scene.works(READ_ONLY, r#"cat "$HOME/.llmx/prompts/a.md""#);
        assert_eq!(shared, "a prompt");
        // The attempt is a real one.
        assert!(said(&scene.run(FREE, r#"cat "$HOME/.ssh/id""#)).contains(SECRET));
    });
}

#[test]
fn a_home_that_is_the_workspace_keeps_its_secrets() {
    everywhere(|scene| {
        let script = r#"cat .ssh/id .netrc; echo x > .ssh/new; echo x > new; echo END"#;
        let output = scene
            .command(WORKSPACE, "home", &["sh", "-c", script])
            .output()
            .unwrap();
        let text = said(&output);
        assert!(!text.contains(SECRET), "{text}");
        assert!(!scene.path("home/.ssh/new").exists());
        if scene.rung == llmx_sandbox::Rung::Landlock {
            assert!(
                text.contains("REFUSED") && text.contains("credentials"),
                "{text}"
            );
        } else {
            assert!(scene.path("home/new").exists(), "{text}");
        }
    });
}

#[test]
fn a_workspace_inside_a_hidden_directory_can_be_worked_in() {
    everywhere(|scene| {
        std::fs::create_dir_all(scene.path("home/.llmx/trees/a")).unwrap();
        scene.give("home/.llmx/trees");
        let script = r#"echo x > new && cat ../../auth.json; echo END"#;
        let output = scene
            .command(WORKSPACE, "home/.llmx/trees/a", &["sh", "-c", script])
            .output()
            .unwrap();
        let text = said(&output);
        assert!(text.contains("END") && !text.contains(SECRET), "{text}");
        assert!(scene.path("home/.llmx/trees/a/new").exists(), "{text}");
    });
}

#[test]
fn the_agent_cannot_be_read_through_proc() {
    everywhere(|scene| {
        let script = format!(
            r#"
            for pid in {owner} $PPID 1 $(ls /proc | grep '^[0-9]'); do
              [ "$pid" = $$ ] && continue
              for name in environ maps; do
                tr '\0' '\n' < /proc/$pid/$name 2>/dev/null | grep AGENT_MARK
              done
              if [ "$pid" = {owner} ] || [ "$pid" = 1 ]; then
                ls /proc/$pid/root/ /proc/$pid/cwd/ 2>/dev/null | grep -q . && echo ESCAPED root of $pid
                for fd in 0 1 2 3 4 5 6 7 8 9; do
                  readlink /proc/$pid/fd/$fd && echo ESCAPED fd of $pid
                done
              fi
              true 2>/dev/null < /proc/$pid/mem && [ -r /proc/$pid/mem ] && head -c 0 /proc/$pid/mem && echo ESCAPED memory of $pid
              {{ true > /proc/$pid/mem; }} 2>/dev/null && echo ESCAPED writable memory of $pid
            done
            echo END
            "#,
            owner = std::process::id()
        );
        let mut shell = scene.shell(
            READ_ONLY,
            &format!(
                "unset AGENT_MARK; exec sh -c '{}'",
                script.replace('\'', r"'\''")
            ),
        );
        let output = shell
            .env("AGENT_MARK", "AGENT_MARK_VALUE")
            .output()
            .unwrap();
        let text = said(&output);
        assert!(text.contains("END"), "{text}");
        assert!(!text.contains("ESCAPED"), "{text}");
        // Only processes inside, which were given it, may show it.
        if scene.rung == llmx_sandbox::Rung::Landlock {
            assert!(!text.contains("AGENT_MARK_VALUE"), "{text}");
        }
    });
}
