//! The rung without a view of its own: rights to files that only shrink.
//!
//! Landlock knows no exceptions: a right to a directory is a right to all below it. So reading is
//! granted beside every path that leads to a credential store, down to the store, which gets none.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::message::Doing;
use crate::plan::Plan;

/// The rules of one command, ready to be enforced.
pub(super) type Rules = RulesetCreated;

/// Writes down what the plan grants.
pub(super) fn rules(plan: &Plan) -> Result<Rules, String> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(OLDEST))
        .doing("asking for Landlock")?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .doing("asking for Landlock")?;
    grant(&mut rules, Path::new("/"), AccessFs::ReadDir.into())?;
    let mut kept_back: Vec<PathBuf> = vec!["/dev".into()];
    kept_back.extend(plan.hidden.iter().map(|store| store.path.clone()));
    grant_beside(&mut rules, Path::new("/"), &kept_back)?;
    for path in plan.hidden.iter().flat_map(|store| &store.exposed) {
        grant(&mut rules, path, READ)?;
    }
    for path in &plan.writable {
        grant(&mut rules, path, AccessFs::from_all(NEWEST))?;
    }
    for device in DEVICES {
        grant(&mut rules, Path::new(device), DEVICE)?;
    }
    Ok(rules)
}

/// Enforces the rules for this process and all that it will start.
pub(super) fn enforce(rules: Rules) -> Result<(), String> {
    let status = rules.restrict_self().doing("enforcing Landlock")?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("Landlock is not enforced".to_owned()),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

/// Returns what this kernel's Landlock lacks.
pub(super) fn notes() -> Vec<&'static str> {
    let scoped = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::Signal)
        .is_ok();
    if scoped {
        return Vec::new();
    }
    vec!["commands can send signals to your other processes: that takes Linux 6.12 to forbid"]
}

/// Grants reading to everything below `directory` but what is kept back.
fn grant_beside(rules: &mut Rules, directory: &Path, kept_back: &[PathBuf]) -> Result<(), String> {
    let leads_on = |path: &Path| kept_back.iter().any(|kept| kept.starts_with(path));
    let entries: Vec<_> = match fs::read_dir(directory) {
        Ok(entries) => entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect(),
        // A directory that may be passed but not listed: no grant, except on the way further down.
        Err(_) => kept_back
            .iter()
            .filter_map(|kept| {
                let next = kept.strip_prefix(directory).ok()?.components().next()?;
                Some(directory.join(next))
            })
            .collect(),
    };
    for path in entries {
        if kept_back.contains(&path) {
            continue;
        }
        if leads_on(&path) {
            grant_beside(rules, &path, kept_back)?;
        } else {
            grant(rules, &path, READ)?;
        }
    }
    Ok(())
}

/// Grants `access` to `path` and all below it. What is gone, or a link, needs no grant: what a link
/// points at is granted where it is.
fn grant(rules: &mut Rules, path: &Path, access: BitFlags<AccessFs>) -> Result<(), String> {
    let Some((place, is_directory)) = open(path) else {
        return Ok(());
    };
    let access = match is_directory {
        true => access,
        false => access & AccessFs::from_file(NEWEST),
    };
    rules
        .add_rule(PathBeneath::new(place, access))
        .map(|_rules| ())
        .doing(&format!("granting {}", path.display()))
}

fn open(path: &Path) -> Option<(OwnedFd, bool)> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let place = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).ok()?;
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&place).ok()?.st_mode);
    Some((place, kind.is_dir()))
}

/// Before the third version nothing keeps a command from emptying files that it may read.
const OLDEST: ABI = ABI::V3;
const NEWEST: ABI = ABI::V9;
const READ: BitFlags<AccessFs> = landlock::make_bitflags!(AccessFs::{ReadFile | ReadDir | Execute});
const DEVICE: BitFlags<AccessFs> =
    landlock::make_bitflags!(AccessFs::{ReadFile | WriteFile | ReadDir | IoctlDev | Truncate});
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];
