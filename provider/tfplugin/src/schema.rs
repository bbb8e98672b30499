//! What a user can write, as a value: attributes, nested attributes, blocks, and the rules on them.

mod block;
pub mod declare;
mod fields;

use std::fmt;
use std::sync::Arc;

use crate::cty::{Path, Type, Value};
use crate::diagnostic::Diagnostics;

pub use block::NestedBlock;
pub(crate) use fields::{Field, Fields, Place, counterpart, objects, objects_mut, part};

/// The schema of a provider's configuration, a resource, a data source or a list.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Raised when stored state needs an upgrade to be read; starts at 0.
    pub version: i64,
    /// What it is for, in Markdown.
    pub description: String,
    /// Why not to use it any more, and what instead.
    pub deprecation: Option<String>,
    /// The attributes. What the user names by keys of his own is a map of objects in one.
    pub attributes: Vec<Attribute>,
    /// The nested blocks: what can stand once, so that Terraform refuses misspelt words in it.
    pub blocks: Vec<NestedBlock>,
}

/// Who sets an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The user must.
    Required,
    /// The user may; null otherwise, or the default.
    Optional,
    /// The user may; the provider does otherwise.
    OptionalComputed,
    /// Only the provider does.
    Computed,
}

/// How nested attributes repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// Objects by key.
    Map,
}

/// The shape of an attribute's value.
#[derive(Clone, Debug)]
pub enum AttributeType {
    /// A plain type.
    Plain(Type),
    /// Objects whose attributes have schemas of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// The shape of its value.
    pub ty: AttributeType,
    /// Who sets it.
    pub mode: Mode,
    /// Whether null is a value for an attribute that the user must set: the word has to be there, so that Terraform refuses an
    /// object in which it is misspelt.
    pub nullable: bool,
    /// Terraform hides the value in its output.
    pub sensitive: bool,
    /// The value is never stored: null in plan and state.
    pub write_only: bool,
    /// What it means, in Markdown: units, default, limits, and what a change does.
    pub description: String,
    /// Why not to use it any more, and what instead.
    pub deprecation: Option<String>,
    /// The value when the user gives none. The attribute is then sent to Terraform as optional and computed.
    pub default: Option<Value>,
    /// Checks on a known value.
    pub validators: Vec<Validator>,
    /// What the plan does with it.
    pub plan_modifiers: Vec<PlanModifier>,
}

/// A check on a known, non-null value at a path.
pub type Check = dyn Fn(&Path, &Value) -> Diagnostics + Send + Sync;

/// A named check of an attribute's value. Null is not checked; a value that holds unknowns is checked only where the check
/// can cope with them ([`Validator::tolerates_unknown`]).
#[derive(Clone)]
pub struct Validator {
    /// What it demands, as a clause for generated documentation, such as `1 to 8 elements`.
    pub demand: String,
    /// Whether it is called on a value with unknown parts.
    pub tolerates_unknown: bool,
    /// The check.
    pub check: Arc<Check>,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Validator").field(&self.demand).finish()
    }
}

/// What a condition of [`PlanModifier::RequiresReplaceIf`] sees.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The attribute's value in the state.
    pub prior: &'a Value,
    /// Its value in the plan.
    pub planned: &'a Value,
}

/// What the plan does with an attribute.
#[derive(Clone)]
pub enum PlanModifier {
    /// A computed value that does not change once it is known: the plan keeps the state's.
    UseStateForUnknown,
    /// A changed value replaces the resource.
    RequiresReplace,
    /// A changed value replaces the resource where the condition holds.
    RequiresReplaceIf(Arc<dyn Fn(Change<'_>) -> bool + Send + Sync>),
    /// That there is a value where there was none, or none where there was one, replaces the resource. What changes inside
    /// does not by itself.
    RequiresReplaceOnPresence,
}

impl PlanModifier {
    /// Whether this change of the attribute or block replaces the resource.
    pub(crate) fn replaces(&self, change: Change<'_>) -> bool {
        match self {
            Self::UseStateForUnknown => false,
            Self::RequiresReplace => true,
            Self::RequiresReplaceIf(condition) => condition(change),
            Self::RequiresReplaceOnPresence => {
                !change.planned.is_unknown() && change.prior.is_null() != change.planned.is_null()
            }
        }
    }
}

impl fmt::Debug for PlanModifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UseStateForUnknown => "UseStateForUnknown",
            Self::RequiresReplace => "RequiresReplace",
            Self::RequiresReplaceIf(_) => "RequiresReplaceIf",
            Self::RequiresReplaceOnPresence => "RequiresReplaceOnPresence",
        })
    }
}

impl Schema {
    /// A schema of version 0 with this Markdown description.
    pub fn new(description: impl Into<String>, attributes: Vec<Attribute>) -> Self {
        Self { description: description.into(), attributes, ..Self::default() }
    }

