//! The answer to `GET …/models`.

use serde::{Deserialize, Serialize};

use crate::Extra;
use crate::lenient::null_as_default;

/// The models that a server offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// `list`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub object: String,
    /// The models.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Vec<Model>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One model; servers tell its limits in fields of their own, which stay in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The name to ask for it by.
    pub id: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
