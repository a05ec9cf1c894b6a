//! The parts that a message, a reasoning item or a tool output is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// One part of a message, of a reasoning item or of a tool's output.
    pub enum ContentPart, implied by |_| "", {
        /// Text from a user, a developer or a tool.
        "input_text" => InputText(Text),
        /// Text from the model.
        "output_text" => OutputText(Text),
        /// The model's summary of its reasoning.
        "summary_text" => SummaryText(Text),
        /// The model's reasoning itself.
        "reasoning_text" => ReasoningText(Text),
        /// The model's words on why it will not answer.
        "refusal" => Refusal(Refusal),
        /// A picture for the model.
        "input_image" => InputImage(InputImage),
    }
}

impl ContentPart {
    /// Makes a part of user, developer or tool text.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::InputText(Text::from(text.into()))
    }

    /// Makes a part that shows the picture at `url`.
    pub fn input_image(url: impl Into<String>) -> Self {
        Self::InputImage(InputImage {
            image_url: Some(url.into()),
            ..InputImage::default()
        })
    }

    /// Makes a part of model text.
    pub fn output_text(text: impl Into<String>) -> Self {
        Self::OutputText(Text::from(text.into()))
    }

    /// Returns whether the client says that a prefix to be cached ends here.
    pub fn marks_cache(&self) -> bool {
        let extra = match self {
            Self::InputText(part)
            | Self::OutputText(part)
            | Self::SummaryText(part)
            | Self::ReasoningText(part) => &part.extra,
            Self::Refusal(part) => &part.extra,
            Self::InputImage(part) => &part.extra,
            Self::Unknown(part) => part,
        };
        extra.contains_key("cache_control")
    }

    /// Returns what a person would read in this part.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::InputText(part)
            | Self::OutputText(part)
            | Self::SummaryText(part)
            | Self::ReasoningText(part) => Some(&part.text),
            Self::Refusal(part) => Some(&part.refusal),
            Self::InputImage(_) | Self::Unknown(_) => None,
        }
    }
}

/// Any of the text parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Citations and other remarks on the model's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Value>,
    /// The likelihood of the model's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The model's words.
    pub refusal: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A picture, by URL (a data URL included) or by the id of an uploaded file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputImage {
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// The uploaded file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// How closely the model looks: `auto`, `low`, `high`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
