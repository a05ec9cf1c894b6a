//! How the settings of one source lie over those of a weaker one.

use std::collections::BTreeMap;

use crate::source::Located;

/// A setting that a source may leave out.
pub(crate) type Setting<T> = Option<Located<T>>;

/// What can be laid over its like from a weaker source.
pub(crate) trait Layer {
    /// Lays this source over `lower`, setting by setting.
    fn over(self, lower: Self) -> Self;
}

impl<T> Layer for Located<T> {
    fn over(self, _lower: Self) -> Self {
        self
    }
}

impl<T> Layer for Setting<T> {
    fn over(self, lower: Self) -> Self {
        self.or(lower)
    }
}

impl<T: Layer> Layer for BTreeMap<String, T> {
    fn over(self, mut lower: Self) -> Self {
        for (key, value) in self {
            let value = match lower.remove(&key) {
                Some(below) => value.over(below),
                None => value,
            };
            lower.insert(key, value);
        }
        lower
    }
}

/// Declares structs whose every field is laid over the same field of the weaker source.
macro_rules! layers {
    ($(
        $(#[$meta:meta])*
        struct $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty, )* }
    )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name { $( $(#[$field_meta])* pub(crate) $field: $type, )* }

        impl $crate::layer::Layer for $name {
            fn over(self, lower: Self) -> Self {
                Self { $( $field: $crate::layer::Layer::over(self.$field, lower.$field), )* }
            }
        }
    )* };
}

pub(crate) use layers;
