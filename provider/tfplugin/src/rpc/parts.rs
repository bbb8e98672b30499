//! The parts of a provider by name, with schemas made once and when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::cty::{Type, Value};
use crate::data_source::DataSource;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::function::Function;
use crate::list::ListResource;
use crate::provider::Provider;
use crate::resource::Resource;
use crate::schema::{IdentitySchema, NestedBlock, Nesting, Schema};

/// A provider.
pub(crate) struct Parts {
    pub(crate) provider: Arc<dyn Provider>,
    /// The provider's source address.
    pub(crate) address: &'static str,
    configuration: OnceLock<Shape>,
    resources: Shapes,
    data_sources: Shapes,
    lists: Shapes,
}

type Shapes = Mutex<HashMap<&'static str, Arc<Shape>>>;

/// A schema with what follows from it.
pub(crate) struct Shape {
    /// The schema.
    pub(crate) schema: Schema,
    /// The type of its values.
    pub(crate) ty: Type,
    /// The identity's schema and type.
    pub(crate) identity: Option<(IdentitySchema, Type)>,
}

impl Shape {
    fn new(schema: Schema, identity: Option<IdentitySchema>) -> Self {
        let ty = schema.ty();
        let identity = identity.map(|schema| {
            let ty = schema.ty();
            (schema, ty)
        });
        Self { schema, ty, identity }
    }

    /// The type of an identity, if there is one.
    pub(crate) fn identity_type(&self) -> Option<&Type> {
        self.identity.as_ref().map(|(_, ty)| ty)
    }

    /// Whether a change in place may change the identity.
    pub(crate) fn identity_is_mutable(&self) -> bool {
        self.identity.as_ref().is_some_and(|(schema, _)| schema.mutable)
    }

    /// The value with an empty collection where blocks are missing: Terraform knows no null there.
    pub(crate) fn with_blocks(&self, mut value: Value) -> Value {
        fill_blocks(&self.schema.blocks, &mut value);
        value
    }
}

fn fill_blocks(blocks: &[NestedBlock], value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    for block in blocks {
        let Some(inner) = object.get_mut(block.name) else { continue };
        match inner {
            Value::Null => match (block.nesting, block.value_type()) {
                (Nesting::Single, _) | (_, Type::Dynamic) => {}
                (Nesting::List, _) => *inner = Value::List(Vec::new()),
                (Nesting::Set, _) => *inner = Value::Set(Vec::new()),
                (Nesting::Map, _) => *inner = Value::Map(std::collections::BTreeMap::new()),
            },
            Value::List(elements) | Value::Set(elements) => {
                for element in elements {
                    fill_blocks(&block.blocks, element);
                }
            }
            Value::Map(elements) => {
                for element in elements.values_mut() {
                    fill_blocks(&block.blocks, element);
                }
            }
            other => fill_blocks(&block.blocks, other),
        }
    }
}

impl Parts {
    /// Nothing is made yet.
    pub(crate) fn new(provider: Arc<dyn Provider>, address: &'static str) -> Self {
        Self {
            provider,
            address,
            configuration: OnceLock::new(),
            resources: Shapes::default(),
            data_sources: Shapes::default(),
            lists: Shapes::default(),
        }
    }

    /// The shape of the provider's configuration.
    pub(crate) fn configuration(&self) -> &Shape {
        self.configuration.get_or_init(|| Shape::new(self.provider.schema(), None))
    }

    /// A managed resource's shape.
    pub(crate) fn shape_of(&self, resource: &dyn Resource) -> Arc<Shape> {
        cached(&self.resources, resource.type_name(), || Shape::new(resource.schema(), resource.identity_schema()))
    }

    /// A managed resource by its type's name.
    pub(crate) fn resource(&self, type_name: &str) -> Result<(&dyn Resource, Arc<Shape>), Diagnostics> {
        let resource = self.provider.resources().iter().find(|r| r.type_name() == type_name);
        let resource = resource.ok_or_else(|| self.unknown("resource", type_name))?;
        Ok((resource.as_ref(), self.shape_of(resource.as_ref())))
    }

    /// A data source by its type's name.
    pub(crate) fn data_source(&self, type_name: &str) -> Result<(&dyn DataSource, Arc<Shape>), Diagnostics> {
        let source = self.provider.data_sources().iter().find(|d| d.type_name() == type_name);
        let source = source.ok_or_else(|| self.unknown("data source", type_name))?;
        let shape = cached(&self.data_sources, source.type_name(), || Shape::new(source.schema(), None));
        Ok((source.as_ref(), shape))
    }

    /// A list resource by its type's name.
    pub(crate) fn list(&self, type_name: &str) -> Result<(&dyn ListResource, Arc<Shape>), Diagnostics> {
        let list = self.provider.list_resources().iter().find(|l| l.type_name() == type_name);
        let list = list.ok_or_else(|| self.unknown("list resource", type_name))?;
        let shape = cached(&self.lists, list.type_name(), || Shape::new(list.schema(), None));
        Ok((list.as_ref(), shape))
    }

    /// A function by its name.
    pub(crate) fn function(&self, name: &str) -> Result<&dyn Function, Diagnostics> {
        let function = self.provider.functions().iter().find(|f| f.name() == name);
        Ok(function.ok_or_else(|| self.unknown("function", name))?.as_ref())
    }

    fn unknown(&self, kind: &str, name: &str) -> Diagnostics {
        Diagnostic::error(
            format!("The provider has no {kind} {name}"),
            format!("{} was asked for the {kind} {name}, which this version of it does not have.", self.address),
        )
        .into()
    }
}

fn cached(shapes: &Shapes, name: &'static str, make: impl FnOnce() -> Shape) -> Arc<Shape> {
    // A panic while a schema was made leaves the map as it was.
    let mut shapes = shapes.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(shapes.entry(name).or_insert_with(|| Arc::new(make())))
}
