//! The names under which an upstream sees a client's tools, and the way back.
//!
//! A dialect that knows only functions sees every tool as a function. The table remembers what
//! each one was, so that a call comes back as the kind of item that the client waits for.

mod choice;
mod name;
mod offer;

use std::collections::BTreeMap;

use name::{hashed, legal};

pub(crate) use choice::{Choice, choice};
pub(crate) use offer::{Offer, Offered, offer};

/// The tools of one request, by the names that the upstream sees.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToolTable {
    by_wire: BTreeMap<String, Target>,
    to_wire: BTreeMap<Target, String>,
}

/// One tool as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

/// What kind of item calls a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `function_call`
    Function,
    /// `custom_tool_call`
    Custom,
    /// `tool_search_call`
    ToolSearch,
    /// `local_shell_call`
    LocalShell,
}

impl Target {
    pub(crate) fn new(kind: Kind, namespace: Option<&str>, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }
}

impl ToolTable {
    /// Gives a tool its name on the wire; `None` if it already has one.
    ///
    /// A tool keeps its own name where that is legal and free. The others are told apart by a hash
    /// of what they are, not by their position, so that a name survives from turn to turn.
    pub(crate) fn add(&mut self, target: Target) -> Option<String> {
        if self.to_wire.contains_key(&target) {
            return None;
        }
        let mut wire = legal(&target);
        if self.by_wire.contains_key(&wire) {
            wire = hashed(&target);
        }
        if self.by_wire.contains_key(&wire) {
            return None;
        }
        self.by_wire.insert(wire.clone(), target.clone());
        self.to_wire.insert(target, wire.clone());
        Some(wire)
    }

    /// Returns the name of a tool on the wire, offered or not: history may call what is gone.
    pub(crate) fn wire_name(&self, target: &Target) -> String {
        self.to_wire
            .get(target)
            .cloned()
            .unwrap_or_else(|| legal(target))
    }

    /// Returns the name of a tool on the wire if the request offers the tool.
    pub(crate) fn offered(&self, target: &Target) -> Option<&str> {
        self.to_wire.get(target).map(String::as_str)
    }

    /// Returns whether the upstream knows a tool by this name.
    pub(crate) fn knows(&self, wire: &str) -> bool {
        self.by_wire.contains_key(wire)
    }

    /// Returns what the upstream calls by this name; a function if it made the name up.
    pub(crate) fn target(&self, wire: &str) -> Target {
        self.by_wire
            .get(wire)
            .cloned()
            .unwrap_or_else(|| Target::new(Kind::Function, None, wire))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn function(namespace: Option<&str>, name: &str) -> Target {
        Target::new(Kind::Function, namespace, name)
    }

    #[test]
    fn a_plain_name_is_kept_and_a_namespace_is_put_in_front() {
        let mut table = ToolTable::default();
        assert_eq!(table.add(function(None, "shell")).unwrap(), "shell");
        let calc = function(Some("mcp__calc"), "add");
        assert_eq!(table.add(calc.clone()).unwrap(), "mcp__calc__add");
        assert_eq!(table.target("mcp__calc__add"), calc);
    }

    #[test]
    fn tools_of_one_name_are_told_apart() {
        let mut table = ToolTable::default();
        let custom = Target::new(Kind::Custom, None, "apply");
        let first = table.add(function(None, "apply")).unwrap();
        let second = table.add(custom.clone()).unwrap();
        assert_ne!(first, second);
        assert_eq!(table.target(&second), custom);
    }

    #[test]
    fn a_tool_is_added_once() {
        let mut table = ToolTable::default();
        assert!(table.add(function(None, "a")).is_some());
        assert!(table.add(function(None, "a")).is_none());
    }

    proptest! {
        /// Whatever a client calls its tools, the wire name is legal, unique and leads back.
        #[test]
        fn wire_names_are_legal_and_lead_back(
            names in prop::collection::vec(("[0-9a-z_é. -]{0,90}", prop::option::of("[a-z_]{0,40}")), 0..12)
        ) {
            let mut table = ToolTable::default();
            for (name, namespace) in names {
                let target = function(namespace.as_deref(), &name);
                let Some(wire) = table.add(target.clone()) else { continue };
                prop_assert!(!wire.is_empty() && wire.len() <= 64);
                prop_assert!(wire.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
                prop_assert!(wire.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
                prop_assert_eq!(table.target(&wire), target);
            }
        }
    }
}
