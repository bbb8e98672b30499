//! From the wire to native types.

use tfplugin_proto::tfplugin6 as proto;

use crate::cty::json::Undefined;
use crate::cty::{Type, Value, ValueError, json, msgpack};

/// A value of this type. Terraform sends msgpack; an absent value is null.
pub(crate) fn value(wire: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value, ValueError> {
    match wire {
        Some(wire) if !wire.msgpack.is_empty() => msgpack::decode(&wire.msgpack, ty),
        Some(wire) if !wire.json.is_empty() => json::decode(&wire.json, ty, Undefined::Refuse),
        _ => Ok(Value::Null),
    }
}

/// An identity of this type. None where Terraform has none, or where the resource has no identity.
pub(crate) fn identity(
    wire: Option<&proto::ResourceIdentityData>,
    ty: Option<&Type>,
) -> Result<Option<Value>, ValueError> {
    let (Some(wire), Some(ty)) = (wire, ty) else { return Ok(None) };
    let value = value(wire.identity_data.as_ref(), ty)?;
    Ok((!value.is_null()).then_some(value))
}
