//! The lanes to Messages and to Gemini in the golden matrix.

use llmx_bridge::gemini::{GeminiToResponses, to_gemini};
use llmx_bridge::messages::{MessagesToResponses, to_messages};
use llmx_bridge::{
    ClientFault, LossReport, Options, Stamp, StreamBridge, StreamEnd, UpstreamFault,
};
use llmx_wire::messages::StreamEvent as MessagesEvent;
use llmx_wire::responses::{Request, StreamEvent};
use llmx_wire::sse::encode;
use serde_json::{Value, json};

use crate::matrix::{chat_events, check, decode, fixtures};

/// Checks every pair and returns the names of the snapshots.
pub(crate) fn check_all() -> Vec<String> {
    let mut names = Vec::new();
    for (case, fixture) in fixtures("responses") {
        if fixture.get("events").is_some() {
            continue;
        }
        let request: Request = serde_json::from_value(fixture).unwrap();
        let to_messages = to_messages(&request, &options());
        let shown = shown(to_messages.map(|it| (words(&it.losses), json!(it.request))));
        names.push(check(&format!("{case}.responses-messages"), &shown));
        let to_gemini = to_gemini(&request, &options());
        let shown = self::shown(to_gemini.map(|it| (words(&it.losses), json!(it.request))));
        names.push(check(&format!("{case}.responses-gemini"), &shown));
    }
    for lane in LANES {
        for (case, fixture) in answers(lane.dialect) {
            let name = format!("{case}.{}-responses", lane.dialect);
            names.push(check(&name, &lane.answer(&fixture["chunks"])));
        }
    }
    names
}

#[test]
fn every_upstreams_stream_is_the_same_under_every_framing() {
    for lane in LANES {
        for (case, fixture) in answers(lane.dialect) {
            let plain = lane.answer(&fixture["chunks"]);
            let mut bytes = Vec::new();
            for chunk in fixture["chunks"].as_array().unwrap() {
                encode(
                    chunk["type"].as_str().unwrap_or_default(),
                    &chunk.to_string(),
                    &mut bytes,
                );
            }
            let text = String::from_utf8(bytes).unwrap();
            for framed in [
                text.clone(),
                text.replace('\n', "\r\n"),
                text.replace("data: ", ": beat\ndata:"),
            ] {
                for size in [1, 7, framed.len()] {
                    let again = decode(framed.as_bytes(), size);
                    assert_eq!(lane.answer(&again), plain, "{case} by {size}");
                }
            }
        }
    }
}

/// How one dialect's answers are translated.
struct Lane {
    dialect: &'static str,
    run: fn(&Request, &[Value]) -> Vec<StreamEvent>,
}

const LANES: &[Lane] = &[
    Lane {
        dialect: "messages",
        run: |request, chunks| {
            let context = to_messages(request, &options()).unwrap().context;
            let read = |chunk: &Value| MessagesEvent::parse(None, &chunk.to_string()).unwrap();
            drive(
                MessagesToResponses::new(context, &stamp()),
                chunks.iter().map(read),
            )
        },
    },
    Lane {
        dialect: "gemini",
        run: |request, chunks| {
            let context = to_gemini(request, &options()).unwrap().context;
            let read = |chunk: &Value| serde_json::from_value(chunk.clone()).unwrap();
            drive(
                GeminiToResponses::new(context, &stamp()),
                chunks.iter().map(read),
            )
        },
    },
];

impl Lane {
    /// One line per event; what a response repeats of its request is left out.
    fn answer(&self, chunks: &Value) -> String {
        let lines = self.events(chunks).into_iter().map(|event| {
            let mut event = json!(event);
            if let Some(Value::Object(response)) = event.get_mut("response") {
                response.retain(|field, _| SHOWN.contains(&field.as_str()));
            }
            event.to_string()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn events(&self, chunks: &Value) -> Vec<StreamEvent> {
        let request = json!({"model": "m", "input": "hi", "tools": [
            {"type": "function", "name": "exec_command"},
            {"type": "custom", "name": "apply_patch"},
            {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add"}]},
        ]});
        let request = serde_json::from_value(request).unwrap();
        (self.run)(&request, chunks.as_array().unwrap())
    }
}

/// Returns the events of the pivot that an upstream's answer becomes; `None` for a request.
pub(crate) fn upstream_events(dialect: &str, fixture: &Value) -> Option<Vec<StreamEvent>> {
    if let Some(events) = fixture.get("events") {
        return Some(serde_json::from_value(events.clone()).unwrap());
    }
    let chunks = fixture.get("chunks")?;
    Some(match LANES.iter().find(|lane| lane.dialect == dialect) {
        Some(lane) => lane.events(chunks),
        None => chat_events(fixture),
    })
}

fn answers(dialect: &str) -> impl Iterator<Item = (String, Value)> {
    fixtures(dialect)
        .into_iter()
        .filter(|(_, fixture)| fixture.get("chunks").is_some())
}

const SHOWN: &[&str] = &[
    "id",
    "status",
    "model",
    "output",
    "usage",
    "error",
    "incomplete_details",
    "service_tier",
];

fn drive<B: StreamBridge<Out = StreamEvent>>(
    mut bridge: B,
    events: impl Iterator<Item = B::In>,
) -> Vec<StreamEvent> {
    let mut out = Vec::new();
    let mut fault: Option<UpstreamFault> = None;
    for event in events {
        fault = bridge.push(event, &mut out).err();
        if fault.is_some() {
            break;
        }
    }
    bridge.finish(fault.map_or(StreamEnd::Eof, StreamEnd::Broken), &mut out);
    out
}

pub(crate) fn words(losses: &LossReport) -> Vec<String> {
    losses.iter().map(ToString::to_string).collect()
}

pub(crate) fn shown(translated: Result<(Vec<String>, Value), ClientFault>) -> String {
    let shown = match translated {
        Ok((losses, request)) => json!({"losses": losses, "request": request}),
        Err(fault) => json!({"refused": fault.to_string()}),
    };
    serde_json::to_string_pretty(&shown).unwrap()
}

pub(crate) fn options() -> Options {
    Options {
        provider: "fixture".to_owned(),
        ..Options::default()
    }
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        id: "t".to_owned(),
        created_at: 7,
    }
}
