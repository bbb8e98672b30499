//! Schemas against the rules that Terraform has for them.
//!
//! Terraform refuses a whole provider for one wrong schema (terraform, `configs/configschema.InternalValidate`), and some
//! mistakes it does not see at all. A provider's tests call [`check`] on every schema and expect nothing.

use std::collections::BTreeSet;
use std::fmt;

use crate::cty::{Path, Step, Type, msgpack};
use crate::schema::{
    Attribute, AttributeType, Fields, IdentitySchema, Mode, NestedBlock, Nesting, PlanModifier, Schema,
};

#[cfg(test)]
mod tests;

/// What the language itself means by these names at the top of a resource; an attribute of that name cannot be set.
const RESERVED: [&str; 7] = ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

/// A rule that a schema breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The attribute or block; the root for the schema as a whole.
    pub path: Path,
    /// What is wrong.
    pub rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.steps().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.rule)
    }
}

/// Every rule that the schema of a resource or data source breaks.
pub fn check(schema: &Schema) -> Vec<Violation> {
    let mut violations = check_configuration(schema);
    let reserved = schema.fields().iter().filter(|field| RESERVED.contains(&field.name));
    violations.extend(reserved.map(|field| Violation {
        path: Path::attribute(field.name),
        rule: "the name is reserved by the language".to_owned(),
    }));
    violations
}

/// Every rule that the schema of a provider's own configuration, or of a list's, breaks; they reserve other names.
pub fn check_configuration(schema: &Schema) -> Vec<Violation> {
    let mut check = Check { violations: Vec::new() };
    check.version(schema.version);
    check.fields(schema.fields(), &schema.blocks, &Path::root(), Around::default());
    check.violations
}

/// Every rule that the schema of an identity breaks.
pub fn check_identity(schema: &IdentitySchema) -> Vec<Violation> {
    let mut check = Check { violations: Vec::new() };
    check.version(schema.version);
    let names = schema.attributes.iter().map(|attribute| attribute.name);
    check.names(names, &Path::root());
    for attribute in &schema.attributes {
        let simple = |ty: &Type| matches!(ty, Type::Bool | Type::Number | Type::String);
        let fits = match &attribute.ty {
            Type::List(element) => simple(element),
            ty => simple(ty),
        };
        if !fits {
            let rule = "an identity has bools, numbers, strings and lists of those only";
            check.broken(&Path::attribute(attribute.name), rule);
        }
    }
    check.violations
}

/// What is around an attribute.
#[derive(Clone, Copy, Default)]
struct Around {
    set: bool,
    map: bool,
    write_only: bool,
}

struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn broken(&mut self, path: &Path, rule: impl Into<String>) {
        self.violations.push(Violation { path: path.clone(), rule: rule.into() });
    }

    fn version(&mut self, version: i64) {
        if version < 0 {
            self.broken(&Path::root(), "a schema's version is not negative");
        }
    }

    fn names(&mut self, names: impl Iterator<Item = &'static str>, path: &Path) {
        let mut seen = BTreeSet::new();
        for name in names {
            let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
            if !first || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
                self.broken(
                    &path.child(name),
                    "a name is lower-case letters, digits and underscores, and begins with no digit",
                );
            }
            if !seen.insert(name) {
                self.broken(&path.child(name), "two attributes or blocks have the same name");
            }
        }
    }

    fn fields(&mut self, fields: Fields<'_>, blocks: &[NestedBlock], path: &Path, around: Around) {
        self.names(fields.iter().map(|field| field.name), path);
        for attribute in fields.attributes {
            let path = path.then(Step::Attribute(attribute.name.to_owned()));
            self.attribute(attribute, &path, around);
        }
        for block in blocks {
            let path = path.then(Step::Attribute(block.name.to_owned()));
            self.block(block, &path, around);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, path: &Path, around: Around) {
        let set = matches!(&attribute.ty, AttributeType::Nested(Nesting::Set, _));
        if around.write_only && !attribute.write_only {
            self.broken(path, "inside a write-only attribute everything is write-only");
        }
        if attribute.write_only {
            if attribute.is_computed() {
                self.broken(
                    path,
                    "a write-only attribute is not computed and has no default: nothing could hold the value",
                );
            }
            if around.set || set {
                self.broken(path, "a set has no write-only parts: an element is what its values are");
            }
        }
        if around.set && attribute.is_computed() && attribute.mode != Mode::Computed {
            let rule = "inside a set an attribute is the user's or the provider's: Terraform finds an element again by what is \
                        not computed";
            self.broken(path, rule);
        }
        if around.map && attribute.sensitive {
            // Terraform 1.11 and 1.15 and OpenTofu 1.12 crash on a null element of such a map, before the provider sees it.
            self.broken(path, "inside a map nothing is sensitive: a null element would crash the host");
        }
        if attribute.deprecation.as_ref().is_some_and(String::is_empty) {
            self.broken(path, "a deprecation says what to do instead");
        }
        self.default(attribute, path);
        self.behaviour(attribute, path, around);
        match &attribute.ty {
            AttributeType::Plain(ty) => self.plain(ty, path, around),
            AttributeType::Nested(nesting, attributes) => {
                let map = matches!(nesting, Nesting::Map | Nesting::List | Nesting::Set);
                let around =
                    Around { set: around.set || set, map: around.map || map, write_only: attribute.write_only };
                self.fields(Fields { attributes, blocks: &[] }, &[], path, around);
            }
        }
    }

    /// What the default must be, and where there can be one.
    fn default(&mut self, attribute: &Attribute, path: &Path) {
        let Some(default) = &attribute.default else { return };
        if matches!(attribute.mode, Mode::Required | Mode::Computed) {
            self.broken(path, "a default is for what the user may leave out");
        }
        if default.is_null() || !default.is_wholly_known() {
            self.broken(path, "a default is a known value");
        } else if let Err(error) = msgpack::encode(default, &attribute.value_type()) {
            self.broken(path, format!("the default does not have the attribute's type: {error}"));
        }
    }

    /// Validators and plan modifiers that could never do anything.
    fn behaviour(&mut self, attribute: &Attribute, path: &Path, around: Around) {
        if attribute.mode == Mode::Computed && !attribute.validators.is_empty() {
            self.broken(path, "a validator checks what the user sets, and only the provider sets this");
        }
        for modifier in &attribute.plan_modifiers {
            match modifier {
                PlanModifier::UseStateForUnknown if !attribute.is_computed() => {
                    self.broken(
                        path,
                        "only a computed attribute is unknown in a plan, so there is no state to use for it",
                    );
                }
                PlanModifier::RequiresReplace
                | PlanModifier::RequiresReplaceIf(_)
                | PlanModifier::RequiresReplaceOnPresence
                    if around.set =>
                {
                    self.broken(
                        path,
                        "a changed element of a set is another element: the set itself can require replacement",
                    );
                }
                PlanModifier::RequiresReplace
                | PlanModifier::RequiresReplaceIf(_)
                | PlanModifier::RequiresReplaceOnPresence
                    if attribute.write_only =>
                {
                    self.broken(
                        path,
                        "a write-only value has no old one to differ from, so it never requires replacement",
                    );
                }
                _ => {}
            }
        }
    }

    fn plain(&mut self, ty: &Type, path: &Path, around: Around) {
        if around.set && ty.has_dynamic() || dynamic_in_set(ty) {
            self.broken(path, "a set has no dynamic parts: its elements have one type");
        }
    }

    fn block(&mut self, block: &NestedBlock, path: &Path, around: Around) {
        let (min, max) = (block.min_items, block.max_items);
        let rule = match block.nesting {
            _ if min < 0 || max < 0 => Some("the number of blocks is not negative"),
            Nesting::Single if min != max || max > 1 => {
                Some("of a single block the least and the most are both 0 or both 1")
            }
            Nesting::Map if min != 0 || max != 0 => Some("the number of blocks in a map is not limited"),
            Nesting::List | Nesting::Set if max != 0 && min > max => {
                Some("the least number of blocks is above the most")
            }
            _ => None,
        };
        if let Some(rule) = rule {
            self.broken(path, rule);
        }
        if block.nesting != Nesting::Single && !block.plan_modifiers.is_empty() {
            self.broken(path, "only a block that stands once has plan modifiers: others are one of several");
        }
        if block.plan_modifiers.iter().any(|modifier| matches!(modifier, PlanModifier::UseStateForUnknown)) {
            self.broken(path, "a block is the user's, so there is no state to use for it");
        }
        let fields = Fields { attributes: &block.attributes, blocks: &block.blocks };
        let around = Around {
            set: around.set || block.nesting == Nesting::Set,
            map: around.map || block.nesting != Nesting::Single,
            write_only: false,
        };
        self.fields(fields, &block.blocks, path, around);
    }
}

fn dynamic_in_set(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Number | Type::String | Type::Dynamic => false,
        Type::Set(element) => element.has_dynamic(),
        Type::List(element) | Type::Map(element) => dynamic_in_set(element),
        Type::Object(attributes) => attributes.values().any(dynamic_in_set),
        Type::Tuple(elements) => elements.iter().any(dynamic_in_set),
    }
}
