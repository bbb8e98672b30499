//! A whole provider against the rules that Terraform has for one.
//!
//! Debug builds run this whenever Terraform asks for the schemas, so that any test that starts the provider holds it.

use std::collections::BTreeSet;

use crate::provider::Provider;
use crate::schema_check::{self, Violation};

/// Every rule that a part of the provider breaks, as `KIND NAME: RULE`.
pub fn check(provider: &dyn Provider) -> Vec<String> {
    let mut broken = Vec::new();
    let of = |part: &str, violations: Vec<Violation>| -> Vec<String> {
        violations.into_iter().map(|violation| format!("{part}: {violation}")).collect()
    };
    broken.extend(of("the provider's configuration", schema_check::check_configuration(&provider.schema())));
    for resource in provider.resources() {
        let part = format!("resource {}", resource.type_name());
        broken.extend(of(&part, schema_check::check(&resource.schema())));
        if let Some(identity) = resource.identity_schema() {
            broken.extend(of(&format!("{part}, identity"), schema_check::check_identity(&identity)));
        }
    }
    for source in provider.data_sources() {
        broken.extend(of(&format!("data source {}", source.type_name()), schema_check::check(&source.schema())));
    }
    for list in provider.list_resources() {
        let part = format!("list resource {}", list.type_name());
        broken.extend(of(&part, schema_check::check_configuration(&list.schema())));
        let listed = provider.resources().iter().find(|resource| resource.type_name() == list.type_name());
        if listed.is_none_or(|resource| resource.identity_schema().is_none()) {
            broken.push(format!("{part}: there is no such resource with an identity"));
        }
    }
    for function in provider.functions() {
        let signature = function.signature();
        let parameters = signature.parameters.iter().chain(&signature.variadic);
        let names = std::iter::once(function.name()).chain(parameters.clone().map(|parameter| parameter.name));
        let bad = names.filter(|name| !is_identifier(name));
        broken.extend(bad.map(|name| format!("function {}: {name:?} is not an identifier", function.name())));
        let names = parameters.map(|parameter| parameter.name);
        broken.extend(twice(names).map(|name| format!("function {}: {name} stands twice", function.name())));
    }
    let prefix = format!("{}_", provider.name());
    let resources = provider.resources().iter().map(|resource| resource.type_name());
    let sources = provider.data_sources().iter().map(|source| source.type_name());
    let strangers = resources.clone().chain(sources.clone()).filter(|name| !name.starts_with(&prefix));
    // Without it, users would have to name the provider in every block.
    broken.extend(strangers.map(|name| format!("{name}: the name does not start with {prefix}")));
    broken.extend(twice(resources).map(|name| format!("resource {name}: it is there twice")));
    broken.extend(twice(sources).map(|name| format!("data source {name}: it is there twice")));
    broken
}

fn twice<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut seen = BTreeSet::new();
    names.filter(move |name| !seen.insert(*name))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::cty::{Type, Value};
    use crate::data_source::DataSource;
    use crate::diagnostic::Diagnostics;
    use crate::function::{Function, FunctionError, Parameter, Signature};
    use crate::provider::Context;
    use crate::resource::Resource;
    use crate::schema::{Attribute, Schema};

    struct Bad {
        functions: Vec<Box<dyn Function>>,
        sources: Vec<Box<dyn DataSource>>,
    }

    struct Clock;

    impl Function for Clock {
        fn name(&self) -> &'static str {
            "o'clock"
        }

        fn signature(&self) -> Signature {
            let parameter = |name| Parameter {
                name,
                ty: Type::String,
                allow_null: false,
                allow_unknown: false,
                description: String::new(),
            };
            Signature {
                summary: String::new(),
                description: String::new(),
                parameters: vec![parameter("zone")],
                variadic: Some(parameter("zone")),
                returns: Type::String,
                deprecation: None,
            }
        }

        fn call(&self, _: &[Value]) -> Result<Value, FunctionError> {
            Ok(Value::Null)
        }
    }

    struct Time;

    #[async_trait]
    impl DataSource for Time {
        fn type_name(&self) -> &'static str {
            "time_now"
        }

        fn schema(&self) -> Schema {
            Schema::new("", vec![Attribute::new("count", Type::Number, "")])
        }

        async fn read(&self, _: &Context, config: Value) -> Result<(Value, Diagnostics), Diagnostics> {
            Ok((config, Diagnostics::new()))
        }
    }

    #[async_trait]
    impl Provider for Bad {
        fn name(&self) -> &'static str {
            "bad"
        }

        fn schema(&self) -> Schema {
            Schema::new("", vec![Attribute::new("same", Type::Bool, ""), Attribute::new("same", Type::Bool, "")])
        }

        async fn configure(&self, _: &Context, _: &Value, _: &str) -> Diagnostics {
            Diagnostics::new()
        }

        fn resources(&self) -> &[Box<dyn Resource>] {
            &[]
        }

        fn data_sources(&self) -> &[Box<dyn DataSource>] {
            &self.sources
        }

        fn functions(&self) -> &[Box<dyn Function>] {
            &self.functions
        }
    }

    #[test]
    fn every_part_is_looked_at() {
        let bad = Bad { functions: vec![Box::new(Clock)], sources: vec![Box::new(Time), Box::new(Time)] };
        let broken = check(&bad).join("\n");
        for expected in [
            "the provider's configuration: same",
            "data source time_now: count: the name is reserved by the language",
            "function o'clock: \"o'clock\" is not an identifier",
            "function o'clock: zone stands twice",
            "time_now: the name does not start with bad_",
            "data source time_now: it is there twice",
        ] {
            assert!(broken.contains(expected), "{expected} is not in:\n{broken}");
        }
    }
}
