//! The identity of a resource that stands for objects of a cloud: its name, and the place where it is.

use egress_model::identity::{Identity, Name, ResourceType};
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::schema::{IdentityAttribute, IdentitySchema};

use crate::clouds::{Cloud, Location, Part};
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

/// Terraform's identity of the resource, from its state or plan. Account and place are those in the global ids of its objects, which
/// are not known before the first is there. `clouds` are all that the resource can be in.
pub(crate) fn value(state: &Value, clouds: &[&'static Cloud]) -> Option<Value> {
    let name = state.get("name")?.as_str()?;
    let chosen = clouds.iter().find(|cloud| cloud.is_chosen(state));
    let found = chosen.map_or(Found::Nowhere, |cloud| found(state, cloud));
    let account = found.said(|location| Some(&location.account));
    let part = |name: &'static str| {
        let said = chosen.and_then(|cloud| cloud.said(state, cloud.part(name)?)).cloned();
        (name, said.unwrap_or_else(|| found.said(|location| location.parts.get(name))))
    };
    let own = [("name", name.into()), ("cloud", chosen.map(|cloud| cloud.name).into()), ("account", account)];
    Some(Value::object(own.into_iter().chain(all_parts(clouds).into_iter().map(|of| part(of.name)))))
}

/// The parts of places on all clouds, each name once.
fn all_parts(clouds: &[&'static Cloud]) -> Vec<&'static Part> {
    let mut parts: Vec<&'static Part> = Vec::new();
    for part in clouds.iter().flat_map(|cloud| cloud.parts) {
        if !parts.iter().any(|known| known.name == part.name) {
            parts.push(part);
        }
    }
    parts
}

/// Where the objects of a resource are.
enum Found {
    At(Location),
    /// They are yet to be made.
    Unknown,
    Nowhere,
}

impl Found {
    fn said<'a>(&'a self, part: impl FnOnce(&'a Location) -> Option<&'a String>) -> Value {
        match self {
            Self::At(location) => part(location).map(String::as_str).into(),
            Self::Unknown => Value::UNKNOWN,
            Self::Nowhere => Value::Null,
        }
    }
}

/// Where the objects are: those in `details` of a pool, or in `gateways`.
fn found(state: &Value, cloud: &Cloud) -> Found {
    let objects = ["details", "gateways"].into_iter().filter_map(|name| state.get(name));
    let mut found = Found::Nowhere;
    for object in objects {
        if object.is_unknown() {
            found = Found::Unknown;
        }
        for (_, object) in object.as_map().into_iter().flatten() {
            match if object.is_unknown() { Some(object) } else { object.get("arn") } {
                Some(arn) if arn.is_unknown() => found = Found::Unknown,
                Some(Value::String(arn)) => {
                    if let Some(location) = (cloud.locate)(arn) {
                        return Found::At(location);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The identity that a planned resource will have: that of the state as long as the new one is not wholly known. What is not known of a
/// new resource is null: OpenTofu cannot store a plan whose identity is not known.
pub(crate) fn planned(planned: &Value, before: Option<Value>, clouds: &[&'static Cloud]) -> Option<Value> {
    match (value(planned, clouds), before) {
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
pub(crate) fn schema(name: &str, clouds: &[&'static Cloud]) -> IdentitySchema {
    let attribute = |name, required_for_import, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import,
        description: description.to_owned(),
    };
    let names = clouds.iter().map(|cloud| format!("`{}`", cloud.name)).collect::<Vec<_>>().join(", ");
    let cloud = format!("The cloud, such as {names}; the only one when it is left out.");
    let own = [
        attribute("name", true, name),
        attribute("cloud", false, &cloud),
        attribute("account", false, "The account; that of the provider's credentials when it is left out."),
    ];
    let part = |part: &Part| {
        attribute(part.name, false, &format!("{}; the provider's when it is left out.", part.description))
    };
    IdentitySchema {
        version: 0,
        attributes: own.into_iter().chain(all_parts(clouds).into_iter().map(part)).collect(),
        // A resource is renamed in place, and what the provider gives of its place may be written out.
        mutable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::aws::AWS;

    const CLOUDS: &[&Cloud] = &[&AWS];

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
            let identity = value(&state, CLOUDS).unwrap();
            let parts = (identity.get("account").unwrap().clone(), identity.get("region").unwrap().clone());
            assert_eq!(parts, expected, "{state:?}");
            assert_eq!(identity.get("cloud"), Some(&Value::from("aws")));
        }
    }

    #[test]
    fn what_is_not_known_yet_is_null_of_a_new_resource_and_as_before_of_another() {
        let open = pool(Value::Null, &[Value::UNKNOWN]);
        let new = planned(&open, None, CLOUDS).unwrap();
        assert_eq!((new.get("account"), new.get("region")), (Some(&Value::Null), Some(&Value::Null)));
        let before = value(&pool("eu-west-1".into(), &[]), CLOUDS).unwrap();
        assert_eq!(planned(&open, Some(before.clone()), CLOUDS), Some(before));
    }

    /// A cloud with another place than AWS.
    static NUBES: Cloud = Cloud {
        name: "nubes",
        title: "Nubes",
        parts: &[
            Part { name: "project", description: "The project", example: "p-1" },
            Part { name: "region", description: "The cloud's region", example: "here" },
        ],
        locate: |id| {
            let (project, region) = id.split_once('/')?;
            let parts = [("project", project.to_owned()), ("region", region.to_owned())].into();
            Some(Location { account: project.to_owned(), parts })
        },
    };

    #[test]
    fn the_parts_of_all_clouds_are_there_once_and_those_of_others_are_null() {
        let clouds: &[&Cloud] = &[&AWS, &NUBES];
        let names: Vec<&str> = schema("The name.", clouds).attributes.iter().map(|attribute| attribute.name).collect();
        assert_eq!(names, ["name", "cloud", "account", "region", "project"]);
        let gateway = Value::object([("arn", "p-1/there")]);
        let state = Value::object([
            ("name", Value::from("prod")),
            ("nubes", Value::object([("project", Value::Null), ("region", "here".into())])),
            ("gateways", Value::map([("a", gateway)])),
        ]);
        let expected =
            [("name", "prod"), ("cloud", "nubes"), ("account", "p-1"), ("region", "here"), ("project", "p-1")];
        assert_eq!(value(&state, clouds), Some(Value::object(expected)), "what is written goes before what is found");
        let on_aws = value(&pool("eu-west-1".into(), &[]), clouds).unwrap();
        assert_eq!((on_aws.get("cloud"), on_aws.get("project")), (Some(&"aws".into()), Some(&Value::Null)));
    }
}
