//! Reading.

use std::collections::BTreeMap;

use rmp::Marker;

use super::{REFINED_UNKNOWN, refinements};
use crate::cty::value::nfc;
use crate::cty::{Number, Step, Type, Value, ValueError};

/// How deep values may nest. A schema bounds the depth of its values, but a dynamic value brings its own type; without a
/// limit a hostile one would use up the stack.
const MAX_DEPTH: usize = 128;

/// The value of this type in the bytes. What follows the value is passed over, as Terraform does.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    Reader { bytes, depth: 0 }.value(ty)
}

/// What is left to read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// What a value begins with, its length read.
enum Head {
    Nil,
    Bool(bool),
    Number(Number),
    Str(usize),
    Bin(usize),
    Array(usize),
    Map(usize),
    Ext(i8, usize),
}

impl Head {
    fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Str(_) => "a string",
            Self::Bin(_) => "bytes",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Ext(..) => "an unknown value",
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, depth: 0 }
    }

    fn value(&mut self, ty: &Type) -> Result<Value, ValueError> {
        match (ty, self.head()?) {
            (_, Head::Nil) => Ok(Value::Null),
            (_, Head::Ext(kind, length)) => {
                let payload = self.take(length)?;
                if kind == REFINED_UNKNOWN && length > 1 {
                    refinements::read_unknown(payload)
                } else {
                    Ok(Value::UNKNOWN)
                }
            }
            (Type::Bool, Head::Bool(value)) => Ok(Value::Bool(value)),
            (Type::Number, Head::Number(value)) => Ok(Value::Number(value)),
            (Type::Number, Head::Str(length)) => {
                let text = self.text(length)?;
                text.parse().map(Value::Number).map_err(|e| ValueError::new(e.to_string()))
            }
            (Type::String, Head::Str(length)) => Ok(Value::String(nfc(self.text(length)?).into_owned())),
            (Type::List(element), Head::Array(length)) => self.elements(length, |_| Some(element)).map(Value::List),
            (Type::Set(element), Head::Array(length)) => {
                self.elements(length, |_| Some(element)).map(Value::Set).map_err(ValueError::at_parent)
            }
            (Type::Tuple(types), Head::Array(length)) => {
                if length != types.len() {
                    return Err(ValueError::new(format!("a tuple has {} elements here, not {length}", types.len())));
                }
                self.elements(length, |position| types.get(position)).map(Value::Tuple)
            }
            (Type::Map(element), Head::Map(length)) => self.nested(|reader| reader.map(element, length)),
            (Type::Object(types), Head::Map(length)) => self.nested(|reader| reader.object(types, length)),
            (Type::Dynamic, Head::Array(2)) => self.nested(Self::dynamic),
            (ty, head) => Err(ValueError::wanted(&ty.to_string(), head.kind())),
        }
    }

    /// The elements of a sequence, each with its type.
    fn elements<'t>(
        &mut self,
        length: usize,
        ty: impl Fn(usize) -> Option<&'t Type>,
    ) -> Result<Vec<Value>, ValueError> {
        self.nested(|reader| {
            // Each element takes a byte or more, so no header can ask for more memory than that.
            let mut values = Vec::with_capacity(length.min(reader.bytes.len()));
            for position in 0..length {
                let ty = ty(position).unwrap_or(&Type::Dynamic);
                values.push(reader.value(ty).map_err(|e| e.within(Step::at(position)))?);
            }
            Ok(values)
        })
    }

    fn map(&mut self, element: &Type, length: usize) -> Result<Value, ValueError> {
        let mut values = BTreeMap::new();
        for _ in 0..length {
            let key = nfc(self.key()?).into_owned();
            let value = self.value(element).map_err(|e| e.within(Step::Key(key.clone())))?;
            if values.insert(key, value).is_some() {
                return Err(ValueError::new("a key stands twice in a map"));
            }
        }
        Ok(Value::Map(values))
    }

    fn object(&mut self, types: &BTreeMap<String, Type>, length: usize) -> Result<Value, ValueError> {
        let mut values = BTreeMap::new();
        for _ in 0..length {
            let name = self.key()?;
            let Some((name, ty)) = types.get_key_value(name) else {
                return Err(ValueError::new(format!("the schema has no attribute {name:?}")));
            };
            let value = self.value(ty).map_err(|e| e.within(Step::Attribute(name.clone())))?;
            values.insert(name.clone(), value);
        }
        match types.keys().find(|name| !values.contains_key(*name)) {
            Some(name) => Err(ValueError::new(format!("the attribute {name:?} is missing from the object"))),
            None => Ok(Value::Object(values)),
        }
    }

    fn dynamic(&mut self) -> Result<Value, ValueError> {
        let json = match self.head()? {
            Head::Bin(length) | Head::Str(length) => self.take(length)?,
            head => return Err(ValueError::wanted("the type of a dynamic value", head.kind())),
        };
        let ty = Type::decode(json).map_err(|e| ValueError::new(e.to_string()))?;
        let value = self.value(&ty)?;
        // A dynamic type says nothing that the schema did not.
        Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new((ty, value))) })
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ValueError>) -> Result<T, ValueError> {
        if self.depth == MAX_DEPTH {
            return Err(ValueError::new(format!("the value nests deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn key(&mut self) -> Result<&'a str, ValueError> {
        match self.head()? {
            Head::Str(length) => self.text(length),
            head => Err(ValueError::wanted("a string as key", head.kind())),
        }
    }

    pub(super) fn number(&mut self) -> Result<Number, ValueError> {
        match self.value(&Type::Number)? {
            Value::Number(number) => Ok(number),
            other => Err(ValueError::wanted("a number", other.kind())),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, ValueError> {
        self.number()?.as_i64().ok_or_else(|| ValueError::new("an integer of 64 bits is required"))
    }

    pub(super) fn boolean(&mut self) -> Result<bool, ValueError> {
        match self.head()? {
            Head::Bool(value) => Ok(value),
            head => Err(ValueError::wanted("a bool", head.kind())),
        }
    }

    pub(super) fn string(&mut self) -> Result<&'a str, ValueError> {
        self.key()
    }

    pub(super) fn map_length(&mut self) -> Result<usize, ValueError> {
        match self.head()? {
            Head::Map(length) => Ok(length),
            head => Err(ValueError::wanted("a map", head.kind())),
        }
    }

    pub(super) fn array_length(&mut self) -> Result<usize, ValueError> {
        match self.head()? {
            Head::Array(length) => Ok(length),
            head => Err(ValueError::wanted("an array", head.kind())),
        }
    }

    /// Passes over one value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), ValueError> {
        let mut values = 1_usize;
        while values > 0 {
            values -= 1;
            match self.head()? {
                Head::Nil | Head::Bool(_) | Head::Number(_) => {}
                Head::Str(length) | Head::Bin(length) | Head::Ext(_, length) => drop(self.take(length)?),
                Head::Array(length) => values = values.saturating_add(length),
                Head::Map(length) => values = values.saturating_add(length.saturating_mul(2)),
            }
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Head, ValueError> {
        let [first] = self.array()?;
        Ok(match Marker::from_u8(first) {
            Marker::Null => Head::Nil,
            Marker::True => Head::Bool(true),
            Marker::False => Head::Bool(false),
            Marker::FixPos(value) => Head::Number(value.into()),
            Marker::FixNeg(value) => Head::Number(value.into()),
            Marker::U8 => Head::Number(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Head::Number(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Head::Number(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => Head::Number(u64::from_be_bytes(self.array()?).into()),
            Marker::I8 => Head::Number(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Head::Number(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Head::Number(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Head::Number(i64::from_be_bytes(self.array()?).into()),
            Marker::F32 => Head::Number(float(f32::from_be_bytes(self.array()?).into())?),
            Marker::F64 => Head::Number(float(f64::from_be_bytes(self.array()?))?),
            Marker::FixStr(length) => Head::Str(length.into()),
            Marker::Str8 => Head::Str(self.length8()?),
            Marker::Str16 => Head::Str(self.length16()?),
            Marker::Str32 => Head::Str(self.length32()?),
            Marker::Bin8 => Head::Bin(self.length8()?),
            Marker::Bin16 => Head::Bin(self.length16()?),
            Marker::Bin32 => Head::Bin(self.length32()?),
            Marker::FixArray(length) => Head::Array(length.into()),
            Marker::Array16 => Head::Array(self.length16()?),
            Marker::Array32 => Head::Array(self.length32()?),
            Marker::FixMap(length) => Head::Map(length.into()),
            Marker::Map16 => Head::Map(self.length16()?),
            Marker::Map32 => Head::Map(self.length32()?),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => {
                let length = self.length8()?;
                self.extension(length)?
            }
            Marker::Ext16 => {
                let length = self.length16()?;
                self.extension(length)?
            }
            Marker::Ext32 => {
                let length = self.length32()?;
                self.extension(length)?
            }
            Marker::Reserved => return Err(ValueError::new("MessagePack has no value that begins with 0xc1")),
        })
    }

    fn extension(&mut self, length: usize) -> Result<Head, ValueError> {
        Ok(Head::Ext(i8::from_be_bytes(self.array()?), length))
    }

    fn length8(&mut self) -> Result<usize, ValueError> {
        Ok(u8::from_be_bytes(self.array()?).into())
    }

    fn length16(&mut self) -> Result<usize, ValueError> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    fn length32(&mut self) -> Result<usize, ValueError> {
        usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| truncated())
    }

    fn text(&mut self, length: usize) -> Result<&'a str, ValueError> {
        std::str::from_utf8(self.take(length)?).map_err(|e| ValueError::new(e.to_string()))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ValueError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or_else(truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ValueError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(truncated)?;
        self.bytes = rest;
        Ok(*taken)
    }
}

fn float(value: f64) -> Result<Number, ValueError> {
    Number::from_f64(value).ok_or_else(|| ValueError::new("NaN is not a number that Terraform has"))
}

fn truncated() -> ValueError {
    ValueError::new("the value ends early")
}
