//! A configuration as a test writes it: Terraform's JSON syntax, as far as the tests need it.
//!
//! The same text works in a real host, which is how the driver itself is checked. A string that is one reference as a whole,
//! such as `${egress_ip_pool.partners.ids["a"]}`, is resolved; there are no other expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use tfplugin::cty::{Number, Type, Value};

use super::schema::{Attribute, Block, Shape, distinct};

/// The type and name of a resource, such as `egress_ip_pool.partners`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The resource type.
    pub type_name: String,
    /// The name in the configuration.
    pub name: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.type_name, self.name)
    }
}

/// One provider block and the resources under it.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    document: Json,
    provider: Json,
    resources: BTreeMap<Address, Json>,
    replaced: BTreeSet<Address>,
    created_first: BTreeSet<Address>,
}

impl Configuration {
    /// Reads a document with `provider.<name>` and `resource.<type>.<name>`.
    pub fn parse(document: &Json) -> Result<Self> {
        let provider = match document.get("provider").and_then(Json::as_object) {
            Some(providers) if providers.len() == 1 => providers.values().next().cloned().unwrap_or_default(),
            Some(providers) => bail!("{} providers are configured, not one", providers.len()),
            None => Json::Object(serde_json::Map::new()),
        };
        let mut resources = BTreeMap::new();
        for (type_name, named) in document.get("resource").and_then(Json::as_object).into_iter().flatten() {
            for (name, body) in named.as_object().into_iter().flatten() {
                resources.insert(Address { type_name: type_name.clone(), name: name.clone() }, body.clone());
            }
        }
        Ok(Self { document: document.clone(), provider, resources, ..Self::default() })
    }

    /// The same provider without any resource: applied, it destroys what there is.
    #[must_use]
    pub fn without_resources(&self) -> Self {
        Self { resources: BTreeMap::new(), ..self.clone() }
    }

    /// The same with an object that is replaced whatever its plan says, as `-replace` does.
    #[must_use]
    pub fn replacing(mut self, address: Address) -> Self {
        self.replaced.insert(address);
        self
    }

    /// The same with an object whose replacement is made before it goes, as `create_before_destroy` says.
    #[must_use]
    pub fn creating_first(mut self, address: Address) -> Self {
        self.created_first.insert(address);
        self
    }

    pub(super) fn is_replaced(&self, address: &Address) -> bool {
        self.replaced.contains(address)
    }

    pub(super) fn is_created_first(&self, address: &Address) -> bool {
        self.created_first.contains(address)
    }

    /// The document as it was given, for a real host.
    pub fn document(&self) -> &Json {
        &self.document
    }

    pub(super) fn provider(&self) -> &Json {
        &self.provider
    }

    pub(super) fn body(&self, address: &Address) -> Option<&Json> {
        self.resources.get(address)
    }

    /// What a resource refers to.
    pub(super) fn dependencies(&self, address: &Address) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        if let Some(body) = self.resources.get(address) {
            collect_references(body, &mut found);
        }
        found
    }

    /// All resources, each after those that it refers to.
    pub(super) fn ordered(&self) -> Result<Vec<Address>> {
        let mut ordered: Vec<Address> = Vec::new();
        while ordered.len() < self.resources.len() {
            let next = self.resources.keys().find(|address| {
                !ordered.contains(address) && self.dependencies(address).iter().all(|needed| ordered.contains(needed))
            });
            ordered.push(next.context("the references form a cycle or lead out of the configuration")?.clone());
        }
        Ok(ordered)
    }
}

