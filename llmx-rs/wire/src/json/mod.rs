//! Writes values as compact JSON, byte for byte as `serde_json` does, with strings in long strides.
//!
//! A conversation is nearly all strings, and each of its bytes is written on every turn.
//! `serde_json` looks at them one by one; here that is done for many at once. Numbers are left to
//! it. Two things are not taken over: the keys of a map must be strings, and the names of fields and
//! variants must need no escape.

mod compound;
mod text;

use serde::ser::{Serialize, Serializer};
use serde_json::Error;

use self::compound::Compound;

/// Returns `value` as JSON.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(FIRST_ROOM);
    write(value, &mut out)?;
    Ok(out)
}

/// Appends `value` as JSON. What an error leaves behind is no JSON.
pub fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    let is_json = false;
    value.serialize(&mut Writer { out, is_json })
}

/// The name of a field where it stands in the source, which needs no look at its bytes.
pub(crate) struct Name(pub(crate) &'static str);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("Name", 0, self.0)
    }
}

/// As much as a small answer has.
const FIRST_ROOM: usize = 2048;

/// The bytes so far.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Whether the next string is JSON itself.
    is_json: bool,
}

impl Writer<'_> {
    fn number<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, value)
    }

    fn word(&mut self, word: &str) -> Result<(), Error> {
        self.out.extend_from_slice(word.as_bytes());
        Ok(())
    }

    /// Begins an object whose one field is `variant`.
    fn variant(&mut self, variant: &'static str) {
        self.out.push(b'{');
        text::write_name(variant, self.out);
        self.out.push(b':');
    }
}

impl<'w, 'o> Serializer for &'w mut Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'w, 'o>;
    type SerializeTuple = Compound<'w, 'o>;
    type SerializeTupleStruct = Compound<'w, 'o>;
    type SerializeTupleVariant = Compound<'w, 'o>;
    type SerializeMap = Compound<'w, 'o>;
    type SerializeStruct = Compound<'w, 'o>;
    type SerializeStructVariant = Compound<'w, 'o>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.word(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.number(&value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if self.is_json {
            return self.word(value);
        }
        text::write(value, self.out);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.word("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        text::write_name(variant, self.out);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.word("}")
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'w, 'o>, Error> {
        Ok(Compound::begin(self, "[", "]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'w, 'o>, Error> {
        Ok(Compound::begin(self, "[", "]"))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Compound<'w, 'o>, Error> {
        Ok(Compound::begin(self, "[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'w, 'o>, Error> {
        self.variant(variant);
        Ok(Compound::begin(self, "[", "]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'w, 'o>, Error> {
        Ok(Compound::begin(self, "{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Compound<'w, 'o>, Error> {
        if name.starts_with(READY_MADE) {
            return Ok(Compound::ready_made(self));
        }
        Ok(Compound::begin(self, "{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'w, 'o>, Error> {
        self.variant(variant);
        Ok(Compound::begin(self, "{", "}}"))
    }
}

/// The beginning of the names under which `serde_json` hands over what is JSON already: its
/// `RawValue`, and its numbers where they keep their digits.
const READY_MADE: &str = "$serde_json::private::";

#[cfg(test)]
mod tests;
