//! The turns that are kept, within a bound of memory; what was not used for long goes first.
//!
//! A busy proxy keeps a turn and lets one go for every request, so neither may cost much. Turns
//! are kept in segments, each with one piece of memory for all its small texts, and the oldest
//! segment goes as a whole. A turn that is used when it is halfway to its end moves to the newest
//! segment, so that what is in use stays.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use hashbrown::HashTable;

use crate::part::Part;

/// How long a turn is kept after its last use: a working day's pause.
const TIME_TO_LIVE: Duration = Duration::from_secs(12 * 60 * 60);

/// The number that is the id of a response.
pub(crate) type Id = u128;

/// What was said once, and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) id: Id,
    /// The turn before it.
    pub(crate) previous: Option<Id>,
    pub(crate) input: Part,
    pub(crate) output: Part,
    pub(crate) used: Instant,
}

#[derive(Debug)]
pub(crate) struct Kept {
    max_bytes: usize,
    bytes: usize,
    /// The oldest first.
    segments: VecDeque<Segment>,
    /// How many segments have gone.
    gone: u32,
    /// Where each turn is, by its id. The table holds places alone, so that it stays in the
    /// processor's cache: it is asked for twice in every request, and always for another place.
    places: HashTable<Place>,
}

/// Turns that go together.
#[derive(Debug)]
pub(crate) struct Segment {
    turns: Vec<Turn>,
    bytes: usize,
    /// Room for the small texts of its turns.
    room: BytesMut,
    /// The last use of any of them.
    used: Instant,
}

/// Where a turn is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    /// The number of its segment, counted from the first that there ever was.
    segment: u32,
    index: u32,
}

impl Place {
    /// Returns the place of the turn at `index` in the segment `after` those that are gone.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers go round, and a segment holds fewer turns than bytes"
    )]
    fn new(gone: u32, after: usize, index: usize) -> Self {
        Self {
            segment: gone.wrapping_add(after as u32),
            index: index as u32,
        }
    }

    /// Returns where the segment is among those that are not gone.
    fn after(self, gone: u32) -> usize {
        self.segment.wrapping_sub(gone) as usize
    }
}

impl Kept {
    /// Keeps up to `max_bytes`.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes: 0,
            segments: VecDeque::new(),
            gone: 0,
            places: HashTable::new(),
        }
    }

    /// Returns the turn that `id` names, and counts that as a use.
    pub(crate) fn touch(&mut self, id: Id, now: Instant) -> Option<Turn> {
        let (segments, gone) = (&mut self.segments, self.gone);
        let named =
            |place: &Place| turn_at(segments, gone, *place).is_some_and(|turn| turn.id == id);
        let entry = self.places.find_entry(hash(id), named).ok()?;
        let place = *entry.get();
        let is_halfway = place.after(gone) < segments.len() / 2;
        let segment = segments.get_mut(place.after(gone))?;
        let found = segment.turns.get_mut(place.index as usize)?;
        if now.duration_since(found.used) > TIME_TO_LIVE {
            return None;
        }
        found.used = now;
        let turn = found.clone();
        if is_halfway {
            entry.remove();
            self.append(turn.clone());
        } else {
            segment.used = now;
        }
        Some(turn)
    }

    /// Keeps a turn and returns the segments that have to go for it.
    pub(crate) fn insert(&mut self, turn: Turn) -> Vec<Segment> {
        let now = turn.used;
        self.append(turn);
        let mut gone = Vec::new();
        while let Some(first) = self.segments.front()
            && (self.bytes > self.max_bytes || now.duration_since(first.used) > TIME_TO_LIVE)
        {
            gone.extend(self.drop_first());
        }
        gone
    }

    fn append(&mut self, turn: Turn) {
        let size = (self.max_bytes / 64).clamp(SEGMENT_BYTES / 64, SEGMENT_BYTES);
        let cost = cost(&turn);
        let is_full = |last: &Segment| last.bytes + cost > size;
        if self.segments.back().is_none_or(is_full) {
            self.segments.push_back(Segment::new(size, turn.used));
        }
        let Some(last) = self.segments.back_mut() else {
            return;
        };
        let id = turn.id;
        let index = last.turns.len();
        last.push(turn, cost);
        self.bytes += cost;
        let place = Place::new(self.gone, self.segments.len() - 1, index);
        let (segments, gone) = (&self.segments, self.gone);
        let rehash =
            |place: &Place| turn_at(segments, gone, *place).map_or(0, |turn| hash(turn.id));
        self.places.insert_unique(hash(id), place, rehash);
    }

    fn drop_first(&mut self) -> Option<Segment> {
        let first = self.segments.pop_front()?;
        for (index, turn) in first.turns.iter().enumerate() {
            let place = Place::new(self.gone, 0, index);
            // It may have moved on.
            if let Ok(entry) = self.places.find_entry(hash(turn.id), |it| *it == place) {
                entry.remove();
            }
        }
        self.gone = self.gone.wrapping_add(1);
        self.bytes -= first.bytes;
        Some(first)
    }
}

