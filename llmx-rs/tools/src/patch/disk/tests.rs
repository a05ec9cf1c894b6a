//! Patches over real files: all or nothing, and nothing lost on the way.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::parse::parse;
use super::*;

#[test]
fn files_are_added_changed_moved_and_deleted_together() {
    let home = scene(&[("a", "1\n"), ("b", "2\n"), ("c", "3\n")]);
    let patch = "*** Add File: new/deep/d\n+4\n*** Update File: a\n-1\n+one\n\
                 *** Update File: b\n*** Move to: new/b\n*** Delete File: c";
    apply(home.path(), patch).unwrap();
    assert_eq!(
        content(home.path()),
        expected(&[("a", "one\n"), ("new/b", "2\n"), ("new/deep/d", "4\n")])
    );
}

#[test]
fn a_failure_at_any_point_leaves_every_byte_as_it_was() {
    let patches = [
        // Found while planning.
        "*** Update File: a\n-1\n+one\n*** Update File: missing\n-x\n+y",
        "*** Update File: a\n-1\n+one\n*** Update File: b\n-not there\n+y",
        "*** Add File: new/x\n+x\n*** Add File: a\n+x",
        "*** Update File: a\n-1\n+one\n*** Delete File: sub",
        // Found while writing: `a` is a file and no directory, `.` is taken.
        "*** Update File: b\n-2\n+two\n*** Delete File: sub/c\n*** Add File: new/y\n+y\n*** Add File: a/x\n+x",
    ];
    for patch in patches {
        let home = scene(&[("a", "1\n"), ("b", "2\n"), ("sub/c", "3\n")]);
        let before = content(home.path());
        apply(home.path(), patch).unwrap_err();
        assert_eq!(content(home.path()), before, "{patch}");
        assert!(!home.path().join("new").exists(), "{patch}");
    }
}

/// Only root can give files away, and the agent is root in many containers.
#[test]
fn a_file_stays_its_owners() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let home = scene(&[("a", "1\n"), ("b", "2\n")]);
    let own = fs::metadata(home.path()).unwrap();
    let is_root = own.uid() == 0;
    let (owner, group) = match is_root {
        true => (1234, 4321),
        false => (own.uid(), own.gid()),
    };
    for name in ["a", "b"] {
        let path = home.path().join(name);
        chown(&path, Some(owner), Some(group)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o2750)).unwrap();
    }
    let patch = "*** Update File: a\n-1\n+one\n*** Update File: b\n*** Move to: c\n-2\n+two";
    apply(home.path(), patch).unwrap();
    for name in ["a", "c"] {
        let found = fs::metadata(home.path().join(name)).unwrap();
        assert_eq!((found.uid(), found.gid()), (owner, group), "{name}");
        assert_eq!(found.mode() & 0o7777, 0o2750, "{name}");
    }
}

