//! Writing.

use std::collections::BTreeMap;

use rmp::encode as write;

use super::refinements;
use super::writer::write_number;
use crate::cty::{Step, Type, Value, ValueError};

/// The value as MessagePack. Fails where the value does not have the type.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::with_capacity(256);
    write_value(&mut out, value, ty)?;
    Ok(out)
}

fn write_value(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), ValueError> {
    match (ty, value) {
        (_, Value::Null) => out.push(rmp::Marker::Null.to_u8()),
        (_, Value::Unknown(refinements)) => refinements::write_unknown(out, refinements.as_deref())?,
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = &**typed;
            write::write_array_len(out, 2)?;
            write::write_bin(out, &ty.encode())?;
            write_value(out, value, ty)?;
        }
        (Type::Bool, Value::Bool(value)) => {
            out.push(if *value { rmp::Marker::True } else { rmp::Marker::False }.to_u8());
        }
        (Type::Number, Value::Number(value)) => write_number(out, value)?,
        (Type::String, Value::String(value)) => write::write_str(out, value)?,
        (Type::List(element), Value::List(values)) | (Type::Set(element), Value::Set(values)) => {
            write::write_array_len(out, length(values.len())?)?;
            for (position, value) in values.iter().enumerate() {
                let written = write_value(out, value, element);
                written.map_err(|e| {
                    if matches!(ty, Type::Set(_)) { e.at_parent() } else { e.within(Step::at(position)) }
                })?;
            }
        }
        (Type::Map(element), Value::Map(values)) => {
            write::write_map_len(out, length(values.len())?)?;
            for (key, value) in values {
                write::write_str(out, key)?;
                write_value(out, value, element).map_err(|e| e.within(Step::Key(key.clone())))?;
            }
        }
        (Type::Object(types), Value::Object(values)) => write_object(out, values, types)?,
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => {
            write::write_array_len(out, length(values.len())?)?;
            for (position, (value, ty)) in values.iter().zip(types).enumerate() {
                write_value(out, value, ty).map_err(|e| e.within(Step::at(position)))?;
            }
        }
        _ => return Err(ValueError::wanted(&ty.to_string(), value.kind())),
    }
    Ok(())
}

/// All attributes of the type and no others, in the order of their names, as Terraform does.
fn write_object(
    out: &mut Vec<u8>,
    values: &BTreeMap<String, Value>,
    types: &BTreeMap<String, Type>,
) -> Result<(), ValueError> {
    if let Some(name) = values.keys().find(|name| !types.contains_key(*name)) {
        return Err(ValueError::new(format!("the schema has no attribute {name:?}")));
    }
    write::write_map_len(out, length(types.len())?)?;
    for (name, ty) in types {
        let value = values
            .get(name)
            .ok_or_else(|| ValueError::new(format!("the attribute {name:?} is missing from the object")))?;
        write::write_str(out, name)?;
        write_value(out, value, ty).map_err(|e| e.within(Step::Attribute(name.clone())))?;
    }
    Ok(())
}

fn length(length: usize) -> Result<u32, ValueError> {
    u32::try_from(length).map_err(|_| ValueError::new("more elements than MessagePack can hold"))
}
