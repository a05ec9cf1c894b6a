//! The parts that a message's content is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// One part of a message.
    pub enum Part, implied by |_| "", {
        /// Text.
        "text" => Text(TextPart),
        /// The model's words on why it will not answer.
        "refusal" => Refusal(RefusalPart),
        /// A picture for the model.
        "image_url" => ImageUrl(ImageUrlPart),
        /// Sound for the model.
        "input_audio" => InputAudio(InputAudio),
        /// A document for the model.
        "file" => File(File),
    }
}

impl Part {
    /// Makes a part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextPart {
            text: text.into(),
            extra: Extra::new(),
        })
    }
}

/// Text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextPart {
    /// The text.
    pub text: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A refusal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusalPart {
    /// The model's words.
    pub refusal: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageUrlPart {
    /// Where the picture is.
    pub image_url: ImageUrl,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a picture is and how closely the model looks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageUrl {
    /// The address; a data URL holds the picture itself.
    pub url: String,
    /// `auto`, `low` or `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Sound.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputAudio {
    /// `{data, format}`.
    pub input_audio: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// `{filename, file_data}` or `{file_id}`.
    pub file: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
