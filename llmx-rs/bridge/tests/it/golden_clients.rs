//! The clients of Chat, Messages and Gemini in the golden matrix: their requests to every other
//! dialect, and every other dialect's answers to them, through the pivot.

use llmx_bridge::chat::{ResponsesToChat, from_chat, to_chat};
use llmx_bridge::gemini::{ResponsesToGemini, from_gemini, to_gemini};
use llmx_bridge::messages::{ResponsesToMessages, from_messages, to_messages};
use llmx_bridge::{ClientFault, LossReport, StreamBridge, StreamEnd, for_responses};
use llmx_wire::responses::{Request, StreamEvent};
use serde::Serialize;
use serde_json::{Value, json};

use crate::golden::{options, shown, stamp, upstream_events, words};
use crate::matrix::{check, fixtures};

/// How a client of one dialect is served.
struct Client {
    dialect: &'static str,
    /// Reads its request.
    ask: fn(&Value) -> Result<(Request, LossReport), ClientFault>,
    /// Writes the events of an answer in its dialect.
    answer: fn(Vec<StreamEvent>) -> Vec<Value>,
}

/// Where a request of the pivot goes, and what becomes of it there.
type Upstream = (
    &'static str,
    fn(Request, LossReport) -> Result<(Vec<String>, Value), ClientFault>,
);

const CLIENTS: &[Client] = &[
    Client {
        dialect: "chat",
        ask: |fixture| {
            let request = serde_json::from_value(fixture.clone()).unwrap();
            from_chat(&request, &options()).map(|it| (it.request, it.losses))
        },
        answer: |events| {
            let fixture = json!({
                "model": "m", "messages": [], "stream": true,
                "stream_options": {"include_usage": true},
            });
            let request = serde_json::from_value(fixture).unwrap();
            let context = from_chat(&request, &options()).unwrap().context;
            drive(ResponsesToChat::new(context, &stamp()), events)
        },
    },
    Client {
        dialect: "messages",
        ask: |fixture| {
            let request = serde_json::from_value(fixture.clone()).unwrap();
            from_messages(&request, &options()).map(|it| (it.request, it.losses))
        },
        answer: |events| {
            let fixture = json!({"model": "m", "max_tokens": 9, "messages": [], "stream": true});
            let request = serde_json::from_value(fixture).unwrap();
            let context = from_messages(&request, &options()).unwrap().context;
            drive(ResponsesToMessages::new(context, &stamp()), events)
        },
    },
    Client {
        dialect: "gemini",
        ask: |fixture| {
            let request = serde_json::from_value(fixture["request"].clone()).unwrap();
            let model = fixture["model"].as_str().unwrap();
            from_gemini(model, true, &request, &options()).map(|it| (it.request, it.losses))
        },
        answer: |events| {
            let request = serde_json::from_value(json!({"contents": []})).unwrap();
            let context = from_gemini("m", true, &request, &options())
                .unwrap()
                .context;
            drive(ResponsesToGemini::new(context, &stamp()), events)
        },
    },
];

const UPSTREAMS: &[Upstream] = &[
    ("responses", |mut request, mut losses| {
        for_responses(&mut request, &mut losses);
        Ok((words(&losses), json!(request)))
    }),
    ("chat", |request, losses| {
        let told = to_chat(&request, &options())?;
        Ok((
            [words(&losses), words(&told.losses)].concat(),
            json!(told.request),
        ))
    }),
    ("messages", |request, losses| {
        let told = to_messages(&request, &options())?;
        Ok((
            [words(&losses), words(&told.losses)].concat(),
            json!(told.request),
        ))
    }),
    ("gemini", |request, losses| {
        let told = to_gemini(&request, &options())?;
        Ok((
            [words(&losses), words(&told.losses)].concat(),
            json!(told.request),
        ))
    }),
];

/// Checks every pair that the other modules do not, and returns the names of the snapshots.
pub(crate) fn check_all() -> Vec<String> {
    let mut names = Vec::new();
    for client in CLIENTS {
        for (upstream, tell) in UPSTREAMS {
            if *upstream == client.dialect {
                continue;
            }
            // The matrix itself checks these two lanes.
            let checked_there = (client.dialect, *upstream) == ("chat", "responses");
            for (case, fixture) in fixtures(client.dialect) {
                if fixture.get("chunks").is_none() && !checked_there {
                    let asked = (client.ask)(&fixture);
                    let told = asked.and_then(|(request, losses)| tell(request, losses));
                    let name = format!("{case}.{}-{upstream}", client.dialect);
                    names.push(check(&name, &shown(told)));
                }
            }
            for (case, fixture) in fixtures(upstream) {
                if checked_there {
                    continue;
                }
                if let Some(events) = upstream_events(upstream, &fixture) {
                    let lines = (client.answer)(events).into_iter().map(|it| it.to_string());
                    let name = format!("{case}.{upstream}-{}", client.dialect);
                    names.push(check(&name, &lines.collect::<Vec<_>>().join("\n")));
                }
            }
        }
    }
    names
}

fn drive<B>(mut bridge: B, events: Vec<StreamEvent>) -> Vec<Value>
where
    B: StreamBridge<In = StreamEvent>,
    B::Out: Serialize,
{
    let mut out = Vec::new();
    let mut end = StreamEnd::Eof;
    for event in events {
        if let Err(fault) = bridge.push(event, &mut out) {
            end = StreamEnd::Broken(fault);
            break;
        }
    }
    bridge.finish(end, &mut out);
    out.iter().map(|event| json!(event)).collect()
}
