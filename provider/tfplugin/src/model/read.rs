//! From values to structs.

use std::collections::btree_map;
use std::slice;

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::arg::ARG;
use super::error::Error;
use super::newtypes::VALUE;
use super::number::NUMBER;
use crate::cty::{Step, Value};

/// Which of an object's attributes a struct must have fields for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    All,
    Some,
}

pub(super) fn read<'de, T: Deserialize<'de>>(value: &'de Value, fields: Fields) -> Result<T, Error> {
    T::deserialize(Reader { value, fields })
}

#[derive(Clone, Copy)]
pub(super) struct Reader<'de> {
    value: &'de Value,
    fields: Fields,
}

impl<'de> Reader<'de> {
    pub(super) fn to(self, value: &'de Value) -> Self {
        Self { value, ..self }
    }

    pub(super) fn value(self) -> &'de Value {
        self.value
    }

    /// Gives the visitor what there is, when it has asked for something that null and unknown are not.
    fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.undynamic() {
            Value::Null => Err(Error::new("the value is null, and the model needs one")),
            _ => self.deserialize_any(visitor),
        }
    }

    /// A struct stands for an object, attribute by attribute. serde itself would take `None` for a missing attribute and
    /// pass over one that has no field, and a typing mistake in either would go unseen.
    fn check_fields(self, fields: &[&str]) -> Result<(), Error> {
        let Value::Object(attributes) = self.value.undynamic() else {
            return Err(Error::new(format!("the model is an object, and the value is {}", self.value.kind())));
        };
        if let Some(field) = fields.iter().find(|field| !attributes.contains_key(**field)) {
            return Err(Error::new(format!("the model has a field {field:?}, and the schema no such attribute")));
        }
        match attributes.keys().find(|name| !fields.contains(&name.as_str())) {
            Some(name) if self.fields == Fields::All => {
                Err(Error::new(format!("the schema has an attribute {name:?}, and the model no such field")))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! visit_what_there_is {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.visit(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Unknown(_) => Err(Error::new("the value is not known yet, and the model needs it")),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => visitor.visit_i64(value),
                (None, Some(value)) => visitor.visit_u64(value),
                (None, None) => visitor.visit_f64(number.as_f64()),
            },
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::List(values) | Value::Tuple(values) => {
                visitor.visit_seq(Elements { values: values.iter(), position: Some(0), parent: self })
            }
            Value::Set(values) => visitor.visit_seq(Elements { values: values.iter(), position: None, parent: self }),
            Value::Map(values) => {
                visitor.visit_map(Entries { rest: values.iter(), value: None, step: Step::Key, parent: self })
            }
            Value::Object(values) => {
                visitor.visit_map(Entries { rest: values.iter(), value: None, step: Step::Attribute, parent: self })
            }
            Value::Dynamic(typed) => self.to(&typed.1).deserialize_any(visitor),
        }
    }

    visit_what_there_is! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_seq deserialize_map deserialize_identifier
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.undynamic() {
            Value::Number(number) => visitor.visit_f64(number.as_f64()),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match (name, self.value.undynamic()) {
            (VALUE, _) => visitor.visit_enum(self),
            (ARG, Value::Null) => visitor.visit_none(),
            (ARG, Value::Unknown(_)) => visitor.visit_unit(),
            (ARG, _) => visitor.visit_some(self),
            (NUMBER, Value::Number(number)) => visitor.visit_string(number.to_string()),
            (NUMBER, _) => self.visit(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if matches!(
            self.value.undynamic(),
            Value::Object(_) | Value::Map(_) | Value::List(_) | Value::Set(_) | Value::Tuple(_)
        ) {
            self.check_fields(fields)?;
        }
        self.visit(visitor)
    }

    /// An enum without data stands for a string.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value.undynamic() {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit unit_struct }
}

/// The elements of a list, tuple or set; those of a set have no position.
struct Elements<'de> {
    values: slice::Iter<'de, Value>,
    position: Option<usize>,
    parent: Reader<'de>,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.values.next() else { return Ok(None) };
        let element = seed.deserialize(self.parent.to(value));
        let element = match &mut self.position {
            Some(position) => {
                let step = Step::at(*position);
                *position += 1;
                element.map_err(|e| e.within(step))
            }
            None => element.map_err(Error::at_parent),
        };
        element.map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// The entries of a map, or the attributes of an object.
struct Entries<'de> {
    rest: btree_map::Iter<'de, String, Value>,
    value: Option<(&'de str, &'de Value)>,
    step: fn(String) -> Step,
    parent: Reader<'de>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, value));
        let read = seed.deserialize(BorrowedStrDeserializer::new(key));
        read.map(Some).map_err(|e: Error| e.within((self.step)(key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self.value.take().ok_or_else(|| de::Error::custom("a value is asked for before its key"))?;
        seed.deserialize(self.parent.to(value)).map_err(|e| e.within((self.step)(key.to_owned())))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
