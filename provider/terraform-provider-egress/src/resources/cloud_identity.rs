//! The identity of a resource that stands for objects of a cloud: its name, and the region where it is.

use egress_model::identity::{Identity, Name, ResourceType};
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::schema::{IdentityAttribute, IdentitySchema};

use crate::session::Configured;

/// Parses the `name` attribute.
pub(crate) fn parse_name(text: &str) -> Result<Name, Diagnostic> {
    text.parse().map_err(|error| {
        Diagnostic::error(format!("The name {text:?} cannot be used"), format!("It {error}."))
            .at(Path::attribute("name"))
    })
}

/// What the objects of the resource of this name carry.
pub(crate) fn identity(
    configured: &Configured,
    resource_type: ResourceType,
    name: &str,
) -> Result<Identity, Diagnostic> {
    Ok(Identity { owner: configured.owner.clone(), resource_type, name: parse_name(name)? })
}

/// Terraform's identity of the resource, from its state or plan. Account and region are those in the global names of its objects, which
/// are not known before the first is there.
pub(crate) fn value(state: &Value) -> Option<Value> {
    let name = state.get("name")?.as_str()?;
    let aws = state.get("aws").filter(|aws| !aws.is_null());
    let (account, region) = place_of(state);
    let written = aws.and_then(|aws| aws.get("region")).filter(|region| !region.is_null()).cloned();
    Some(Value::object([
        ("name", Value::from(name)),
        ("cloud", aws.map(|_| "aws").into()),
        ("account", account),
        ("region", written.unwrap_or(region)),
    ]))
}

/// Account and region of the objects: of `details` of a pool, of `gateways`.
fn place_of(state: &Value) -> (Value, Value) {
    let objects = ["details", "gateways"].into_iter().filter_map(|name| state.get(name));
    let mut place = (Value::Null, Value::Null);
    for object in objects {
        if object.is_unknown() {
            place = (Value::UNKNOWN, Value::UNKNOWN);
        }
        for (_, object) in object.as_map().into_iter().flatten() {
            match if object.is_unknown() { Some(object) } else { object.get("arn") } {
                Some(arn) if arn.is_unknown() => place = (Value::UNKNOWN, Value::UNKNOWN),
                Some(Value::String(arn)) => {
                    // arn:PARTITION:SERVICE:REGION:ACCOUNT:...
                    let mut parts = arn.split(':').skip(3);
                    if let (Some(region), Some(account)) = (parts.next(), parts.next()) {
                        return (account.into(), region.into());
                    }
                }
                _ => {}
            }
        }
    }
    place
}

/// The identity that a planned resource will have: that of the state as long as the new one is not wholly known. What is not known of a
/// new resource is null: OpenTofu cannot store a plan whose identity is not known.
pub(crate) fn planned(planned: &Value, before: Option<Value>) -> Option<Value> {
    match (value(planned), before) {
        (Some(now), Some(_)) if now.is_wholly_known() => Some(now),
        (Some(Value::Object(mut now)), None) => {
            for part in now.values_mut().filter(|part| part.is_unknown()) {
                *part = Value::Null;
            }
            Some(Value::Object(now))
        }
        (_, before) => before,
    }
}

/// The schema of that identity; `name` says whose name it is.
pub(crate) fn schema(name: &str) -> IdentitySchema {
    let attribute = |name, required_for_import, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import,
        description: description.to_owned(),
    };
    IdentitySchema {
        version: 0,
        attributes: vec![
            attribute("name", true, name),
            attribute("cloud", false, "The cloud, such as `aws`; the only one when it is left out."),
            attribute("account", false, "The account; that of the provider's credentials when it is left out."),
            attribute("region", false, "The cloud's region; the provider's when it is left out."),
        ],
        // A resource is renamed in place, and the region that the provider gives may be written out.
        mutable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(region: Value, arns: &[Value]) -> Value {
        let details = arns.iter().enumerate().map(|(n, arn)| (n.to_string(), Value::object([("arn", arn.clone())])));
        Value::object([
            ("name", Value::from("partners")),
            ("aws", Value::object([("region", region)])),
            ("details", Value::map(details)),
        ])
    }

    #[test]
    fn account_and_region_are_those_of_the_objects() {
        let arn = || Value::from("arn:aws:ec2:eu-west-1:123456789012:elastic-ip/eipalloc-1");
        let (account, region) = (Value::from("123456789012"), Value::from("eu-west-1"));
        for (state, expected) in [
            (pool(Value::Null, &[arn()]), (account.clone(), region.clone())),
            (pool(Value::Null, &[Value::UNKNOWN, arn()]), (account, region.clone())),
            (pool(Value::Null, &[Value::UNKNOWN]), (Value::UNKNOWN, Value::UNKNOWN)),
            (pool(Value::Null, &[Value::Null]), (Value::Null, Value::Null)),
            (pool(region.clone(), &[]), (Value::Null, region)),
        ] {
            let identity = value(&state).unwrap();
            let parts = (identity.get("account").unwrap().clone(), identity.get("region").unwrap().clone());
            assert_eq!(parts, expected, "{state:?}");
            assert_eq!(identity.get("cloud"), Some(&Value::from("aws")));
        }
    }

    #[test]
    fn what_is_not_known_yet_is_null_of_a_new_resource_and_as_before_of_another() {
        let open = pool(Value::Null, &[Value::UNKNOWN]);
        let new = planned(&open, None).unwrap();
        assert_eq!((new.get("account"), new.get("region")), (Some(&Value::Null), Some(&Value::Null)));
        let before = value(&pool("eu-west-1".into(), &[])).unwrap();
        assert_eq!(planned(&open, Some(before.clone())), Some(before));
    }
}
