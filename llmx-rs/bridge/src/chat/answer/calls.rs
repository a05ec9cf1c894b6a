//! Puts the pieces of streamed tool calls together, by index, by id and by name.
//!
//! The protocol is simple: each piece has the index of its call, the first also id and name. Many
//! servers keep to it loosely: no index, one index for all, an id on every piece or a new one on
//! each, a name in halves or repeated, arguments at once, twice, or as an object. What a piece
//! belongs to is decided in [`super::route`]; what it adds, here.

use llmx_wire::chat::{FunctionCall, ToolCall};
use serde_json::Value;

use super::json_end::JsonEnd;
use super::route::{Piece, route};
use super::{Events, Pushed};
use crate::stream::{CallKey, ResponsesWriter};
use crate::tools::ToolTable;
use crate::{Extra, UpstreamFault};

/// The calls of one answer.
#[derive(Debug)]
pub(super) struct Calls {
    slots: Vec<Slot>,
    table: ToolTable,
    cumulative: bool,
}

/// One call.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// All arguments so far, but for a placeholder.
    pub(super) arguments: String,
    /// Whether `{}` came first, which some servers replace by what they stream then.
    pub(super) placeholder: bool,
    pub(super) end: JsonEnd,
    /// The call as the client sees it, once it does.
    key: Option<CallKey>,
}

impl Calls {
    pub(super) fn new(table: ToolTable, cumulative: bool) -> Self {
        Self {
            slots: Vec::new(),
            table,
            cumulative,
        }
    }

    pub(super) fn push(
        &mut self,
        call: ToolCall,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Pushed {
        let function = call.function.or_else(|| custom(&call.extra));
        let function = function.unwrap_or_default();
        let piece = Piece {
            index: call.index,
            id: call.id.filter(|id| !id.is_empty()),
            name: function.name.unwrap_or_default(),
            arguments: text(function.arguments),
        };
        let routed = route(&piece, &self.slots, &self.table, self.cumulative);
        let position = match routed {
            Some(position) => position,
            None => self.begin(writer, out)?,
        };
        let Some(slot) = self.slots.get_mut(position) else {
            return Ok(());
        };
        slot.index = slot.index.or(piece.index);
        slot.id = slot.id.take().or(piece.id);
        slot.add_name(&piece.name, &self.table);
        let news = slot.add_arguments(&piece.arguments, self.cumulative);
        slot.show(&news, &self.table, writer, out)
    }

    /// Shows the calls whose name is known: what comes next comes after them.
    pub(super) fn show_named(&mut self, writer: &mut ResponsesWriter, out: &mut Events) -> Pushed {
        for slot in self.slots.iter_mut().filter(|slot| !slot.name.is_empty()) {
            slot.open(&self.table, writer, out)?;
        }
        Ok(())
    }

    /// Shows the calls that had nothing but a name.
    pub(super) fn close(&mut self, writer: &mut ResponsesWriter, out: &mut Events) -> Pushed {
        for slot in &mut self.slots {
            if slot.name.is_empty() && !slot.has_arguments() {
                continue;
            }
            slot.open(&self.table, writer, out)?;
        }
        Ok(())
    }

    /// Begins a call. The ones before it are shown first, so that they stay in order.
    fn begin(
        &mut self,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Result<usize, UpstreamFault> {
        if self.slots.len() >= MAX_CALLS {
            return Err(UpstreamFault::TooLarge {
                what: "tool calls",
                limit: MAX_CALLS,
            });
        }
        self.show_named(writer, out)?;
        self.slots.push(Slot::default());
        Ok(self.slots.len() - 1)
    }
}

impl Slot {
    pub(super) fn has_arguments(&self) -> bool {
        self.placeholder || !self.arguments.is_empty()
    }

    /// Adds a name that comes whole, in halves, growing, or again.
    fn add_name(&mut self, name: &str, table: &ToolTable) {
        if name.is_empty() || self.key.is_some() {
            return;
        }
        let joined = format!("{}{name}", self.name);
        if self.name.is_empty() || (!table.knows(&self.name) && table.knows(&joined)) {
            self.name = joined;
        } else if self.name == name || (table.knows(&self.name) && !table.knows(&joined)) {
            // It was known before; this piece only says it again.
        } else if table.knows(name) || name.starts_with(&self.name) {
            name.clone_into(&mut self.name);
        } else {
            self.name = joined;
        }
    }

    /// Adds to the arguments and returns what is new.
    fn add_arguments(&mut self, piece: &str, cumulative: bool) -> String {
        let mut news = piece;
        if cumulative {
            news = piece.strip_prefix(self.arguments.as_str()).unwrap_or(piece);
        }
        if news.is_empty() {
            return String::new();
        }
        if self.arguments.is_empty() && news.trim() == "{}" {
            self.placeholder = true;
            return String::new();
        }
        // A last piece that repeats the whole call adds nothing.
        if self.end.is_ended() && news == self.arguments {
            return String::new();
        }
        self.placeholder = false;
        self.end.push(news);
        self.arguments.push_str(news);
        news.to_owned()
    }

    fn show(
        &mut self,
        news: &str,
        table: &ToolTable,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Pushed {
        if news.is_empty() {
            return Ok(());
        }
        if let Some(key) = self.key {
            return writer.arguments(key, news, out);
        }
        if self.name.is_empty() {
            return if self.arguments.len() > MAX_UNNAMED {
                Err(UpstreamFault::UnnamedToolCall)
            } else {
                Ok(())
            };
        }
        self.open(table, writer, out)
    }

    /// Shows the call and all of its arguments so far. Safe to call more than once.
    fn open(
        &mut self,
        table: &ToolTable,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Pushed {
        if self.key.is_some() {
            return Ok(());
        }
        if self.name.is_empty() {
            return Err(UpstreamFault::UnnamedToolCall);
        }
        let key = writer.call(self.id.clone(), table.target(&self.name), out)?;
        self.key = Some(key);
        writer.arguments(key, &self.arguments, out)
    }
}

/// Makes a call of the protocol's first form, which had one call and no id.
pub(super) fn legacy(call: FunctionCall) -> ToolCall {
    ToolCall {
        index: Some(0),
        function: Some(call),
        ..ToolCall::default()
    }
}

/// Reads a call of a free-form tool, which some models make though only functions are offered.
fn custom(call: &Extra) -> Option<FunctionCall> {
    let custom = call.get("custom")?;
    let name = custom.get("name").and_then(Value::as_str);
    Some(FunctionCall {
        name: name.map(str::to_owned),
        arguments: custom.get("input").cloned(),
        ..FunctionCall::default()
    })
}

/// Returns arguments as text: some servers send the object itself.
fn text(arguments: Option<Value>) -> String {
    match arguments {
        Some(Value::String(text)) => text,
        Some(Value::Null) | None => String::new(),
        Some(value) => value.to_string(),
    }
}

/// Bounds memory against an upstream that never stops opening calls.
const MAX_CALLS: usize = 512;

/// Arguments that no one can be shown yet, because their call has no name.
const MAX_UNNAMED: usize = 1 << 20;
