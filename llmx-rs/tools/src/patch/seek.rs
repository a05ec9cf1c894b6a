//! Finds lines in a file, as they are or nearly so.

use std::borrow::Cow;

/// How far two lines may differ and still be the same. Each step allows what the one before does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    Exact,
    /// But for space at the end.
    End,
    /// But for space at both ends.
    Both,
    /// But for the shape of quotes, dashes and spaces, which models write plainly.
    Shape,
}

impl Likeness {
    pub(super) const STEPS: [Self; 4] = [Self::Exact, Self::End, Self::Both, Self::Shape];

    pub(super) fn holds(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::End => a.trim_end() == b.trim_end(),
            Self::Both => a.trim() == b.trim(),
            Self::Shape => {
                let plain = |text: &str| text.chars().map(plain).collect::<String>();
                plain(a).trim() == plain(b).trim()
            }
        }
    }
}

/// Returns every place where `wanted` begins in `lines`, at the least difference that has any.
pub(super) fn places(lines: &[Cow<'_, str>], wanted: &[&str]) -> Vec<usize> {
    let steps = Likeness::STEPS.into_iter();
    let mut found = steps.map(|likeness| at_likeness(lines, wanted, likeness));
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

fn at_likeness(lines: &[Cow<'_, str>], wanted: &[&str], likeness: Likeness) -> Vec<usize> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let windows = lines.windows(wanted.len()).enumerate();
    let same = windows.filter(|(_, window)| {
        let mut pairs = window.iter().zip(wanted);
        pairs.all(|(line, wanted)| likeness.holds(line, wanted))
    });
    same.map(|(index, _)| index).collect()
}

/// Returns every line that `header` may mean: the whole line, or else how it begins, or else a part
/// of it.
pub(super) fn headers(lines: &[Cow<'_, str>], header: &str) -> Vec<usize> {
    let whole = places(lines, &[header]);
    if !whole.is_empty() {
        return whole;
    }
    let header = header.trim();
    let that = |holds: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let lines = lines.iter().enumerate();
        let found = lines.filter(|(_, line)| holds(line.trim()));
        found.map(|(index, _)| index).collect()
    };
    let begin = that(&|line| line.starts_with(header));
    match begin.is_empty() {
        true => that(&|line| line.contains(header)),
        false => begin,
    }
}

/// Returns where the lines are that look most like `wanted`, if any does at all.
pub(super) fn nearest(lines: &[Cow<'_, str>], wanted: &[&str]) -> Option<usize> {
    let mut distinct: Vec<(usize, &str)> =
        wanted.iter().map(|line| line.trim()).enumerate().collect();
    distinct.retain(|(_, line)| line.chars().any(char::is_alphanumeric));
    // A bound on the work for a message; whoever asks for more gets no better one.
    distinct.truncate(40);
    let lines = lines.get(..lines.len().min(50_000)).unwrap_or_default();
    let equal = |start: usize| {
        let here = |(offset, wanted): &&(usize, &str)| {
            lines
                .get(start + offset)
                .is_some_and(|line| line.trim() == *wanted)
        };
        distinct.iter().filter(here).count()
    };
    let best = (0..lines.len()).map(|start| (equal(start), start));
    let best = best.max_by_key(|(equal, start)| (*equal, usize::MAX - start));
    if let Some((equal, start)) = best
        && equal > 0
    {
        return Some(start);
    }
    let (offset, first) = distinct.first()?;
    let words = |line: &str| -> Vec<String> {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .filter(|word| word.len() > 1)
            .map(str::to_owned)
            .collect()
    };
    let wanted = words(first);
    let shared = |line: &str| {
        words(line)
            .iter()
            .filter(|word| wanted.contains(word))
            .count()
    };
    let best = lines
        .iter()
        .enumerate()
        .map(|(index, line)| (shared(line), index));
    let (shared, index) = best.max_by_key(|(shared, index)| (*shared, usize::MAX - index))?;
    (shared > 0).then(|| index.saturating_sub(*offset))
}

/// Returns the plain form of a character that typography has many of.
fn plain(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{02bc}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{00ab}' | '\u{00bb}' => '"',
        '\u{00a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => ' ',
        '\u{2024}' => '.',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_difference_wins() {
        let lines = ["x ", " x", "x", "“x” – y"].map(Cow::from);
        assert_eq!(places(&lines, &["x"]), [2]);
        assert_eq!(places(&lines[..2], &["x"]), [0]);
        assert_eq!(places(&lines[1..2], &["x"]), [0]);
        assert_eq!(places(&lines, &["\"x\" - y"]), [3]);
        assert_eq!(places(&lines, &["x", "x"]), [0, 1]);
        assert!(places(&lines, &["z"]).is_empty());
        assert!(places(&lines, &[]).is_empty());
    }

    #[test]
    fn a_header_may_be_the_beginning_or_a_part_of_its_line() {
        let lines = ["class A:", "  def f(self):", "  def g(self):"].map(Cow::from);
        assert_eq!(headers(&lines, "class A:"), [0]);
        assert_eq!(headers(&lines, "def g"), [2]);
        assert_eq!(headers(&lines, "g(self)"), [2]);
        assert_eq!(headers(&lines, "def"), [1, 2]);
    }

    #[test]
    fn the_nearest_lines_share_lines_or_else_words() {
        let lines = ["fn a() {", "    one();", "    two();", "}"].map(Cow::from);
        assert_eq!(nearest(&lines, &["one();", "three();"]), Some(1));
        assert_eq!(nearest(&lines, &["  two(1);"]), Some(2));
        assert_eq!(nearest(&lines, &["nothing"]), None);
        assert_eq!(nearest(&lines, &["", "}"]), None);
    }
}
