//! Names the protocols that llmx can speak, so that configuration and routing share one word.

use std::fmt;
use std::str::FromStr;

/// A wire protocol between a client and a model provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI Chat Completions: `POST …/chat/completions`.
    Chat,
    /// Google Gemini: `POST …/models/MODEL:generateContent`.
    Gemini,
    /// Anthropic Messages: `POST …/messages`.
    Messages,
    /// OpenAI Responses: `POST …/responses`.
    Responses,
}

impl Dialect {
    /// Every dialect, in the order of their names.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Gemini, Self::Messages, Self::Responses];

    /// Returns the name used in configuration (`wire_api`) and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Gemini => "gemini",
            Self::Messages => "messages",
            Self::Responses => "responses",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}

/// A name that no dialect has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown dialect `{0}`; the dialects are chat, gemini, messages and responses")]
pub struct UnknownDialect(
    /// The name as given.
    pub String,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_to_its_dialect() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.name().parse(), Ok(dialect));
        }
    }

    #[test]
    fn an_unknown_name_is_named_in_the_error() {
        let error = "soap".parse::<Dialect>().unwrap_err();
        assert!(error.to_string().contains("`soap`"));
    }
}
