//! Reading.

use std::collections::BTreeMap;

use super::reader::{Head, Reader};
use super::{REFINED_UNKNOWN, refinements};
use crate::cty::value::nfc;
use crate::cty::{Step, Type, Value, ValueError};

/// How deep values may nest. A schema bounds the depth of its values, but a dynamic value brings its own type; without a
/// limit a hostile one would use up the stack.
const MAX_DEPTH: usize = 128;

/// The value of this type in the bytes. What follows the value is passed over, as Terraform does.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    Reader::new(bytes).value(ty)
}

impl Reader<'_> {
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
            (Type::Number, head @ (Head::Number(_) | Head::Str(_))) => self.number_of(head).map(Value::Number),
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
}
