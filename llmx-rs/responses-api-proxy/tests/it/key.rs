//! The key: how it comes in, where it never goes, and what protects it.

use crate::proxy::{KEY, Proxy, command, echo_upstream, run};

#[test]
fn bad_keys_end_the_program_with_the_rule_and_without_the_key() {
    for (key, rule) in [
        (String::new(), "no API key"),
        ("\n".to_owned(), "no API key"),
        ("sk canary\n".to_owned(), "may not have"),
        ("canary".repeat(200), "longer than 1016 bytes"),
    ] {
        let (status, stderr) = run(command(), &key);
        assert_eq!(status.code(), Some(1));
        assert!(stderr.contains(rule), "{stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
    }
}

#[test]
fn a_key_that_is_also_in_the_environment_is_reported_by_the_variables_name() {
    let upstream = echo_upstream();
    let mut command = command();
    command
        .args(["--require-hardening", "--upstream-url", &upstream.url("/")])
        .env("SOME_API_KEY", KEY);
    let (status, stderr) = run(command, KEY);
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("env -u SOME_API_KEY"), "{stderr}");
    assert!(!stderr.contains(KEY), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_protection_that_does_not_hold_is_reported_or_fatal() {
    for required in [false, true] {
        let upstream = echo_upstream();
        let program = env!("CARGO_BIN_EXE_llmx-responses-api-proxy");
        let url = upstream.url("/v1/responses");
        // Without CAP_IPC_LOCK a limit of zero forbids mlock; as root the capability goes first.
        let mut command = std::process::Command::new("sh");
        let flag = if required { "--require-hardening" } else { "" };
        let start = format!("ulimit -l 0; exec {program} --upstream-url {url} {flag}");
        command.args(["-c", &drop_capability(&start)]);
        if required {
            let (status, stderr) = run(command, KEY);
            assert_eq!(status.code(), Some(1), "{stderr}");
            assert!(
                stderr.contains("--require-hardening") && stderr.contains("mlock"),
                "{stderr}"
            );
        } else {
            let (child, log) = crate::proxy::launch(command, &format!("{KEY}\n"));
            let line = log
                .recv_timeout(std::time::Duration::from_secs(10))
                .unwrap();
            crate::proxy::end(child);
            assert!(line.contains("warning") && line.contains("mlock"), "{line}");
        }
    }
}

#[cfg(target_os = "linux")]
fn drop_capability(script: &str) -> String {
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    if root {
        let script = script.replace('\'', "'\\''");
        format!("exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock sh -c '{script}'")
    } else {
        script.to_owned()
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_proxy_is_hardened_and_its_key_is_in_no_argument_or_environment() {
    use std::fs;
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &["--require-hardening"]);
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 200);
    let of = |file: &str| fs::read(format!("/proc/{}/{file}", proxy.pid()));
    let status = String::from_utf8(of("status").unwrap()).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    let locked = status
        .lines()
        .find(|line| line.starts_with("VmLck:"))
        .unwrap();
    assert!(!locked.contains(" 0 kB"), "{locked}");
    let limits = String::from_utf8(of("limits").unwrap()).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    for file in ["cmdline", "environ"] {
        // To anyone but root these files of a process that is not dumpable are closed.
        let text = of(file).unwrap_or_default();
        assert!(
            memchr::memmem::find(&text, KEY.as_bytes()).is_none(),
            "{file}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn another_process_of_the_same_user_cannot_read_its_memory() {
    let upstream = echo_upstream();
    let program = env!("CARGO_BIN_EXE_llmx-responses-api-proxy");
    // Run as an ordinary user on both sides: root may read everything, and SECURITY.md says so.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("proxy");
    std::fs::copy(program, &copy).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open).unwrap();
    let mut command = as_nobody(&copy);
    command.args(["--upstream-url", &upstream.url("/v1/responses")]);
    let proxy = Proxy::spawn(command);
    let memory = format!("/proc/{}/mem", proxy.pid());
    let environment = format!("/proc/{}/environ", proxy.pid());
    for file in [&memory, &environment] {
        let mut spy = as_nobody(std::path::Path::new("/bin/cat"));
        let output = spy.arg(file).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{file} was read");
        assert!(said.contains("Permission denied"), "{said}");
    }
}

/// Returns a command that runs `program` without root's rights.
#[cfg(target_os = "linux")]
fn as_nobody(program: &std::path::Path) -> std::process::Command {
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    if !root {
        return std::process::Command::new(program);
    }
    let mut command = std::process::Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program);
    command
}
