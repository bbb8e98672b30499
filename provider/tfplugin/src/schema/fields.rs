//! One view on attributes and blocks, for the walks over a schema and values of it.

use super::{Attribute, AttributeType, NestedBlock, Nesting, PlanModifier, Schema, object_type};
use crate::cty::{Path, Step, Type, Value};

/// What an object holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) attributes: &'a [Attribute],
    pub(crate) blocks: &'a [NestedBlock],
}

/// An attribute or a nested block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'static str,
    /// The attribute, if it is one.
    pub(crate) attribute: Option<&'a Attribute>,
    /// What the plan does with it.
    pub(crate) plan_modifiers: &'a [PlanModifier],
    /// How the objects in it repeat and what they hold, if it holds any that have schemas.
    pub(crate) nested: Option<(Nesting, Fields<'a>)>,
    /// Whether it is a block that the user must write.
    pub(crate) is_required_block: bool,
}

impl Field<'_> {
    /// The type of its value.
    pub(crate) fn value_type(&self) -> Type {
        match (self.attribute, self.nested) {
            (Some(attribute), _) => attribute.value_type(),
            (None, Some((nesting, fields))) => nesting.wrap(object_type(fields.attributes, fields.blocks)),
            (None, None) => Type::Dynamic,
        }
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = Field<'a>> {
        let attributes = self.attributes.iter().map(|attribute| Field {
            name: attribute.name,
            attribute: Some(attribute),
            plan_modifiers: &attribute.plan_modifiers,
            nested: match &attribute.ty {
                AttributeType::Plain(_) => None,
                AttributeType::Nested(nesting, attributes) => Some((*nesting, Fields { attributes, blocks: &[] })),
            },
            is_required_block: false,
        });
        let blocks = self.blocks.iter().map(|block| Field {
            name: block.name,
            attribute: None,
            plan_modifiers: &block.plan_modifiers,
            nested: Some((block.nesting, Fields { attributes: &block.attributes, blocks: &block.blocks })),
            is_required_block: block.min_items > 0,
        });
        attributes.chain(blocks)
    }

    /// Whether an object and another are the same one, for elements of a set, which have no other name: they differ only in
    /// what the provider fills in, which one of them does not have or the other does not know yet.
    fn same_object(self, object: &Value, other: &Value) -> bool {
        self.iter().all(|field| {
            let (a, b) = (part(object, field.name), part(other, field.name));
            let filled_in = field.attribute.is_some_and(Attribute::is_computed) && (b.is_null() || a.is_unknown());
            filled_in || a == b || field.nested.is_some_and(|(nesting, inner)| inner.same_objects(nesting, a, b))
        })
    }

    fn same_objects(self, nesting: Nesting, a: &Value, b: &Value) -> bool {
        let (left, right) = (objects(nesting, a), objects(nesting, b));
        !left.is_empty()
            && left.len() == right.len()
            && left.iter().all(|(place, object)| {
                let other = counterpart(self, b, *place, object);
                !other.is_null() && self.same_object(object, other)
            })
    }
}

/// Where an object stands in an attribute or block that holds objects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// It is the only one.
    Single,
    /// An element of a list.
    Index(usize),
    /// An element of a map.
    Key(&'a str),
    /// An element of a set.
    Member,
}

impl Place<'_> {
    /// The step to it, if it can be addressed.
    pub(crate) fn step(self) -> Option<Step> {
        match self {
            Self::Single | Self::Member => None,
            Self::Index(position) => Some(Step::at(position)),
            Self::Key(key) => Some(Step::Key(key.to_owned())),
        }
    }
}

static NULL: Value = Value::Null;

/// An attribute of an object; null when the object is null or has none.
pub(crate) fn part<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&NULL)
}

/// The objects in a known value, which may also be the tuple or object that blocks with a dynamic attribute make.
pub(crate) fn objects(nesting: Nesting, value: &Value) -> Vec<(Place<'_>, &Value)> {
    match value.undynamic() {
        Value::List(elements) | Value::Tuple(elements) => {
            elements.iter().enumerate().map(|(position, element)| (Place::Index(position), element)).collect()
        }
        Value::Set(elements) => elements.iter().map(|element| (Place::Member, element)).collect(),
        object @ Value::Object(_) if nesting == Nesting::Single => vec![(Place::Single, object)],
        Value::Map(elements) | Value::Object(elements) => {
            elements.iter().map(|(key, element)| (Place::Key(key), element)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same, to change them.
pub(crate) fn objects_mut(nesting: Nesting, value: &mut Value) -> Vec<(Place<'_>, &mut Value)> {
    match value.undynamic_mut() {
        Value::List(elements) | Value::Tuple(elements) => {
            elements.iter_mut().enumerate().map(|(position, element)| (Place::Index(position), element)).collect()
        }
        Value::Set(elements) => elements.iter_mut().map(|element| (Place::Member, element)).collect(),
        object @ Value::Object(_) if nesting == Nesting::Single => vec![(Place::Single, object)],
        Value::Map(elements) | Value::Object(elements) => {
            elements.iter_mut().map(|(key, element)| (Place::Key(key), element)).collect()
        }
        _ => Vec::new(),
    }
}

/// The object at the same place in another value of the same attribute or block; null when it has none.
pub(crate) fn counterpart<'a>(fields: Fields<'_>, other: &'a Value, place: Place<'_>, object: &Value) -> &'a Value {
    let found = match (other.undynamic(), place) {
        (single, Place::Single) => Some(single),
        (Value::List(elements) | Value::Tuple(elements), Place::Index(position)) => elements.get(position),
        (Value::Map(elements) | Value::Object(elements), Place::Key(key)) => elements.get(key),
        (Value::Set(elements), Place::Member) => elements
            .iter()
            .find(|element| *element == object)
            .or_else(|| elements.iter().find(|element| fields.same_object(object, element))),
        _ => None,
    };
    found.unwrap_or(&NULL)
}

impl Schema {
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields { attributes: &self.attributes, blocks: &self.blocks }
    }

    /// Whether Terraform hides what is at the path.
    pub fn is_sensitive_at(&self, path: &Path) -> bool {
        self.attributes_along(path).any(|attribute| attribute.sensitive || attribute.write_only)
    }

    fn attributes_along<'a>(&'a self, path: &Path) -> impl Iterator<Item = &'a Attribute> {
        let mut fields = Some(self.fields());
        let names = path.steps().iter().filter_map(|step| match step {
            Step::Attribute(name) => Some(name),
            // Elements have the schema of their collection.
            Step::Key(_) | Step::Index(_) => None,
        });
        let found = names.map_while(move |name| {
            let field = fields?.iter().find(|field| field.name == name)?;
            fields = field.nested.map(|(_, inner)| inner);
            Some(field)
        });
        found.filter_map(|field| field.attribute)
    }
}
