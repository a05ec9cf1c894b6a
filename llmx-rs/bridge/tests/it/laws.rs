//! The laws of everything that the bridge writes, whatever went in.
//!
//! The property tests hold them over generated cases. The fuzz targets include this file and hold
//! them over bytes, so no law is written down twice.

use std::collections::{BTreeMap, BTreeSet};

use llmx_bridge::fold;
use llmx_wire::responses::{Item, StreamEvent};
use llmx_wire::{chat, gemini, messages};
use serde_json::{Value, json};

/// Whether a law holds, and what breaks it.
pub(crate) type Law = Result<(), String>;

/// Every law of a Responses stream.
pub(crate) fn responses_stream(events: &[StreamEvent]) -> Law {
    one_terminal_event_comes_last(events)?;
    numbers_rise_by_one(events)?;
    items_are_added_and_done_once(events)?;
    call_ids_are_unique(events)?;
    done_is_the_sum_of_its_deltas(events)
}

pub(crate) fn one_terminal_event_comes_last(events: &[StreamEvent]) -> Law {
    ends_once(events.iter().map(StreamEvent::is_terminal))
}

pub(crate) fn numbers_rise_by_one(events: &[StreamEvent]) -> Law {
    for (number, event) in events.iter().enumerate() {
        same(
            "sequence_number",
            &json!(event)["sequence_number"],
            &json!(number),
        )?;
    }
    Ok(())
}

/// Every item is added and done once, in order, as itself, and stands in the output. Only a call
/// that was cut off is never done, so that nobody executes it.
pub(crate) fn items_are_added_and_done_once(events: &[StreamEvent]) -> Law {
    let (mut added, mut done) = (Vec::new(), BTreeMap::new());
    for event in events {
        match event {
            StreamEvent::OutputItemAdded(event) => {
                same("place", &event.output_index, &(added.len() as u64))?;
                added.push(identity(&event.item));
            }
            StreamEvent::OutputItemDone(event) => {
                let place = event.output_index;
                if done
                    .last_key_value()
                    .is_some_and(|(last, _)| *last >= place)
                {
                    return Err(format!("done again or too late: {event:?}"));
                }
                done.insert(place, event.item.clone());
            }
            event => belongs_to_an_open_item(event, &added, &done)?,
        }
    }
    let output = fold(events.to_vec()).map(|response| response.output);
    let output = output.unwrap_or_default();
    same("items", &output.iter().map(identity).collect(), &added)?;
    for (place, item) in (0..).zip(&output) {
        match done.get(&place) {
            Some(done) => same("output", item, done)?,
            None if is_cut_call(item) => {}
            None => return Err(format!("never done: {item:?}")),
        }
    }
    Ok(())
}

pub(crate) fn call_ids_are_unique(events: &[StreamEvent]) -> Law {
    let mut ids = BTreeSet::new();
    for item in fold(events.to_vec()).iter().flat_map(|it| &it.output) {
        if let Some(id) = json!(item)["call_id"].as_str()
            && (id.is_empty() || !ids.insert(id.to_owned()))
        {
            return Err(format!("a call's id is empty or taken: {item:?}"));
        }
    }
    Ok(())
}

