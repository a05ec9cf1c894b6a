//! Defines enums tagged by `type` that stay open: a type they do not know is kept as it came.
//!
//! Providers add item, event and tool types every month. A closed enum would turn each of them
//! into an error; an enum that guesses would lose what it does not understand. An open enum parses
//! what it names, strictly, and carries everything else through untouched.

use serde::Serialize;

/// Defines an open enum: `"tag" => Variant(Payload)` per known type, plus `Unknown`.
///
/// `implied` names the type of an object that has none; an empty name leaves it unknown.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident, implied by $implied:expr, {
            $( $(#[$variant_meta:meta])* $tag:literal => $variant:ident($payload:ty), )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($payload), )+
            /// A type that llmx does not know: the whole object as it came.
            Unknown($crate::Object),
        }

        impl $name {
            /// Returns the value of `type`; empty if the object has none.
            pub fn kind(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $tag, )+
                    Self::Unknown(object) => $crate::open_enum::kind_of(object),
                }
            }

            /// Reads the type first and then what belongs to it.
            pub fn from_object(mut object: $crate::Object) -> Result<Self, serde_json::Error> {
                let kind = match $crate::open_enum::kind_of(&object) {
                    "" => {
                        let implied: fn(&$crate::Object) -> &'static str = $implied;
                        implied(&object).to_owned()
                    }
                    kind => kind.to_owned(),
                };
                match kind.as_str() {
                    $( $tag => {
                        object.shift_remove("type");
                        $crate::open_enum::payload($tag, object).map(Self::$variant)
                    } )+
                    _ => Ok(Self::Unknown(object)),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(payload) => {
                        $crate::open_enum::Tagged { kind: $tag, payload }.serialize(serializer)
                    } )+
                    Self::Unknown(object) => object.serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let object = $crate::Object::deserialize(deserializer)?;
                Self::from_object(object).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use open_enum;

/// A known variant on its way out: its tag first, then its fields.
#[derive(Serialize)]
pub(crate) struct Tagged<'a, T> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) payload: &'a T,
}

pub(crate) fn kind_of(object: &crate::Object) -> &str {
    object
        .get("type")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn payload<T: serde::de::DeserializeOwned>(
    kind: &str,
    object: crate::Object,
) -> Result<T, serde_json::Error> {
    serde_json::from_value(object.into())
        .map_err(|error| serde::de::Error::custom(format_args!("`{kind}`: {error}")))
}
