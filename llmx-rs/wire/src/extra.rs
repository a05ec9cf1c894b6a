//! The fields that a type does not name, kept so that what was read is written again whole.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A JSON object, its fields in the order they came.
pub type Object = serde_json::Map<String, Value>;

/// The fields of a JSON object that its type does not name, in the order they came.
///
/// Nearly every type has such fields and nearly no value does, so a value without any pays for one
/// pointer and not for an empty map.
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Object>>);

impl Extra {
    /// Makes the fields of an object that has no others.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Returns the fields as an object of their own.
    pub fn into_object(self) -> Object {
        self.0.map_or_else(Object::new, |fields| *fields)
    }
}

impl Deref for Extra {
    type Target = Object;

    fn deref(&self) -> &Object {
        static NONE: LazyLock<Object> = LazyLock::new(Object::new);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Object {
        self.0.get_or_insert_default()
    }
}

impl From<Object> for Extra {
    fn from(fields: Object) -> Self {
        Self((!fields.is_empty()).then(|| Box::new(fields)))
    }
}

impl From<Extra> for Value {
    fn from(fields: Extra) -> Self {
        Self::Object(fields.into_object())
    }
}

impl FromIterator<(String, Value)> for Extra {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Object::from_iter(fields).into()
    }
}

impl IntoIterator for Extra {
    type Item = (String, Value);
    type IntoIter = serde_json::map::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.into_object().into_iter()
    }
}

impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Object::deserialize(deserializer)?.into())
    }
}
