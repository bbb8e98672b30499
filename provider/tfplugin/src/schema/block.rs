//! Nested blocks.

use super::{Attribute, Nesting, PlanModifier, object_type};
use crate::cty::Type;

/// Nested blocks of one type.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// The block's type name.
    pub name: &'static str,
    /// How it repeats.
    pub nesting: Nesting,
    /// What it is for, in Markdown.
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Blocks inside it.
    pub blocks: Vec<NestedBlock>,
    /// The fewest that the user must write; 0 or 1 for a single block.
    pub min_items: i64,
    /// The most that the user may write, 0 for no limit; for a single block the same as `min_items`.
    pub max_items: i64,
    /// What the plan does when the block appears, goes, or changes inside; single blocks only.
    pub plan_modifiers: Vec<PlanModifier>,
}

impl NestedBlock {
    /// The user must write it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.min_items = 1;
        self.max_items = i64::from(self.nesting == Nesting::Single);
        self
    }

    /// The same with these blocks inside.
    #[must_use]
    pub fn with_blocks(mut self, blocks: Vec<NestedBlock>) -> Self {
        self.blocks = blocks;
        self
    }

    /// Adds a plan modifier.
    #[must_use]
    pub fn modify(mut self, modifier: PlanModifier) -> Self {
        self.plan_modifiers.push(modifier);
        self
    }

    /// The type of the value that all blocks of this type make.
    pub fn value_type(&self) -> Type {
        let object = object_type(&self.attributes, &self.blocks);
        match self.nesting {
            // Blocks may differ in the type of a dynamic attribute; then they make a tuple or an object, and the type is
            // known only with the value.
            Nesting::List | Nesting::Map if object.has_dynamic() => Type::Dynamic,
            nesting => nesting.wrap(object),
        }
    }
}