/// What is done is the concatenation of its deltas, and whatever has deltas is done, unless it was
/// cut off.
pub(crate) fn done_is_the_sum_of_its_deltas(events: &[StreamEvent]) -> Law {
    let output = fold(events.to_vec()).map(|response| response.output);
    let cut: BTreeSet<String> = output
        .iter()
        .flatten()
        .filter(|item| is_cut_call(item))
        .map(|item| json!(item)["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let mut sums: BTreeMap<(String, String, u64), String> = BTreeMap::new();
    for event in events {
        let value = json!(event);
        let Some((what, step)) = event.kind().rsplit_once('.') else {
            continue;
        };
        let part = ["content_index", "summary_index"]
            .iter()
            .find_map(|name| value[*name].as_u64());
        let item = value["item_id"].as_str().unwrap_or_default();
        let key = (what.to_owned(), item.to_owned(), part.unwrap_or(0));
        let whole = ["text", "refusal", "arguments", "input"]
            .iter()
            .find_map(|field| value[*field].as_str());
        match (step, value["delta"].as_str(), whole) {
            ("delta", Some(delta), _) => sums.entry(key).or_default().push_str(delta),
            ("done", None, Some(whole)) => {
                same(
                    event.kind(),
                    &whole,
                    &&*sums.remove(&key).unwrap_or_default(),
                )?;
            }
            _ => {}
        }
    }
    sums.retain(|(_, item, _), _| !cut.contains(item));
    same("what was never done", &sums, &BTreeMap::new())
}

/// A Chat stream has one end: a reason, which only the cost may follow, or an error.
pub(crate) fn chat_stream(chunks: &[chat::Chunk]) -> Law {
    let is_end = |chunk: &chat::Chunk| {
        chunk.error.is_some() || chunk.choices.iter().any(|it| it.finish_reason.is_some())
    };
    let cost_only = |chunk: &chat::Chunk| chunk.choices.is_empty() && chunk.usage.is_some();
    let told = match chunks.split_last() {
        Some((last, before)) if cost_only(last) => before,
        _ => chunks,
    };
    ends_once(told.iter().map(is_end))?;
    // A call is told by its name first, in the order of the calls.
    let mut calls = 0;
    for call in told
        .iter()
        .flat_map(|it| &it.choices)
        .flat_map(|it| &it.delta.tool_calls)
    {
        let index = call.index.unwrap_or(u64::MAX);
        if call.id.is_some() {
            same("a call's place", &index, &calls)?;
            calls += 1;
        } else if index >= calls {
            return Err(format!("a piece of a call that never began: {call:?}"));
        }
    }
    Ok(())
}

/// A Messages stream has whole blocks, numbered from zero, between one beginning and one end.
pub(crate) fn messages_stream(events: &[messages::StreamEvent]) -> Law {
    use messages::StreamEvent as Event;
    ends_once(events.iter().map(Event::is_terminal))?;
    let (mut begun, mut next, mut open) = (false, 0, BTreeSet::new());
    for event in events {
        let index = json!(event)["index"].as_u64().unwrap_or(u64::MAX);
        let lawful = match event {
            Event::MessageStart(_) => !std::mem::replace(&mut begun, true),
            Event::BlockStart(_) => {
                next += 1;
                begun && index == next - 1 && open.insert(index)
            }
            Event::BlockDelta(_) => open.contains(&index),
            Event::BlockStop(_) => open.remove(&index),
            Event::MessageStop(_) => begun && open.is_empty(),
            Event::Error(_) => open.is_empty(),
            _ => true,
        };
        if !lawful {
            return Err(format!("out of its place: {event:?}"));
        }
    }
    Ok(())
}

/// A Gemini stream has one end, its last chunk: a reason or an error.
pub(crate) fn gemini_stream(chunks: &[gemini::Response]) -> Law {
    ends_once(chunks.iter().map(|chunk| {
        let reasons = chunk
            .candidates
            .iter()
            .filter_map(|it| it.finish_reason.as_ref());
        chunk.error.is_some() || reasons.count() > 0
    }))
}

/// Chat takes the conversation: results stand directly after their calls, and in their order.
pub(crate) fn chat_conversation(request: &chat::Request) -> Law {
    let mut due: Vec<Value> = Vec::new();
    for message in list(&json!(request)["messages"]) {
        if message["role"] == "tool" {
            let expected = if due.is_empty() {
                None
            } else {
                Some(due.remove(0))
            };
            same(
                "result",
                &Some(&message["tool_call_id"]),
                &expected.as_ref(),
            )?;
            continue;
        }
        same("calls without a result", &due, &Vec::new())?;
        due = list(&message["tool_calls"])
            .map(|call| call["id"].clone())
            .collect();
    }
    same("calls without a result", &due, &Vec::new())
}

/// Messages takes the conversation: sides alternate, no turn is empty, each call has an id of its
/// own and is answered first thing in the next turn, and there are at most four cache marks.
pub(crate) fn messages_conversation(request: &messages::Request) -> Law {
    let body = json!(request);
    alternates(&body["messages"], "assistant")?;
    let (mut calls, mut ids) = (Vec::new(), BTreeSet::new());
    for message in list(&body["messages"]) {
        let blocks: Vec<&Value> = list(&message["content"]).collect();
        same("an empty turn", &blocks.is_empty(), &false)?;
        let is_result = |block: &&Value| block["type"] == "tool_result";
        let first = blocks.iter().take_while(|block| is_result(block)).count();
        let results: Vec<&Value> = blocks.iter().copied().filter(is_result).collect();
        same("results that come late", &first, &results.len())?;
        let answered: Vec<&Value> = results.iter().map(|it| &it["tool_use_id"]).collect();
        same("results", &answered, &calls)?;
        calls = blocks
            .into_iter()
            .filter(|block| block["type"] == "tool_use")
            .map(|block| &block["id"])
            .collect();
        for id in &calls {
            same("an id of its own", &ids.insert(id.to_string()), &true)?;
        }
    }
    same("calls without a result", &calls, &Vec::new())?;
    let marks = ["system", "tools", "messages"].map(|part| cache_marks(&body[part]));
    same(
        "more than four cache marks",
        &(marks.iter().sum::<usize>() > 4),
        &false,
    )
}

/// Gemini takes the conversation: sides alternate, no turn is empty, and a turn of calls is
/// followed by as many results, first.
pub(crate) fn gemini_conversation(request: &gemini::Request) -> Law {
    alternates(&json!(request)["contents"], "model")?;
    let mut calls: Vec<Option<String>> = Vec::new();
    for content in &request.contents {
        same("an empty turn", &content.parts.is_empty(), &false)?;
        let results = content
            .parts
            .iter()
            .map_while(|it| it.function_response.as_ref());
        same(
            "results",
            &results.map(|it| it.id.clone()).collect(),
            &calls,
        )?;
        let made = content
            .parts
            .iter()
            .filter_map(|it| it.function_call.as_ref());
        calls = made.map(|it| it.id.clone()).collect();
    }
    same("calls without a result", &calls, &Vec::new())
}

fn alternates(turns: &Value, model: &str) -> Law {
    let roles: Vec<&Value> = list(turns).map(|turn| &turn["role"]).collect();
    for (place, role) in roles.iter().enumerate() {
        let expected = if place % 2 == 0 { "user" } else { model };
        same("role", &role.as_str(), &Some(expected))?;
    }
    Ok(())
}

fn cache_marks(value: &Value) -> usize {
    list(value)
        .map(|it| usize::from(it.get("cache_control").is_some()) + cache_marks(&it["content"]))
        .sum()
}

/// An event that speaks of an item comes after the item was added and before it is done.
fn belongs_to_an_open_item(
    event: &StreamEvent,
    added: &[[Value; 5]],
    done: &BTreeMap<u64, Item>,
) -> Law {
    let value = json!(event);
    let Some(index) = value["output_index"].as_u64() else {
        return Ok(());
    };
    let mut open = (0..)
        .zip(added)
        .filter(|(place, _)| !done.contains_key(place));
    let item = open.find(|(place, _)| *place == index).map(|(_, it)| it);
    same("the item", &Some(&value["item_id"]), &item.map(|it| &it[1]))
}

/// Whether `item` is a call that is not whole, because the answer ended within it.
fn is_cut_call(item: &Item) -> bool {
    let item = json!(item);
    item["call_id"].is_string() && item["status"] == "incomplete"
}

/// What must be the same of an item from its beginning to its end.
fn identity(item: &Item) -> [Value; 5] {
    let item = json!(item);
    ["type", "id", "call_id", "name", "namespace"].map(|field| item[field].clone())
}

fn ends_once(ends: impl Iterator<Item = bool>) -> Law {
    let ends: Vec<bool> = ends.collect();
    let places: Vec<usize> = (0..ends.len()).filter(|at| ends[*at]).collect();
    same(
        "places of an end",
        &places,
        &vec![ends.len().wrapping_sub(1)],
    )
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Law {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}, expected {expected:?}"))
}
