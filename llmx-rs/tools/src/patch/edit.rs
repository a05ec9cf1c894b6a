//! Applies the chunks of one update to the bytes of a file.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Quote, Unplaced};
use super::parse::{Chunk, Line};
use super::seek;
use super::text::{Text, TextLine};

/// Returns what the file is after `chunks`, or which of them has no place in it.
pub(super) fn edit(bytes: &[u8], chunks: &[Chunk]) -> Result<Vec<u8>, (usize, Unplaced)> {
    let text = Text::new(bytes);
    let lines = text.to_compare();
    if let Some(index) = chunks.iter().position(adds_unknown)
        && !text.is_utf8()
    {
        return Err((index, Unplaced::WouldLoseBytes));
    }
    let mut taken: Vec<Placed<'_>> = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let rest = chunks.get(index..).unwrap_or_default();
        let placed = Placing::new(&lines, &taken, rest, chunk).place();
        taken.push(placed.map_err(|why| (index, why))?);
    }
    // Chunks may come in any order; two insertions at one place keep theirs.
    taken.sort_by_key(|placed| (placed.at.start, placed.at.end));
    let mut out = Vec::new();
    let mut done = 0;
    for placed in &taken {
        out.extend(
            text.lines
                .get(done..placed.at.start)
                .into_iter()
                .flatten()
                .cloned(),
        );
        placed.write(&text, &lines, &mut out);
        done = done.max(placed.at.end);
    }
    out.extend(text.lines.get(done..).into_iter().flatten().cloned());
    Ok(text.with(&out))
}

/// Returns whether a line to add holds what stands for bytes that are no text.
fn adds_unknown(chunk: &Chunk) -> bool {
    chunk.lines.iter().any(|line| match line {
        Line::Add(text) => text.contains(char::REPLACEMENT_CHARACTER),
        Line::Keep(_) | Line::Remove(_) => false,
    })
}

/// A chunk, and the lines of the file that it stands for.
struct Placed<'a> {
    at: Range<usize>,
    lines: &'a [Line],
}

impl Placed<'_> {
    fn write<'t>(&self, text: &Text<'t>, lines: &[Cow<'_, str>], out: &mut Vec<TextLine<'t>>) {
        let indent = self.missing_indent(lines);
        let mut next = self.at.start;
        for line in self.lines {
            match line {
                // The file's own line: what the model wrote may differ from it in space.
                Line::Keep(_) => {
                    out.extend(text.lines.get(next).cloned());
                    next += 1;
                }
                Line::Remove(_) => next += 1,
                Line::Add(added) => {
                    let added = match added.trim().is_empty() {
                        true => added.clone(),
                        false => format!("{indent}{added}"),
                    };
                    out.push(text.new_line(added, next));
                }
            }
        }
    }

    /// Returns what the model left out at the beginning of every line, if it is the same in all.
    fn missing_indent(&self, lines: &[Cow<'_, str>]) -> String {
        let old = self.lines.iter().filter_map(|line| match line {
            Line::Keep(text) | Line::Remove(text) => Some(text),
            Line::Add(_) => None,
        });
        let here = lines.get(self.at.clone()).unwrap_or_default();
        let pairs = here.iter().zip(old);
        let pairs = pairs.filter(|(line, _)| !line.trim().is_empty());
        let mut missing = pairs.map(|(line, old)| indent(line).strip_suffix(indent(old)));
        match missing.next() {
            Some(Some(first)) if missing.all(|other| other == Some(first)) => first.to_owned(),
            _ => String::new(),
        }
    }
}

fn indent(line: &str) -> &str {
    let length = line.len() - line.trim_start().len();
    line.get(..length).unwrap_or_default()
}

/// The search for the place of one chunk.
struct Placing<'a, 'p> {
    lines: &'a [Cow<'a, str>],
    /// Where earlier chunks are.
    taken: &'a [Placed<'p>],
    /// This chunk and those that follow.
    rest: &'a [Chunk],
    chunk: &'p Chunk,
}