/// Every step fails in turn, after those before it were carried out.
#[test]
fn what_was_done_before_a_failure_is_undone() {
    let inner = "*** Update File: a\n-1\n+one\n*** Delete File: b\n*** Add File: n/d\n+4\n\
                 *** Update File: c\n*** Move to: n/c\n*** Delete File: l";
    let patch = parse(&format!("*** Begin Patch\n{inner}\n*** End Patch")).unwrap();
    for failing in 0..6 {
        let home = scene(&[("a", "1\n"), ("b", "2\n"), ("c", "3\n")]);
        fs::set_permissions(home.path().join("b"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a", home.path().join("l")).unwrap();
        let before = content(home.path());
        let mut plan = patch.plan(&disk(home.path())).unwrap();
        assert_eq!(plan.steps.len(), 6);
        // A directory that is not empty can be neither removed as a file nor replaced by one.
        let wall = home.path().join("wall");
        fs::create_dir_all(wall.join("x")).unwrap();
        let mut step = plan.steps[failing].clone();
        step.path = wall;
        step.exists = false;
        plan.steps.insert(failing, step);
        let failure = carry_out(&plan).unwrap_err();
        assert!(matches!(failure, Failure::Undone(_)), "{failure:?}");
        assert_eq!(content(home.path()), before, "{failing}");
        assert!(!home.path().join("n").exists(), "{failing}");
        assert_eq!(mode(&home.path().join("b")), 0o640);
        assert!(
            fs::symlink_metadata(home.path().join("l"))
                .unwrap()
                .is_symlink()
        );
    }
}

#[test]
fn a_file_keeps_its_mode_wherever_it_goes() {
    let home = scene(&[("run.sh", "a\n"), ("key", "b\n")]);
    let at = |name: &str| home.path().join(name);
    fs::set_permissions(at("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(at("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let patch = "*** Update File: run.sh\n-a\n+b\n*** Update File: key\n*** Move to: key2\n\
                 *** Add File: plain\n+x";
    apply(home.path(), patch).unwrap();
    assert_eq!((mode(&at("run.sh")), mode(&at("key2"))), (0o755, 0o600));
    fs::write(at("by-hand"), "x").unwrap();
    assert_eq!(mode(&at("plain")), mode(&at("by-hand")));
    apply(
        home.path(),
        "*** Delete File: run.sh\n*** Add File: run.sh\n+new",
    )
    .unwrap();
    assert_eq!(mode(&at("run.sh")), 0o755);
}

#[test]
fn a_link_is_written_through_and_deleted_alone() {
    let home = scene(&[("real", "a\n")]);
    let at = |name: &str| home.path().join(name);
    symlink("real", at("link")).unwrap();
    apply(
        home.path(),
        "*** Update File: link\n-a\n+b\n*** Update File: real\n-b\n+c",
    )
    .unwrap();
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(at("real")).unwrap(), "c\n");
    let said = apply(home.path(), "*** Update File: link\n*** Move to: x").unwrap_err();
    assert!(said.contains("symbolic link"), "{said}");
    apply(home.path(), "*** Delete File: link").unwrap();
    assert_eq!(content(home.path()), expected(&[("real", "c\n")]));

    symlink("nowhere", at("dangling")).unwrap();
    let said = apply(home.path(), "*** Add File: dangling\n+x").unwrap_err();
    assert!(said.contains("exists already"), "{said}");
    apply(home.path(), "*** Delete File: dangling").unwrap();
    assert!(fs::symlink_metadata(at("dangling")).is_err());
}

#[test]
fn two_names_of_one_file_are_one_file() {
    let home = scene(&[("d/a", "1\n2\n")]);
    symlink("d", home.path().join("e")).unwrap();
    let patch = "*** Update File: d/a\n-1\n+one\n*** Update File: e/../d/./a\n-2\n+two";
    apply(home.path(), patch).unwrap();
    let after = fs::read_to_string(home.path().join("d/a")).unwrap();
    assert_eq!(after, "one\ntwo\n");
}

#[test]
fn directories_and_what_is_no_file_are_refused() {
    let home = scene(&[("d/a", "1\n")]);
    for (patch, expected) in [
        ("*** Delete File: d", "is a directory"),
        ("*** Update File: d\n-x\n+y", "is a directory"),
        ("*** Delete File: .", "is a directory"),
        ("*** Add File: d\n+x", "exists already"),
    ] {
        let said = apply(home.path(), patch).unwrap_err();
        assert!(said.contains(expected), "{patch}: {said}");
    }
}

fn scene(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

fn apply(home: &Path, inner: &str) -> Result<(), String> {
    let patch = parse(&format!("*** Begin Patch\n{inner}\n*** End Patch")).unwrap();
    let plan = patch.plan(&disk(home)).map_err(|fault| fault.to_string())?;
    match carry_out(&plan) {
        Ok(()) => Ok(()),
        Err(Failure::Undone(why)) => Err(why),
        Err(Failure::Partly(why)) => panic!("{why}"),
    }
}

fn disk(home: &Path) -> Disk {
    Disk {
        cwd: home.to_owned(),
    }
}

/// Every file below `home`: nothing may be left behind either.
fn content(home: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![home.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(home).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

fn expected(files: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files.iter();
    files
        .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()))
        .collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
