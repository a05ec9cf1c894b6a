//! Updates of one file, as claims.

use super::super::parse::{Change, parse};
use super::*;

#[test]
fn an_insertion_below_a_header_goes_below_the_header() {
    let file = "def f():\n    pass\n\ndef g():\n    pass\n";
    assert_eq!(
        applied(file, "@@ def f():\n+    one()"),
        "def f():\n    one()\n    pass\n\ndef g():\n    pass\n"
    );
    assert_eq!(applied("a\n", "+b"), "a\nb\n");
    assert_eq!(applied("", "+b"), "b\n");
}

#[test]
fn a_header_narrows_down_what_would_be_ambiguous() {
    let file = "def f():\n    pass\n\ndef g():\n    pass\n";
    assert_eq!(
        applied(file, "@@ def g():\n-    pass\n+    two()"),
        "def f():\n    pass\n\ndef g():\n    two()\n"
    );
    assert_eq!(
        applied(file, "@@ def g():\n def g():\n-    pass\n+    two()"),
        "def f():\n    pass\n\ndef g():\n    two()\n"
    );
    let nested = "class A:\n  def f:\n    x\nclass B:\n  def f:\n    x\n";
    assert_eq!(
        applied(nested, "@@ class B:\n@@ def f:\n-    x\n+    y"),
        "class A:\n  def f:\n    x\nclass B:\n  def f:\n    y\n"
    );
}

#[test]
fn ambiguous_lines_are_refused_and_every_place_is_shown() {
    let file = "a\nx\nb\nx\n";
    let said = refused(file, "-x\n+y");
    assert!(said.contains("in 2 places"), "{said}");
    assert!(
        said.contains("1: a\n2: x\n") && said.contains("3: b\n4: x\n"),
        "{said}"
    );
    let said = refused("def f\n x\ndef f\n x\n", "@@ def f\n+y");
    assert!(said.contains("in 2 places"), "{said}");
}

#[test]
fn as_many_equal_chunks_as_places_are_not_ambiguous() {
    assert_eq!(
        applied("a\nx\nb\nx\n", "@@\n-x\n+y\n@@\n-x\n+z"),
        "a\ny\nb\nz\n"
    );
    assert!(refused("x\nx\nx\n", "@@\n-x\n+y\n@@\n-x\n+z").contains("3 places"));
}

#[test]
fn the_end_of_the_file_is_a_place() {
    assert_eq!(applied("x\na\nx\n", "-x\n+y\n*** End of File"), "x\na\ny\n");
    assert_eq!(applied("x\na\n", "-x\n+y\n*** End of File"), "y\na\n");
}

#[test]
fn chunks_may_come_in_any_order_and_never_overlap() {
    let file = "a\nb\nc\n";
    assert_eq!(applied(file, "@@\n-c\n+C\n@@\n-a\n+A"), "A\nb\nC\n");
    assert!(refused(file, "@@\n a\n-b\n@@\n-b\n+x").contains("Failed to find"));
    assert_eq!(applied("a\n", "@@ a\n+1\n@@ a\n+2"), "a\n1\n2\n");
}

#[test]
fn kept_lines_keep_their_bytes_however_the_model_wrote_them() {
    assert_eq!(
        applied("say “hi” \nx\n", " say \"hi\"\n-x\n+y"),
        "say “hi” \ny\n"
    );
    let latin = b"caf\xe9\nx\n";
    assert_eq!(
        edited(latin, " caf\u{fffd}\n-x\n+y").unwrap(),
        b"caf\xe9\ny\n"
    );
    assert_eq!(
        edited(latin, "-caf\u{fffd}\n+caf\u{fffd}s"),
        Err(Unplaced::WouldLoseBytes)
    );
}

#[test]
fn an_indentation_that_was_left_out_everywhere_is_put_back() {
    let file = "    if a:\n        b()\n";
    assert_eq!(
        applied(file, " if a:\n-    b()\n+    c()\n+\n+    d()"),
        "    if a:\n        c()\n\n        d()\n"
    );
}

#[test]
fn line_ends_and_the_last_one_stay_as_they_are() {
    assert_eq!(applied("a\r\nb\r\n", "-a\n+x\n+y"), "x\r\ny\r\nb\r\n");
    assert_eq!(applied("a\r\nb\n", " b\n+c"), "a\r\nb\nc\n");
    assert_eq!(applied("a\nb", "-b\n+c"), "a\nc");
    assert_eq!(applied("a", " a\n+b"), "a\nb");
    assert_eq!(applied("\u{feff}a\n", "-a\n+b"), "\u{feff}b\n");
    assert_eq!(applied("a\n", "-a"), "");
}

#[test]
fn empty_lines_at_the_end_of_a_chunk_count_only_where_the_file_has_them() {
    assert_eq!(applied("a\nb\n", "-a\n+x\n\n@@\n-b\n+y"), "x\ny\n");
    assert_eq!(applied("a\n\nb\n", "-a\n+x\n\n@@\n-b\n+y"), "x\n\ny\n");
}

#[test]
fn what_is_not_there_is_shown_beside_what_is_nearest() {
    let said = refused("fn a() {\n    one(1);\n}\n", "-    one(2);\n+    two();");
    assert!(
        said.contains("    one(2);\n") && said.contains("2:     one(1);\n"),
        "{said}"
    );
    let said = refused("new\n", "-old\n+new");
    assert!(said.contains("already, at line 1"), "{said}");
    let said = refused("fn alpha() {}\n", "@@ fn beta\n+x");
    assert!(
        said.contains("`@@ fn beta`") && said.contains("1: fn alpha() {}"),
        "{said}"
    );
}

fn applied(file: &str, update: &str) -> String {
    String::from_utf8(edited(file.as_bytes(), update).unwrap()).unwrap()
}

fn refused(file: &str, update: &str) -> String {
    edited(file.as_bytes(), update).unwrap_err().to_string()
}

fn edited(file: &[u8], update: &str) -> Result<Vec<u8>, Unplaced> {
    let patch = format!("*** Begin Patch\n*** Update File: a\n{update}\n*** End Patch");
    match parse(&patch).unwrap().changes.as_slice() {
        [Change::Update { chunks, .. }] => edit(file, chunks).map_err(|(_, why)| why),
        other => panic!("{other:?}"),
    }
}
