//! Writes the profile that macOS holds a command to, and the call of `sandbox-exec` that does so.
//!
//! The profile is text in Apple's own dialect of Scheme: everything is denied that is not allowed,
//! and of several rules that match, the last one counts. Paths are given as parameters, never as
//! part of the text, so that no name of a directory can close a string and add a rule.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::launch::{Launch, Leads};
use crate::plan::Grant;

/// Returns what starts `command` under a profile for `grant`.
pub(crate) fn launch(grant: Grant, command: &[OsString], workdir: PathBuf) -> Launch {
    let profile = Profile::of(grant);
    let mut arguments: Vec<OsString> = vec!["-p".into(), profile.text.into()];
    for (name, path) in profile.parameters {
        let mut definition = OsString::from(format!("-D{name}="));
        definition.push(path);
        arguments.push(definition);
    }
    arguments.push("--".into());
    arguments.extend(command.iter().cloned());
    Launch {
        program: "/usr/bin/sandbox-exec".into(),
        arg0: None,
        arguments,
        variables: Vec::new(),
        workdir,
        leads: Leads::Nothing,
    }
}

struct Profile {
    text: String,
    parameters: Vec<(String, PathBuf)>,
}

impl Profile {
    fn of(grant: Grant) -> Self {
        let mut profile = Self {
            text: BASE.to_owned(),
            parameters: Vec::new(),
        };
        for root in &grant.writable {
            profile.rule("allow file-write*", "subpath", root);
        }
        let protected = grant.protected;
        let held = protected.read_only.iter().chain(&protected.absent);
        for path in held.chain(&protected.links) {
            profile.rule("deny file-write*", "subpath", path);
        }
        for path in &protected.pinned {
            // The directory itself may be neither moved nor removed; what it holds may change.
            profile.rule("deny file-write-unlink", "literal", path);
        }
        for store in &grant.hidden {
            profile.rule("deny file-read* file-write*", "subpath", &store.path);
            for shown in &store.exposed {
                profile.rule("allow file-read*", "subpath", shown);
                if grant.writable.iter().any(|root| shown.starts_with(root)) {
                    profile.rule("allow file-write*", "subpath", shown);
                }
            }
        }
        if grant.network {
            profile.text.push_str(NETWORK);
        }
        profile
    }

    fn rule(&mut self, verdict: &str, kind: &str, path: &Path) {
        let name = format!("PATH_{}", self.parameters.len());
        let written = writeln!(self.text, "({verdict} ({kind} (param \"{name}\")))");
        debug_assert!(written.is_ok(), "writing to a string does not fail");
        self.parameters.push((name, path.to_owned()));
    }
}

const BASE: &str = r#"(version 1)
(deny default)
; Processes: start any, and signal or look into those of this sandbox only.
(allow process-fork)
(allow process-exec)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
; Files: read all but what is denied below.
(allow file-read*)
(allow file-write-data
  (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))
(allow file-ioctl (literal "/dev/tty") (regex #"^/dev/ttys[0-9]+$"))
(allow file-read* file-write* (regex #"^/dev/ttys[0-9]+$"))
(allow pseudo-tty)
(allow file-read* file-write* file-ioctl (literal "/dev/ptmx"))
; What every program asks the system for before its first line runs.
(allow sysctl-read)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.system.logger")
  (global-name "com.apple.PowerManagement.control"))
(allow ipc-posix-sem)
(allow user-preference-read)
"#;

const NETWORK: &str = r#"(allow network-outbound (remote ip))
(allow network-inbound (local ip))
(allow network-bind (local ip))
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name "com.apple.dnssd.service")
  (global-name "com.apple.trustd.agent")
  (global-name "com.apple.networkd"))
(allow network-outbound (literal "/private/var/run/mDNSResponder"))
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Hidden;
    use crate::protect::Protected;

    fn grant(network: bool) -> Grant {
        Grant {
            writable: vec!["/w\")(allow default)".into()],
            protected: Protected {
                read_only: vec!["/w/.git/config".into()],
                pinned: vec!["/w/.git".into()],
                absent: vec!["/w/.llmx".into()],
                links: Vec::new(),
                git_directories: Vec::new(),
            },
            hidden: vec![Hidden {
                path: "/h/.ssh".into(),
                exposed: Vec::new(),
            }],
            network,
        }
    }

    #[test]
    fn paths_are_parameters_and_later_rules_take_away() {
        let launch = launch(grant(false), &["true".into()], "/w".into());
        let text: Vec<_> = launch
            .arguments
            .iter()
            .map(|argument| argument.to_str().unwrap())
            .collect();
        let profile = text[1].strip_prefix(BASE).unwrap();
        assert_eq!(
            profile,
            "(allow file-write* (subpath (param \"PATH_0\")))\n\
             (deny file-write* (subpath (param \"PATH_1\")))\n\
             (deny file-write* (subpath (param \"PATH_2\")))\n\
             (deny file-write-unlink (literal (param \"PATH_3\")))\n\
             (deny file-read* file-write* (subpath (param \"PATH_4\")))\n"
        );
        assert_eq!(text[2], "-DPATH_0=/w\")(allow default)");
        assert_eq!(text[text.len() - 2..], ["--", "true"]);
        assert!(!text[1].contains("network"));
    }

    #[test]
    fn the_network_is_a_grant_and_parentheses_balance() {
        for network in [false, true] {
            let text = Profile::of(grant(network)).text;
            assert_eq!(text.contains("network-outbound"), network);
            assert_eq!(text.matches('(').count(), text.matches(')').count());
        }
    }
}