impl Segment {
    fn new(size: usize, used: Instant) -> Self {
        Self {
            turns: Vec::new(),
            bytes: 0,
            room: BytesMut::with_capacity(size),
            used,
        }
    }

    fn push(&mut self, turn: Turn, cost: usize) {
        let (input, output) = (
            turn.input.moved_to(&mut self.room),
            turn.output.moved_to(&mut self.room),
        );
        self.used = turn.used;
        self.turns.push(Turn {
            input,
            output,
            ..turn
        });
        self.bytes += cost;
    }
}

fn turn_at(segments: &VecDeque<Segment>, gone: u32, place: Place) -> Option<&Turn> {
    let segment = segments.get(place.after(gone))?;
    segment.turns.get(place.index as usize)
}

/// Ids are random in their low bits, which the bridge draws and no client: to spread them over the
/// others is all that a table needs.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn hash(id: Id) -> u64 {
    (id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn cost(turn: &Turn) -> usize {
    TURN_BYTES + turn.input.size() + turn.output.size()
}

/// What a turn costs beside its texts: itself, its place, and room for more of both.
const TURN_BYTES: usize = 384;

/// Enough turns that one segment more or less does not matter, and few enough that many others
/// stay when one goes.
const SEGMENT_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(id: Id, size: usize, used: Instant) -> Turn {
        Turn {
            id,
            previous: None,
            input: Part::alone(&"x".repeat(size)),
            output: Part::alone(&id.to_string()),
            used,
        }
    }

    fn ids(kept: &Kept) -> Vec<Id> {
        let (segments, gone) = (&kept.segments, kept.gone);
        let id = |place: &Place| turn_at(segments, gone, *place).unwrap().id;
        let mut ids: Vec<Id> = kept.places.iter().map(id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn memory_is_bounded_and_what_is_in_use_stays() {
        let now = Instant::now();
        let mut kept = Kept::new(1 << 20);
        for id in 0..10_000 {
            kept.insert(turn(id, 500, now));
            let first = kept.touch(0, now).unwrap();
            assert_eq!(&*first.output.json("output"), b"\"0\"");
            assert!(kept.bytes <= kept.max_bytes);
        }
        let ids = ids(&kept);
        assert!(ids.len() > 800, "{} are left", ids.len());
        assert_eq!(ids[0], 0);
        // Of the others, those that came last.
        assert!(ids[1..].iter().copied().eq(ids[1]..10_000));
        let in_segments: usize = kept.segments.iter().map(|segment| segment.bytes).sum();
        assert_eq!(kept.bytes, in_segments);
    }

    #[test]
    fn what_is_used_over_and_over_does_not_push_others_out() {
        let now = Instant::now();
        let mut kept = Kept::new(1 << 20);
        for id in 0..500 {
            kept.insert(turn(id, 500, now));
        }
        for _ in 0..10_000 {
            assert!(kept.touch(250, now).is_some());
        }
        kept.insert(turn(500, 500, now));
        assert_eq!(ids(&kept), Vec::from_iter(0..=500));
    }

    #[test]
    fn what_is_too_large_alone_is_not_kept() {
        let now = Instant::now();
        let mut kept = Kept::new(1 << 20);
        kept.insert(turn(1, 10, now));
        kept.insert(turn(2, 2 << 20, now));
        assert_eq!((ids(&kept), kept.bytes), (vec![], 0));
        kept.insert(turn(3, 1 << 19, now));
        assert_eq!(ids(&kept), [3]);
    }

    #[test]
    fn what_nobody_used_for_a_day_is_gone() {
        let then = Instant::now();
        let (in_time, late) = (then + TIME_TO_LIVE, then + 2 * TIME_TO_LIVE);
        let mut kept = Kept::new(1 << 20);
        for id in 0..40 {
            kept.insert(turn(id, 1000, then));
        }
        assert!(kept.touch(0, in_time).is_some());
        assert!(kept.touch(0, late).is_some());
        assert!(kept.touch(1, late).is_none());
        kept.insert(turn(40, 10, late));
        let ids = ids(&kept);
        assert!(ids.len() < 40, "{} are left", ids.len());
        assert!(ids.contains(&0));
    }
}