impl<'a, 'p> Placing<'a, 'p> {
    fn new(
        lines: &'a [Cow<'a, str>],
        taken: &'a [Placed<'p>],
        rest: &'a [Chunk],
        chunk: &'p Chunk,
    ) -> Self {
        Self {
            lines,
            taken,
            rest,
            chunk,
        }
    }

    fn place(&self) -> Result<Placed<'p>, Unplaced> {
        let found = self.with_lines(&self.chunk.lines);
        let bare = self.chunk.bare_tail;
        match found {
            // The empty lines at its end were none of the file's.
            Err(Unplaced::NotFound { .. }) if bare > 0 => {
                let length = self.chunk.lines.len().saturating_sub(bare);
                let shorter = self.chunk.lines.get(..length).unwrap_or_default();
                self.with_lines(shorter).or(found)
            }
            found => found,
        }
    }

    fn with_lines(&self, lines: &'p [Line]) -> Result<Placed<'p>, Unplaced> {
        let part = Chunk {
            lines: lines.to_vec(),
            ..self.chunk.clone()
        };
        let old = part.old();
        let start = match (self.chunk.headers.is_empty(), old.is_empty()) {
            // Nothing says where, so it is the end.
            (true, true) => self.lines.len(),
            (true, false) => self.by_lines(&old)?,
            (false, true) => self.below_header()? + 1,
            (false, false) => self.by_header(&old)?,
        };
        let at = start..start + old.len();
        Ok(Placed { at, lines })
    }

    fn by_lines(&self, old: &[&str]) -> Result<usize, Unplaced> {
        let mut places = self.free(seek::places(self.lines, old), old.len());
        if self.chunk.at_end
            && let Some(last) = places
                .iter()
                .rposition(|place| place + old.len() == self.lines.len())
        {
            places = places.get(last..).unwrap_or_default().to_vec();
        }
        self.only(&places, || self.not_found(old), old)
    }

    fn below_header(&self) -> Result<usize, Unplaced> {
        let (above, last) = self.header_chains()?;
        self.only(&above, || self.no_header(last), &[last])
    }

    /// The first place below the header; every line that may be the header must lead to the same.
    fn by_header(&self, old: &[&str]) -> Result<usize, Unplaced> {
        let (headers, last) = self.header_chains()?;
        if headers.is_empty() {
            return Err(self.no_header(last));
        }
        let places = self.free(seek::places(self.lines, old), old.len());
        let mut reached: Vec<usize> = headers
            .iter()
            .filter_map(|header| {
                let below = places.iter().find(|place| *place > header);
                // Some repeat the header as the first line of what they show.
                let itself = places.contains(header).then_some(header);
                if old.len() > 1 {
                    itself.or(below)
                } else {
                    below.or(itself)
                }
            })
            .copied()
            .collect();
        reached.dedup();
        if self.chunk.at_end
            && let Some(last) = reached
                .iter()
                .find(|place| *place + old.len() == self.lines.len())
        {
            return Ok(*last);
        }
        self.only(&reached, || self.not_found(old), old)
    }

    /// Returns the lines that the innermost header may be, below those around it, and its text.
    fn header_chains(&self) -> Result<(Vec<usize>, &'p str), Unplaced> {
        let mut above: Option<usize> = None;
        let mut found = Vec::new();
        let mut last = "";
        for (depth, header) in self.chunk.headers.iter().enumerate() {
            last = header;
            found = seek::headers(self.lines, header);
            found.retain(|line| above.is_none_or(|above| *line > above));
            let is_innermost = depth + 1 == self.chunk.headers.len();
            if is_innermost && above.is_some() {
                // The first one inside of what the outer header opens.
                found.truncate(1);
            } else if !is_innermost {
                above = Some(self.only(&found, || self.no_header(header), &[header])?);
            }
        }
        Ok((self.onward(found), last))
    }

    /// Leaves out what overlaps an earlier chunk, and prefers what comes after it.
    fn free(&self, places: Vec<usize>, length: usize) -> Vec<usize> {
        let free = places.into_iter().filter(|place| {
            let end = place + length;
            let mut taken = self.taken.iter().filter(|it| !it.at.is_empty());
            taken.all(|it| end <= it.at.start || it.at.end <= *place)
        });
        self.onward(free.collect())
    }

    /// Chunks usually come in the order of the file; what lies behind counts if nothing lies ahead.
    fn onward(&self, places: Vec<usize>) -> Vec<usize> {
        let Some(last) = self.taken.last() else {
            return places;
        };
        let ahead: Vec<_> = places
            .iter()
            .copied()
            .filter(|place| *place >= last.at.start)
            .collect();
        if ahead.is_empty() { places } else { ahead }
    }

    fn only(
        &self,
        places: &[usize],
        none: impl FnOnce() -> Unplaced,
        wanted: &[&str],
    ) -> Result<usize, Unplaced> {
        match places {
            [] => Err(none()),
            [place] => Ok(*place),
            // As many equal chunks as places: each gets one.
            [first, ..] if self.equal_chunks() == places.len() => Ok(*first),
            _ => Err(Unplaced::Ambiguous {
                wanted: Quote::text(wanted),
                count: places.len(),
                candidates: Quote::places(self.lines, places, wanted.len()),
            }),
        }
    }

    fn equal_chunks(&self) -> usize {
        let same =
            |other: &&Chunk| other.headers == self.chunk.headers && other.old() == self.chunk.old();
        self.rest.iter().filter(same).count()
    }

    fn not_found(&self, old: &[&str]) -> Unplaced {
        let new = self.chunk.replacement();
        let done = match new.iter().any(|line| !line.trim().is_empty()) && new != old {
            true => seek::places(self.lines, &new),
            false => Vec::new(),
        };
        Unplaced::NotFound {
            wanted: Quote::text(old),
            nearest: seek::nearest(self.lines, old)
                .map(|start| Quote::around(self.lines, start, old.len())),
            already: done.first().map(|line| line + 1),
        }
    }

    fn no_header(&self, header: &str) -> Unplaced {
        Unplaced::NoHeader {
            header: header.to_owned(),
            nearest: seek::nearest(self.lines, &[header])
                .map(|start| Quote::around(self.lines, start, 1)),
        }
    }
}

#[cfg(test)]
mod tests;
