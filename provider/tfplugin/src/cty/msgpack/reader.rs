//! Reading the parts of values.

use rmp::Marker;

use crate::cty::{Number, ParseNumberError, ValueError};

/// What is left to read.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) depth: usize,
}

/// What a value begins with, its length read.
pub(super) enum Head {
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
    pub(super) fn kind(&self) -> &'static str {
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

    pub(super) fn key(&mut self) -> Result<&'a str, ValueError> {
        match self.head()? {
            Head::Str(length) => self.text(length),
            head => Err(ValueError::wanted("a string as key", head.kind())),
        }
    }

    pub(super) fn number(&mut self) -> Result<Number, ValueError> {
        let head = self.head()?;
        self.number_of(head)
    }

    /// The number that begins so: one beyond `i64` and `f64` is decimal text.
    pub(super) fn number_of(&mut self, head: Head) -> Result<Number, ValueError> {
        match head {
            Head::Number(number) => Ok(number),
            Head::Str(length) => {
                self.text(length)?.parse().map_err(|e: ParseNumberError| ValueError::new(e.to_string()))
            }
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

    pub(super) fn head(&mut self) -> Result<Head, ValueError> {
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

    pub(super) fn text(&mut self, length: usize) -> Result<&'a str, ValueError> {
        std::str::from_utf8(self.take(length)?).map_err(|e| ValueError::new(e.to_string()))
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], ValueError> {
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
