//! Values that Responses lets a client write as plain text or as a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// Plain text, or a list of typed values; each is written back as it came.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TextOrList<T> {
    /// The short form.
    Text(String),
    /// The long form.
    List(Vec<T>),
}

impl<T> Default for TextOrList<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> From<Vec<T>> for TextOrList<T> {
    fn from(list: Vec<T>) -> Self {
        Self::List(list)
    }
}

impl<T> From<String> for TextOrList<T> {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

// Written by hand because serde's untagged enums replace the reason of a failure by a general one.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = TextOrList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(TextOrList::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(TextOrList::Text(text))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(TextOrList::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(TextOrList::List)
    }
}
