//! Which result answers which call.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use llmx_wire::responses::Item;

use super::calls::{Output, call_id};

/// The pairs of a conversation, by the places of their items.
///
/// A name may return: some upstreams number the calls of each turn from zero, and a retry repeats
/// its own. So a result answers the latest call of its name that has none; one that comes before
/// its call answers the first that stays without.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    results: BTreeMap<usize, usize>,
    claimed: BTreeSet<usize>,
}

impl Pairing {
    pub(super) fn of(items: &[Item]) -> Self {
        let mut pairing = Self::default();
        let mut waiting: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
        let mut early = Vec::new();
        for (place, item) in items.iter().enumerate() {
            if let Some(id) = call_id(item) {
                waiting.entry(id).or_default().push_back(place);
            } else if let Some(output) = Output::of(item) {
                let calls = waiting.get_mut(output.call_id());
                match calls.and_then(VecDeque::pop_back) {
                    Some(call) => pairing.pair(call, place),
                    None => early.push((output.call_id(), place)),
                }
            }
        }
        for (id, place) in early {
            let calls = waiting.get_mut(id);
            if let Some(call) = calls.and_then(VecDeque::pop_front) {
                pairing.pair(call, place);
            }
        }
        pairing
    }

    /// Returns the place of the result of the call at `call`.
    pub(super) fn result_of(&self, call: usize) -> Option<usize> {
        self.results.get(&call).copied()
    }

    /// Returns whether the result at `place` has its call.
    pub(super) fn is_claimed(&self, place: usize) -> bool {
        self.claimed.contains(&place)
    }

    fn pair(&mut self, call: usize, result: usize) {
        self.results.insert(call, result);
        self.claimed.insert(result);
    }
}
