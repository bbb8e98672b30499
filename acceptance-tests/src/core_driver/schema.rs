//! Schemas as the provider sends them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use tfplugin::cty::{Type, Value};
use tfplugin_proto::tfplugin6 as proto;

/// What `GetProviderSchema` answers, as far as a walk needs it.
#[derive(Clone, Debug)]
pub struct ProviderSchema {
    /// The provider's own configuration.
    pub provider: Block,
    /// The resources by type name.
    pub resources: BTreeMap<String, ResourceSchema>,
    /// Whether a destroy is planned with the provider.
    pub plan_destroy: bool,
    /// Whether a process may be used without being asked for the schema first.
    pub schema_optional: bool,
}

/// The schema of one resource type.
#[derive(Clone, Debug)]
pub struct ResourceSchema {
    /// The version that state is stored with.
    pub version: i64,
    /// Its attributes and blocks.
    pub block: Block,
    /// The type of its identity, with the identity's version, where it has one.
    pub identity: Option<(i64, Type)>,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The nested blocks by type name.
    pub blocks: BTreeMap<String, NestedBlock>,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The shape of its value.
    pub shape: Shape,
    /// The user may set it.
    pub optional: bool,
    /// The provider may set it.
    pub computed: bool,
    /// It is never stored.
    pub write_only: bool,
}

/// The shape of an attribute's value.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A plain type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, BTreeMap<String, Attribute>),
}

/// How nested attributes or blocks repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list.
    List,
    /// A set.
    Set,
    /// A map.
    Map,
}

/// Nested blocks of one type.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// How they repeat.
    pub nesting: Nesting,
    /// What is in each.
    pub block: Block,
}

impl ProviderSchema {
    pub(super) fn from_proto(
        response: &proto::get_provider_schema::Response,
        identities: &proto::get_resource_identity_schemas::Response,
    ) -> Result<Self> {
        let provider = response.provider.as_ref().and_then(|schema| schema.block.as_ref());
        let provider = Block::from_proto(provider.context("the provider sent no schema of its own")?)?;
        let mut resources = BTreeMap::new();
        for (name, schema) in &response.resource_schemas {
            let block = schema.block.as_ref().with_context(|| format!("{name} has no block"))?;
            let block = Block::from_proto(block).with_context(|| name.clone())?;
            let identity = identities.identity_schemas.get(name).map(identity_type).transpose()?;
            resources.insert(name.clone(), ResourceSchema { version: schema.version, block, identity });
        }
        let capabilities = response.server_capabilities.unwrap_or_default();
        Ok(Self {
            provider,
            resources,
            plan_destroy: capabilities.plan_destroy,
            schema_optional: capabilities.get_provider_schema_optional,
        })
    }

    pub(super) fn resource(&self, type_name: &str) -> Result<&ResourceSchema> {
        self.resources.get(type_name).with_context(|| format!("the provider has no resource type {type_name:?}"))
    }
}

fn identity_type(schema: &proto::ResourceIdentitySchema) -> Result<(i64, Type)> {
    let attributes: Result<BTreeMap<String, Type>> = schema
        .identity_attributes
        .iter()
        .map(|attribute| Ok((attribute.name.clone(), Type::decode(&attribute.r#type)?)))
        .collect();
    Ok((schema.version, Type::Object(attributes?)))
}

impl Block {
    fn from_proto(block: &proto::schema::Block) -> Result<Self> {
        let blocks: Result<BTreeMap<String, NestedBlock>> = block
            .block_types
            .iter()
            .map(|nested| {
                let inner = nested.block.as_ref().with_context(|| format!("{} has no block", nested.type_name))?;
                Ok((
                    nested.type_name.clone(),
                    NestedBlock {
                        nesting: Nesting::from_number(nested.nesting)?,
                        block: Self::from_proto(inner).with_context(|| nested.type_name.clone())?,
                    },
                ))
            })
            .collect();
        Ok(Self { attributes: attributes(&block.attributes)?, blocks: blocks? })
    }

    /// The type of a value of this block.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.nesting.around(nested.block.ty())));
        Type::Object(attributes.chain(blocks).collect())
    }

    /// What core takes for the prior state where there is none: every attribute null, every repeated block empty.
    pub(super) fn empty(&self) -> Value {
        let attributes = self.attributes.keys().map(|name| (name.clone(), Value::Null));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.collect(Vec::new())));
        Value::Object(attributes.chain(blocks).collect())
    }
}

fn attributes(list: &[proto::schema::Attribute]) -> Result<BTreeMap<String, Attribute>> {
    list.iter()
        .map(|attribute| {
            let shape = match &attribute.nested_type {
                Some(object) => Shape::Nested(Nesting::from_number(object.nesting)?, attributes(&object.attributes)?),
                None => Shape::Plain(Type::decode(&attribute.r#type).with_context(|| attribute.name.clone())?),
            };
            let (optional, computed, write_only) = (attribute.optional, attribute.computed, attribute.write_only);
            Ok((attribute.name.clone(), Attribute { shape, optional, computed, write_only }))
        })
        .collect()
}

impl Attribute {
    /// The type of its value.
    pub fn ty(&self) -> Type {
        match &self.shape {
            Shape::Plain(ty) => ty.clone(),
            Shape::Nested(nesting, attributes) => nesting.around(object_type(attributes)),
        }
    }
}

fn object_type(attributes: &BTreeMap<String, Attribute>) -> Type {
    Type::Object(attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty())).collect())
}

impl NestedBlock {
    /// The value of these many blocks of the type; a map's keys are not known here, so maps are always empty.
    pub(super) fn collect(&self, bodies: Vec<Value>) -> Value {
        match self.nesting {
            Nesting::Single => bodies.into_iter().next().unwrap_or(Value::Null),
            Nesting::List => Value::List(bodies),
            Nesting::Set => distinct(bodies),
            Nesting::Map => Value::Map(BTreeMap::new()),
        }
    }
}

impl Nesting {
    /// The numbers of the two enumerations agree, but for a block's GROUP, which is a single block that is never null.
    fn from_number(number: i32) -> Result<Self> {
        Ok(match number {
            1 | 5 => Self::Single,
            2 => Self::List,
            3 => Self::Set,
            4 => Self::Map,
            other => bail!("{other} is not a nesting mode"),
        })
    }

    fn around(self, object: Type) -> Type {
        match self {
            Self::Single => object,
            Self::List => Type::list(object),
            Self::Set => Type::set(object),
            Self::Map => Type::map(object),
        }
    }

    /// Reads a JSON value of this nesting, element by element.
    pub(super) fn read_json(self, json: &Json, element: impl Fn(&Json) -> Result<Value>) -> Result<Value> {
        let elements = || json.as_array().with_context(|| format!("{json} is not a list"));
        Ok(match self {
            Self::Single => element(json)?,
            Self::List => Value::List(elements()?.iter().map(element).collect::<Result<_>>()?),
            Self::Set => distinct(elements()?.iter().map(element).collect::<Result<_>>()?),
            Self::Map => {
                let members = json.as_object().with_context(|| format!("{json} is not a map"))?;
                Value::Map(
                    members.iter().map(|(key, value)| Ok((key.clone(), element(value)?))).collect::<Result<_>>()?,
                )
            }
        })
    }
}

/// A set of these elements. Two that are not known yet may turn out different, so each of them is kept.
pub(super) fn distinct(elements: Vec<Value>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for element in elements {
        if !element.is_wholly_known() || !kept.contains(&element) {
            kept.push(element);
        }
    }
    Value::Set(kept)
}
