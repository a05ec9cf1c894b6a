//! What a server offers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a server offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) tools: Vec<ListedTool>,
    /// Whether it has resources.
    pub(crate) resources: bool,
}

/// One tool of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedTool {
    /// As the server calls it.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema: Map<String, Value>,
    /// Whether the server says that it changes nothing.
    pub(crate) read_only: bool,
}

impl ListedTool {
    /// Returns the schema as providers take it: an object that says which fields it has.
    pub(crate) fn parameters(&self) -> Value {
        let mut schema = self.schema.clone();
        schema.insert("type".to_owned(), json!("object"));
        schema
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        Value::Object(schema)
    }
}

impl Listing {
    /// Bounds what one server can put into every request, and leaves out what it lists twice.
    pub(crate) fn bounded(mut self) -> Self {
        let mut names = BTreeSet::new();
        self.tools.retain(|tool| names.insert(tool.name.clone()));
        self.tools.truncate(MOST_TOOLS);
        for tool in &mut self.tools {
            let end = tool.description.floor_char_boundary(LONGEST_DESCRIPTION);
            if end < tool.description.len() {
                tool.description.truncate(end);
                tool.description.push('…');
            }
        }
        self
    }
}

/// More than any provider takes.
const MOST_TOOLS: usize = 512;
const LONGEST_DESCRIPTION: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_without_fields_says_that_it_has_none() {
        let tool = ListedTool {
            name: "t".to_owned(),
            description: "é".repeat(LONGEST_DESCRIPTION),
            schema: Map::new(),
            read_only: false,
        };
        assert_eq!(
            tool.parameters(),
            json!({"type": "object", "properties": {}})
        );
        let listing = Listing {
            tools: vec![tool.clone(), tool],
            resources: false,
        };
        let bounded = listing.bounded();
        assert_eq!(bounded.tools.len(), 1);
        assert!(bounded.tools[0].description.len() <= LONGEST_DESCRIPTION + '…'.len_utf8());
    }
}