fn collect_references(json: &Json, found: &mut BTreeSet<Address>) {
    match json {
        Json::String(text) => found.extend(Reference::parse(text).map(|reference| reference.address)),
        Json::Array(elements) => elements.iter().for_each(|element| collect_references(element, found)),
        Json::Object(members) => members.values().for_each(|member| collect_references(member, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// `${type.name.attribute["key"][0]}`.
struct Reference<'a> {
    address: Address,
    steps: Vec<&'a str>,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix("${")?.strip_suffix('}')?;
        let mut parts = inner.split(['.', '[']).map(|part| part.trim_end_matches(']').trim_matches('"'));
        let address = Address { type_name: parts.next()?.to_owned(), name: parts.next()?.to_owned() };
        Some(Self { address, steps: parts.collect() })
    }

    fn resolve(&self, values: &BTreeMap<Address, Value>) -> Result<Value> {
        let mut value = values.get(&self.address).with_context(|| format!("{} has no value", self.address))?;
        for step in &self.steps {
            value = match value.undynamic() {
                Value::Unknown(_) => return Ok(Value::UNKNOWN),
                Value::Object(members) | Value::Map(members) => members.get(*step),
                Value::List(elements) | Value::Tuple(elements) => {
                    step.parse().ok().and_then(|i: usize| elements.get(i))
                }
                _ => None,
            }
            .with_context(|| format!("{} has no {step:?} under {:?}", self.address, self.steps))?;
        }
        Ok(value.clone())
    }
}

/// The value of a block, with null for what is not written and references replaced.
pub(super) fn evaluate(block: &Block, body: &Json, values: &BTreeMap<Address, Value>) -> Result<Value> {
    let members = body.as_object().context("the body of a block is not an object")?;
    if let Some(name) =
        members.keys().find(|name| !block.attributes.contains_key(*name) && !block.blocks.contains_key(*name))
    {
        bail!("an argument named {name:?} is not expected here");
    }
    let mut object = BTreeMap::new();
    for (name, attribute) in &block.attributes {
        let value = attribute_value(attribute, members.get(name), values).with_context(|| name.clone())?;
        object.insert(name.clone(), value);
    }
    for (name, nested) in &block.blocks {
        let written = match members.get(name) {
            None => Vec::new(),
            Some(Json::Array(bodies)) => bodies.iter().collect(),
            Some(one) => vec![one],
        };
        let bodies: Result<Vec<Value>> =
            written.into_iter().map(|body| evaluate(&nested.block, body, values)).collect();
        object.insert(name.clone(), nested.collect(bodies.with_context(|| name.clone())?));
    }
    Ok(Value::Object(object))
}

fn attribute_value(attribute: &Attribute, json: Option<&Json>, values: &BTreeMap<Address, Value>) -> Result<Value> {
    let json = match json {
        None | Some(Json::Null) => return Ok(Value::Null),
        Some(json) => json,
    };
    if let Some(reference) = json.as_str().and_then(Reference::parse) {
        return reference.resolve(values);
    }
    match &attribute.shape {
        Shape::Plain(ty) => plain_value(ty, json, values),
        Shape::Nested(nesting, attributes) => nesting.read_json(json, |element| {
            let members = element.as_object().context("a nested attribute is not an object")?;
            if let Some(name) = members.keys().find(|name| !attributes.contains_key(*name)) {
                bail!("an attribute named {name:?} is not expected here");
            }
            let object: Result<BTreeMap<String, Value>> = attributes
                .iter()
                .map(|(name, nested)| {
                    Ok((
                        name.clone(),
                        attribute_value(nested, members.get(name), values).with_context(|| name.clone())?,
                    ))
                })
                .collect();
            Ok(Value::Object(object?))
        }),
    }
}

fn plain_value(ty: &Type, json: &Json, values: &BTreeMap<Address, Value>) -> Result<Value> {
    if let Some(reference) = json.as_str().and_then(Reference::parse) {
        return reference.resolve(values);
    }
    let elements = || json.as_array().with_context(|| format!("{json} is not a list"));
    let members = || json.as_object().with_context(|| format!("{json} is not an object"));
    Ok(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Bool, Json::Bool(value)) => Value::from(*value),
        (Type::Number, Json::Number(number)) => Value::from(number.to_string().parse::<Number>()?),
        (Type::String, Json::String(text)) => Value::from(text.as_str()),
        (Type::String, Json::Number(number)) => Value::from(number.to_string()),
        (Type::String, Json::Bool(value)) => Value::from(value.to_string()),
        (Type::List(element), _) => {
            Value::List(elements()?.iter().map(|e| plain_value(element, e, values)).collect::<Result<_>>()?)
        }
        (Type::Set(element), _) => {
            distinct(elements()?.iter().map(|e| plain_value(element, e, values)).collect::<Result<_>>()?)
        }
        (Type::Tuple(types), _) => Value::Tuple(
            types.iter().zip(elements()?).map(|(ty, e)| plain_value(ty, e, values)).collect::<Result<_>>()?,
        ),
        (Type::Map(element), _) => Value::Map(
            members()?.iter().map(|(k, v)| Ok((k.clone(), plain_value(element, v, values)?))).collect::<Result<_>>()?,
        ),
        (Type::Object(attributes), _) => {
            let members = members()?;
            let member = |(name, ty): (&String, &Type)| {
                Ok((name.clone(), plain_value(ty, members.get(name).unwrap_or(&Json::Null), values)?))
            };
            Value::Object(attributes.iter().map(member).collect::<Result<_>>()?)
        }
        _ => bail!("{json} is not a value of type {ty:?}"),
    })
}
