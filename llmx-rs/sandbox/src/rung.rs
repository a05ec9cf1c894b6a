//! The rungs of the ladder, and the report on which one holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to hold a command, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// User, mount, process, IPC and network namespaces of our own, and a system call filter.
    Namespaces,
    /// The same namespaces, made by the program `bwrap`, which a distribution may have blessed.
    Bubblewrap,
    /// Landlock and a system call filter: no view of its own, but rights that only shrink.
    Landlock,
    /// Seatbelt, through `/usr/bin/sandbox-exec` of macOS.
    Seatbelt,
}

impl Rung {
    /// The rungs of this platform, best first.
    pub const LADDER: &[Self] = if cfg!(target_os = "linux") {
        &[Self::Namespaces, Self::Bubblewrap, Self::Landlock]
    } else if cfg!(target_os = "macos") {
        &[Self::Seatbelt]
    } else {
        &[]
    };

    /// Returns what this rung does not hold although the policy asks for it.
    pub fn weaknesses(self) -> &'static [&'static str] {
        match self {
            Self::Namespaces | Self::Bubblewrap => &[],
            Self::Landlock => &[
                "protected files inside writable directories (.git/config, .git/hooks, .llmx) are put back after the command, not held read-only during it",
                "modes, owners and times of your own files outside the writable directories can be changed, their contents cannot",
                "names of files in credential directories can be listed, their contents cannot be read",
                "there is no loopback network: programs that talk to themselves over 127.0.0.1 fail",
                "other processes can be seen in /proc, but not inspected or signalled",
            ],
            Self::Seatbelt => {
                &["what a command leaves running in a session of its own is not ended with it"]
            }
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Namespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
            Self::Seatbelt => "seatbelt",
        })
    }
}

/// Which rung is in use, and why the better ones are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The rung in use; without one, commands are refused.
    pub rung: Option<Rung>,
    /// The rungs that were tried before it, each with its reason.
    pub passed_over: Vec<PassedOver>,
    /// What the rung in use does not hold.
    pub weaknesses: Vec<String>,
}

/// A rung that does not hold on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// The rung.
    pub rung: Rung,
    /// What failed.
    pub reason: String,
    /// What would make the rung available.
    pub cure: String,
}

impl Report {
    /// Returns, on one line, why this rung is in use and no better one.
    pub fn reason(&self) -> String {
        let passed = self.passed_over.iter();
        let passed: Vec<_> = passed
            .map(|passed| format!("not {}: {} ({})", passed.rung, passed.reason, passed.cure))
            .collect();
        match (self.rung, passed.is_empty()) {
            (Some(_), true) => "the strongest boundary that llmx has for this system".to_owned(),
            (Some(_), false) => passed.join("; "),
            (None, true) => "llmx has no sandbox for this system: commands are refused".to_owned(),
            (None, false) => format!("commands are refused: {}", passed.join("; ")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rung {
            Some(rung) => write!(formatter, "{rung}")?,
            None => write!(formatter, "none: commands are refused")?,
        }
        for passed in &self.passed_over {
            write!(
                formatter,
                "\n  not {}: {} ({})",
                passed.rung, passed.reason, passed.cure
            )?;
        }
        for weakness in &self.weaknesses {
            write!(formatter, "\n  note: {weakness}")?;
        }
        Ok(())
    }
}