    /// The same with these nested blocks.
    #[must_use]
    pub fn with_blocks(mut self, blocks: Vec<NestedBlock>) -> Self {
        self.blocks = blocks;
        self
    }
}

impl Attribute {
    /// An optional attribute of a plain type.
    pub fn new(name: &'static str, ty: Type, description: impl Into<String>) -> Self {
        Self::with(name, AttributeType::Plain(ty), description.into())
    }

    /// An optional attribute that holds objects.
    pub fn nested(
        name: &'static str,
        nesting: Nesting,
        attributes: Vec<Attribute>,
        description: impl Into<String>,
    ) -> Self {
        Self::with(name, AttributeType::Nested(nesting, attributes), description.into())
    }

    fn with(name: &'static str, ty: AttributeType, description: String) -> Self {
        Self {
            name,
            ty,
            mode: Mode::Optional,
            nullable: false,
            sensitive: false,
            write_only: false,
            description,
            deprecation: None,
            default: None,
            validators: Vec::new(),
            plan_modifiers: Vec::new(),
        }
    }

    /// The user must set it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.mode = Mode::Required;
        self
    }

    /// The user must write it, and may write null: for objects that are another resource as a whole, in which what is not set is null.
    #[must_use]
    pub fn required_or_null(mut self) -> Self {
        self.mode = Mode::Required;
        self.nullable = true;
        self
    }

    /// Only the provider sets it.
    #[must_use]
    pub fn computed(mut self) -> Self {
        self.mode = Mode::Computed;
        self
    }

    /// The provider sets it where the user does not.
    #[must_use]
    pub fn optional_computed(mut self) -> Self {
        self.mode = Mode::OptionalComputed;
        self
    }

    /// The value where the user gives none.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Terraform hides the value in its output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The value is never stored.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Why not to use it any more, and what instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.deprecation = Some(message.into());
        self
    }

    /// Adds a check of a known value.
    #[must_use]
    pub fn validate(mut self, validator: Validator) -> Self {
        self.validators.push(validator);
        self
    }

    /// A changed value replaces the resource.
    #[must_use]
    pub fn requires_replace(self) -> Self {
        self.modify(PlanModifier::RequiresReplace)
    }

    /// The plan keeps the state's value: it does not change once it is known.
    #[must_use]
    pub fn use_state_for_unknown(self) -> Self {
        self.modify(PlanModifier::UseStateForUnknown)
    }

    /// Adds a plan modifier.
    #[must_use]
    pub fn modify(mut self, modifier: PlanModifier) -> Self {
        self.plan_modifiers.push(modifier);
        self
    }
}

/// The schema of a resource's identity: what finds one object again, also without state.
#[derive(Clone, Debug, Default)]
pub struct IdentitySchema {
    /// Raised when stored identities need an upgrade; starts at 0.
    pub version: i64,
    /// Its attributes: booleans, numbers, strings and lists of those.
    pub attributes: Vec<IdentityAttribute>,
    /// Whether a change in place may change it, as the renaming of an object does. Otherwise a change is a mistake of the
    /// provider's, and reported as one.
    pub mutable: bool,
}

/// An attribute of an identity.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether an import needs it; otherwise it may leave it out.
    pub required_for_import: bool,
    /// What it means.
    pub description: String,
}

impl Schema {
    /// The type of a value of this schema: an object of every attribute and block.
    pub fn ty(&self) -> Type {
        object_type(&self.attributes, &self.blocks)
    }
}

impl Attribute {
    /// Whether the provider may set it: it is computed, or has a default.
    pub fn is_computed(&self) -> bool {
        matches!(self.mode, Mode::Computed | Mode::OptionalComputed) || self.default.is_some()
    }

    /// The type of its value.
    pub fn value_type(&self) -> Type {
        match &self.ty {
            AttributeType::Plain(ty) => ty.clone(),
            AttributeType::Nested(nesting, attributes) => nesting.wrap(object_type(attributes, &[])),
        }
    }
}

impl Nesting {
    fn wrap(self, object: Type) -> Type {
        match self {
            Self::Single => object,
            Self::List => Type::List(object.into()),
            Self::Set => Type::Set(object.into()),
            Self::Map => Type::Map(object.into()),
        }
    }
}

fn object_type(attributes: &[Attribute], blocks: &[NestedBlock]) -> Type {
    let attributes = attributes.iter().map(|a| (a.name.to_owned(), a.value_type()));
    Type::Object(attributes.chain(blocks.iter().map(|b| (b.name.to_owned(), b.value_type()))).collect())
}

impl IdentitySchema {
    /// The type of an identity: an object of every attribute.
    pub fn ty(&self) -> Type {
        Type::Object(self.attributes.iter().map(|a| (a.name.to_owned(), a.ty.clone())).collect())
    }
}
