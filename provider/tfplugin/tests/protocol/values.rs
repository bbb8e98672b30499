//! Values as Terraform would send them, made by the schemas that the provider gave.

use std::collections::BTreeMap;

use tfplugin::cty::{Type, Value, msgpack};
use tfplugin_proto::tfplugin6 as proto;

/// The type of a value of a schema, from the wire's form of it.
pub(crate) fn type_of(schema: &proto::Schema) -> Type {
    object(&schema.block.as_ref().unwrap().attributes)
}

fn object(attributes: &[proto::schema::Attribute]) -> Type {
    Type::object(attributes.iter().map(|attribute| (attribute.name.clone(), attribute_type(attribute))))
}

fn attribute_type(attribute: &proto::schema::Attribute) -> Type {
    use proto::schema::object::NestingMode;

    let Some(nested) = &attribute.nested_type else { return Type::decode(&attribute.r#type).unwrap() };
    let inner = object(&nested.attributes);
    match nested.nesting() {
        NestingMode::Single => inner,
        NestingMode::List => Type::list(inner),
        NestingMode::Set => Type::set(inner),
        NestingMode::Map => Type::map(inner),
        NestingMode::Invalid => panic!("an attribute without nesting"),
    }
}

/// An object of the type with some attributes, all others null.
pub(crate) fn with<const N: usize>(ty: &Type, attributes: [(&str, Value); N]) -> Value {
    let Type::Object(types) = ty else { panic!("not an object type") };
    let mut object: BTreeMap<String, Value> = types.keys().map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in attributes {
        assert!(object.insert(name.to_owned(), value).is_some(), "there is no attribute {name}");
    }
    Value::Object(object)
}

/// On the wire, as the messages hold it.
#[allow(clippy::unnecessary_wraps, reason = "every field of this type is optional")]
pub(crate) fn encode(value: &Value, ty: &Type) -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue { msgpack: msgpack::encode(value, ty).unwrap(), json: Vec::new() })
}

/// From the wire.
pub(crate) fn decode(wire: Option<&proto::DynamicValue>, ty: &Type) -> Value {
    wire.map_or(Value::Null, |wire| msgpack::decode(&wire.msgpack, ty).unwrap())
}

/// The summaries of the errors.
pub(crate) fn errors(diagnostics: &[proto::Diagnostic]) -> Vec<&str> {
    let errors = diagnostics.iter().filter(|d| d.severity() == proto::diagnostic::Severity::Error);
    errors.map(|d| d.summary.as_str()).collect()
}
