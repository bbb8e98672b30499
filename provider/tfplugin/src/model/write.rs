//! From structs to values.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;
use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

use super::arg::UNKNOWN;
use super::error::Error;
use super::newtypes::DYNAMIC;
use super::number::NUMBER;
use crate::cty::{Number, Step, Type, Value};

pub(super) fn write<T: Serialize + ?Sized>(value: &T, ty: &Type) -> Result<Value, Error> {
    value.serialize(Writer { ty })
}

/// Makes one value of a type.
#[derive(Clone, Copy)]
struct Writer<'t> {
    ty: &'t Type,
}

impl Writer<'_> {
    fn misfit<T>(self, found: &str) -> Result<T, Error> {
        Err(Error::new(format!("the schema says {}, and the model gives {found}", self.ty)))
    }

    fn number(self, number: impl Into<Number>) -> Result<Value, Error> {
        if *self.ty == Type::Number { Ok(Value::Number(number.into())) } else { self.misfit("a number") }
    }

    fn parsed(self, text: &str) -> Result<Value, Error> {
        match text {
            "inf" => self.number(Number::INFINITY),
            "-inf" => self.number(Number::NEG_INFINITY),
            _ => self.number(text.parse::<Number>().map_err(|e| Error::new(e.to_string()))?),
        }
    }
}

macro_rules! serialize_integers {
    ($($method:ident: $integer:ty),*) => {
        $(fn $method(self, value: $integer) -> Result<Value, Error> {
            self.number(value)
        })*
    };
}

impl<'t> Serializer for Writer<'t> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Sequence<'t>;
    type SerializeTuple = Sequence<'t>;
    type SerializeTupleStruct = Sequence<'t>;
    type SerializeTupleVariant = Impossible<Value, Error>;
    type SerializeMap = Entries<'t>;
    type SerializeStruct = Entries<'t>;
    type SerializeStructVariant = Impossible<Value, Error>;

    serialize_integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        if *self.ty == Type::Bool { Ok(value.into()) } else { self.misfit("a bool") }
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        // The text of an f32 is what its author meant; as an f64 it would grow digits.
        self.parsed(&value.to_string())
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        match Number::from_f64(value) {
            Some(number) => self.number(number),
            None => self.misfit("a float that is not a number"),
        }
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        self.collect_str(&value)
    }

    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        if *self.ty == Type::String { Ok(value.into()) } else { self.misfit("a string") }
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<Value, Error> {
        self.misfit("bytes")
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, Error> {
        Ok(if name == UNKNOWN { Value::UNKNOWN } else { Value::Null })
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Value, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Value, Error> {
        if name == DYNAMIC && *self.ty != Type::Dynamic {
            return self.misfit("a dynamic value");
        }
        if name != NUMBER {
            return value.serialize(self);
        }
        match write(value, &Type::String)?.as_str() {
            Some(text) => self.parsed(text),
            None => self.misfit("no number"),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Value, Error> {
        self.misfit("an enum with data")
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Sequence<'t>, Error> {
        match self.ty {
            // A dynamic value comes as a pair of its type and itself.
            Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Dynamic => {
                Ok(Sequence { ty: self.ty, values: Vec::with_capacity(length.unwrap_or_default()) })
            }
            _ => self.misfit("a sequence"),
        }
    }

    fn serialize_tuple(self, length: usize) -> Result<Sequence<'t>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Sequence<'t>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.misfit("an enum with data")
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Entries<'t>, Error> {
        match self.ty {
            Type::Map(_) | Type::Object(_) => Ok(Entries { ty: self.ty, key: None, values: BTreeMap::new() }),
            _ => self.misfit("a map"),
        }
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Entries<'t>, Error> {
        match self.ty {
            Type::Object(_) => Ok(Entries { ty: self.ty, key: None, values: BTreeMap::new() }),
            _ => self.misfit("an object"),
        }
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.misfit("an enum with data")
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<Value, Error> {
        self.serialize_str(&value.to_string())
    }
}

/// A list, set or tuple in the making.
struct Sequence<'t> {
    ty: &'t Type,
    values: Vec<Value>,
}

impl Sequence<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let step = || Step::at(self.values.len());
        let value = match self.ty {
            Type::Set(element) => write(value, element).map_err(Error::at_parent)?,
            Type::List(element) => write(value, element).map_err(|e| e.within(step()))?,
            Type::Tuple(elements) => {
                let Some(element) = elements.get(self.values.len()) else {
                    return Writer { ty: self.ty }.misfit("more");
                };
                write(value, element).map_err(|e| e.within(step()))?
            }
            Type::Dynamic => match self.values.as_slice() {
                [] => write(value, &Type::String)?,
                [ty] => write(value, &carried(ty)?)?,
                _ => return Writer { ty: self.ty }.misfit("a sequence"),
            },
            _ => return Writer { ty: self.ty }.misfit("a sequence"),
        };
        self.values.push(value);
        Ok(())
    }

    fn finish(self) -> Result<Value, Error> {
        match self.ty {
            Type::Set(_) => Ok(Value::set(self.values)),
            Type::Tuple(elements) if elements.len() == self.values.len() => Ok(Value::Tuple(self.values)),
            Type::Tuple(_) => Writer { ty: self.ty }.misfit("fewer"),
            Type::Dynamic => match <[Value; 2]>::try_from(self.values) {
                Ok([ty, value]) => Ok(Value::Dynamic(Box::new((carried(&ty)?, value)))),
                Err(_) => Writer { ty: self.ty }.misfit("a value without its type"),
            },
            _ => Ok(Value::List(self.values)),
        }
    }
}

/// The type that a dynamic value brings.
fn carried(ty: &Value) -> Result<Type, Error> {
    Type::decode(ty.as_str().unwrap_or_default().as_bytes()).map_err(|e| Error::new(e.to_string()))
}

impl SerializeSeq for Sequence<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeTuple for Sequence<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for Sequence<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

/// A map or object in the making.
struct Entries<'t> {
    ty: &'t Type,
    key: Option<String>,
    values: BTreeMap<String, Value>,
}

impl Entries<'_> {
    fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        let value = match self.ty {
            Type::Map(element) => write(value, element).map_err(|e| e.within(Step::Key(key.to_owned())))?,
            Type::Object(types) => {
                let Some(ty) = types.get(key) else {
                    return Err(Error::new(format!("the model has a field {key:?}, and the schema no such attribute")));
                };
                write(value, ty).map_err(|e| e.within(Step::Attribute(key.to_owned())))?
            }
            _ => return Writer { ty: self.ty }.misfit("a map"),
        };
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    fn finish(self) -> Result<Value, Error> {
        let Type::Object(types) = self.ty else { return Ok(Value::Map(self.values)) };
        match types.keys().find(|name| !self.values.contains_key(*name)) {
            Some(name) => Err(Error::new(format!("the schema has an attribute {name:?}, and the model no such field"))),
            None => Ok(Value::Object(self.values)),
        }
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match write(key, &Type::String)? {
            Value::String(key) => self.key = Some(key),
            other => return Err(Error::new(format!("the key of a map is a string, not {}", other.kind()))),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or_else(|| Error::new("a value is given before its key"))?;
        self.insert(&key, value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeStruct for Entries<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.insert(name, value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}
