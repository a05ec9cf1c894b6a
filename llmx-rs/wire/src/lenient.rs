//! Reads values that some servers leave null where the protocol wants a value.

use serde::{Deserialize, Deserializer};

/// Reads null as the type's default; use it with `#[serde(default)]`.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
