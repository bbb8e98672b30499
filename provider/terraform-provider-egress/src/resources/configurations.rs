//! Configurations in tests, as Terraform core hands them to a provider.

use std::collections::BTreeMap;

use tfplugin::cty::{Type, Value};

/// The value with null in place of every attribute that it leaves out.
pub(crate) fn completed(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Object(mut given), Type::Object(types)) => {
            let attributes =
                types.iter().map(|(name, ty)| (name.clone(), completed(given.remove(name).unwrap_or(Value::Null), ty)));
            let object = Value::Object(attributes.collect());
            assert_eq!(given, BTreeMap::new(), "there are no such attributes");
            object
        }
        (Value::Map(given), Type::Map(ty)) => {
            Value::Map(given.into_iter().map(|(key, value)| (key, completed(value, ty))).collect())
        }
        (value, _) => value,
    }
}
