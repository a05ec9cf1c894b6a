//! Decides which call a streamed piece belongs to.

use super::calls::Slot;
use crate::tools::ToolTable;

/// What a piece of a call says about itself; servers leave out any of it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// Returns the call that a piece continues; `None` if it begins one.
///
/// A known id decides. A new one begins a call unless the call at its index still waits for an id,
/// or clearly goes on. Without an id the index decides, and without an index the last call is
/// meant; a name that cannot belong to the call begins another.
pub(super) fn route(
    piece: &Piece,
    slots: &[Slot],
    table: &ToolTable,
    cumulative: bool,
) -> Option<usize> {
    let last = |wanted: &dyn Fn(&Slot) -> bool| slots.iter().rposition(wanted);
    let continues = |position: usize| {
        let slot = slots.get(position)?;
        (!begins_anew(piece, slot, table, cumulative)).then_some(position)
    };
    let at_index = match piece.index {
        Some(index) => last(&|slot| slot.index == Some(index)),
        None => slots.len().checked_sub(1),
    };
    let Some(id) = &piece.id else {
        let last_without_index =
            || last(&|slot| slot.index.is_none()).filter(|_| piece.name.is_empty());
        return at_index.or_else(last_without_index).and_then(continues);
    };
    let is_known = |slot: &Slot| slot.id.as_ref() == Some(id);
    let known_here = last(&|slot| is_known(slot) && slot.index == piece.index);
    if let Some(known) = known_here.or_else(|| last(&is_known)) {
        return continues(known);
    }
    let position = at_index?;
    let slot = slots.get(position)?;
    if slot.id.is_none() {
        // The id comes late, unless without an index this is simply the next call.
        let late = piece.index.is_some() || piece.name.is_empty();
        return late.then_some(position).and_then(continues);
    }
    // Some servers make up an id for every piece; only the first piece has the name.
    let goes_on = piece.index.is_some() && piece.name.is_empty() && !slot.end.is_ended();
    goes_on.then_some(position)
}

/// Returns whether the piece's name shows that it begins another call.
fn begins_anew(piece: &Piece, slot: &Slot, table: &ToolTable, cumulative: bool) -> bool {
    if piece.name.is_empty() || slot.name.is_empty() {
        return false;
    }
    if piece.name == slot.name {
        // Again the same tool, or the same call again?
        let repeats = piece.arguments == slot.arguments
            || (cumulative && piece.arguments.starts_with(&slot.arguments));
        let same_id = piece.id.is_some() && piece.id == slot.id;
        // Not every server gives each call an id of its own.
        let elsewhere = piece.index.is_some() && piece.index != slot.index;
        return slot.end.is_ended()
            && !piece.arguments.trim().is_empty()
            && !repeats
            && (!same_id || elsewhere);
    }
    if slot.has_arguments() {
        return true;
    }
    let joined = format!("{}{}", slot.name, piece.name);
    table.knows(&slot.name) && table.knows(&piece.name) && !table.knows(&joined)
}
