//! Marks where cached prefixes end. Without marks an upstream of Messages caches nothing, and an
//! agent pays for the whole conversation in every turn.
//!
//! The marks are the last tool, the end of the system prompt, the first turn and the last one. Of
//! these only the last moves from turn to turn, so that the bytes before it stay equal.

use llmx_wire::messages::{CacheControl, ContentBlock, Request, Tool};
use llmx_wire::responses::TextOrList;

use crate::{LossReport, Object};

/// Reads the mark that a client put on its own tool or part.
pub(super) fn of_client(extra: &Object, losses: &mut LossReport) -> Option<CacheControl> {
    let mark = extra.get("cache_control").filter(|mark| !mark.is_null())?;
    let read = serde_json::from_value(mark.clone()).ok();
    if read.is_none() {
        losses.dropped("cache_control", "it is not a mark that Messages knows");
    }
    read
}

/// Marks the prefixes if the client marked none and `wanted`; keeps the client's own otherwise.
pub(super) fn mark(request: &mut Request, wanted: bool, losses: &mut LossReport) {
    let held = places(request).filter(|place| place.is_some()).count();
    if held > 0 {
        keep_the_last(request, held, losses);
    } else if wanted {
        mark_anchors(request);
    }
}

fn mark_anchors(request: &mut Request) {
    let tool = request.tools.iter_mut().rev().find_map(of_tool);
    let system = request.system.as_mut().and_then(last_place);
    let (first, last) = match request.messages.as_mut_slice() {
        [] => (None, None),
        [only] => (None, Some(only)),
        [first, .., last] => (Some(first), Some(last)),
    };
    let turns = [first, last].into_iter().flatten();
    let turns = turns.filter_map(|message| last_place(&mut message.content));
    for place in tool.into_iter().chain(system).chain(turns) {
        *place = Some(CacheControl::default());
    }
}

/// Drops the marks beyond what the upstream takes, the earliest first: the later ones hold more.
fn keep_the_last(request: &mut Request, held: usize, losses: &mut LossReport) {
    let surplus = held.saturating_sub(MAX_MARKS);
    for place in places(request)
        .filter(|place| place.is_some())
        .take(surplus)
    {
        *place = None;
        losses.dropped("cache_control", "Messages takes four of them");
    }
}

/// Returns every place of a mark, in the order in which the upstream reads them.
fn places(request: &mut Request) -> impl Iterator<Item = &mut Option<CacheControl>> {
    let tools = request.tools.iter_mut().filter_map(of_tool);
    let system = request.system.as_mut();
    let contents = request.messages.iter_mut().map(|it| &mut it.content);
    let blocks = system
        .into_iter()
        .chain(contents)
        .flat_map(|content| match content {
            TextOrList::List(blocks) => blocks.as_mut_slice(),
            TextOrList::Text(_) => &mut [],
        });
    tools.chain(blocks.filter_map(ContentBlock::cache_control_mut))
}

fn of_tool(tool: &mut Tool) -> Option<&mut Option<CacheControl>> {
    match tool {
        Tool::Client(tool) => Some(&mut tool.cache_control),
        Tool::Unknown(_) => None,
    }
}

fn last_place(content: &mut TextOrList<ContentBlock>) -> Option<&mut Option<CacheControl>> {
    match content {
        TextOrList::List(blocks) => blocks
            .iter_mut()
            .rev()
            .find_map(ContentBlock::cache_control_mut),
        TextOrList::Text(_) => None,
    }
}

/// What Anthropic's servers take in one request.
const MAX_MARKS: usize = 4;
