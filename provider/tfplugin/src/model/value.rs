//! Values as they are, in models: for a dynamic attribute, or one that the provider only passes on.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::arg::UNKNOWN;
use super::error::Error;
use super::newtypes::{DYNAMIC, VALUE};
use super::read::Reader;
use crate::cty::{Number, Type, Value};

/// What is promised about an unknown value does not pass: it is advisory, and serde has no place for it.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Unknown(_) => serializer.serialize_unit_struct(UNKNOWN),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::String(value) => serializer.serialize_str(value),
            Self::List(values) | Self::Set(values) | Self::Tuple(values) => serializer.collect_seq(values),
            Self::Map(values) | Self::Object(values) => serializer.collect_map(values),
            Self::Dynamic(typed) => {
                let (ty, value) = &**typed;
                serializer.serialize_newtype_struct(DYNAMIC, &(ty.to_json().to_string(), value))
            }
        }
    }
}

/// From this crate's deserializer only: no other format tells a list from a set.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(VALUE, ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Terraform value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (rank, content) = access.variant::<u8>()?;
        match rank {
            0 => content.unit_variant().map(|()| Value::Null),
            1 => content.unit_variant().map(|()| Value::UNKNOWN),
            2 => content.newtype_variant().map(Value::Bool),
            3 => content.newtype_variant::<Number>().map(Value::Number),
            4 => content.newtype_variant().map(Value::String),
            5 => content.newtype_variant().map(Value::List),
            6 => content.newtype_variant().map(Value::Set),
            7 => content.newtype_variant::<BTreeMap<_, _>>().map(Value::Map),
            8 => content.newtype_variant::<BTreeMap<_, _>>().map(Value::Object),
            9 => content.newtype_variant().map(Value::Tuple),
            _ => content.tuple_variant(2, DynamicVisitor),
        }
    }
}

struct DynamicVisitor;

impl<'de> Visitor<'de> for DynamicVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let (Some(ty), Some(value)) = (parts.next_element::<String>()?, parts.next_element()?) else {
            return Err(de::Error::invalid_length(0, &self));
        };
        let ty = Type::decode(ty.as_bytes()).map_err(de::Error::custom)?;
        Ok(Value::Dynamic(Box::new((ty, value))))
    }
}

/// A value as an enum of the kinds of values, told apart by their rank.
impl<'de> EnumAccess<'de> for Reader<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let rank = seed.deserialize(self.value().rank().into_deserializer())?;
        Ok((rank, self))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Dynamic(typed) => {
                visitor.visit_seq(Typed { ty: Some(typed.0.to_json().to_string()), value: Some(self.to(&typed.1)) })
            }
            other => Err(Error::new(format!("a dynamic value is needed, not {}", other.kind()))),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], _visitor: V) -> Result<V::Value, Error> {
        Err(Error::new("no kind of value is a struct"))
    }
}

/// The two parts of a dynamic value.
struct Typed<'de> {
    ty: Option<String>,
    value: Option<Reader<'de>>,
}

impl<'de> SeqAccess<'de> for Typed<'de> {
    type Error = Error;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if let Some(ty) = self.ty.take() {
            return seed.deserialize(ty.into_deserializer()).map(Some);
        }
        self.value.take().map(|value| seed.deserialize(value)).transpose()
    }
}
