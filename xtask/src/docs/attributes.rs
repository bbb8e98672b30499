//! The section of a page that lists what can be set and read: groups, then each nested object, depth first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::schema::{Attribute, Block, NestedBlock, NestedType, Type, capitalised};

/// Who sets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

const GROUPS: [Group; 3] = [Group::Required, Group::Optional, Group::ReadOnly];

impl Group {
    fn title(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Optional => "Optional",
            Self::ReadOnly => "Read-Only",
        }
    }
}

/// One line of a list, and what it points to.
struct Item<'a> {
    group: Group,
    line: String,
    write_only: bool,
    nested: Option<Nested<'a>>,
}

/// An object that has a section of its own, with the anchor and the path that the section has.
struct Nested<'a> {
    anchor: String,
    path: String,
    content: Content<'a>,
}

/// What a section lists.
enum Content<'a> {
    Attributes(&'a BTreeMap<String, Attribute>),
    Block(&'a Block),
    /// An object type, and the group of the attribute that has it: its own attributes have no flags.
    Object(Group, &'a BTreeMap<String, Type>),
}

/// The whole section for `block`, from its title to the last nested object.
pub(super) fn section(block: &Block) -> String {
    let mut text = "## Schema\n".to_owned();
    let items = block_items(block, &[]);
    for group in GROUPS {
        write_group(&mut text, &items, group, &format!("### {}", group.title()));
    }
    write_nested(&mut text, &items, &[]);
    text
}

/// Writes the items of one group under `title`, if there are any.
fn write_group(text: &mut String, items: &[Item], group: Group, title: &str) {
    let members: Vec<&Item> = items.iter().filter(|item| item.group == group).collect();
    if members.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}\n");
    if members.iter().any(|item| item.write_only) {
        text.push_str("> **NOTE**: Write-only arguments need Terraform 1.11 or later.\n\n");
    }
    for item in members {
        text.push_str(&item.line);
    }
}

/// Writes the section of each nested object, each followed by its own nested objects.
fn write_nested(text: &mut String, items: &[Item], path: &[&str]) {
    for group in GROUPS {
        for nested in items.iter().filter(|item| item.group == group).filter_map(|item| item.nested.as_ref()) {
            let _ = write!(text, "\n<a id=\"{}\"></a>\n### Nested Schema for `{}`\n", nested.anchor, nested.path);
            let mut path = path.to_vec();
            path.push(nested.path.rsplit('.').next().unwrap_or_default());
            let items = match nested.content {
                Content::Attributes(attributes) => attribute_items(attributes, &path),
                Content::Block(block) => block_items(block, &path),
                Content::Object(group, attributes) => object_items(group, attributes, &path),
            };
            for group in GROUPS {
                write_group(text, &items, group, &format!("{}:", group.title()));
            }
            write_nested(text, &items, &path);
        }
    }
}

/// The lines of a block: attributes and blocks mixed, by name.
fn block_items<'a>(block: &'a Block, path: &[&str]) -> Vec<Item<'a>> {
    let attributes = block.attributes.iter().map(|(name, attribute)| (name, attribute_item(name, attribute, path)));
    let blocks = block.blocks.iter().map(|(name, nested)| (name, nested_block_item(name, nested, path)));
    let by_name: BTreeMap<&String, Item> = attributes.chain(blocks).collect();
    by_name.into_values().collect()
}

fn attribute_items<'a>(attributes: &'a BTreeMap<String, Attribute>, path: &[&str]) -> Vec<Item<'a>> {
    attributes.iter().map(|(name, attribute)| attribute_item(name, attribute, path)).collect()
}

/// The lines of an object type, whose attributes have a name and a type and nothing else.
fn object_items<'a>(group: Group, attributes: &'a BTreeMap<String, Type>, path: &[&str]) -> Vec<Item<'a>> {
    let item = |(name, of): (&String, &'a Type)| {
        let nested = of.object().map(|object| nested("nestedobjatt", path, name, Content::Object(group, object)));
        Item { group, line: line(name, &[of.in_words()], "", nested.as_ref()), write_only: false, nested }
    };
    attributes.iter().map(item).collect()
}

fn attribute_item<'a>(name: &str, attribute: &'a Attribute, path: &[&str]) -> Item<'a> {
    let mut facts = vec![match (&attribute.nested_type, &attribute.r#type) {
        (Some(of), _) => nested_in_words(of),
        (None, Some(of)) => of.in_words(),
        (None, None) => "Dynamic".to_owned(),
    }];
    let flags = [
        (attribute.sensitive, "Sensitive"),
        (attribute.deprecated, "Deprecated"),
        (
            attribute.write_only,
            "[Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)",
        ),
    ];
    facts.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
    let group = match (attribute.required, attribute.optional) {
        (true, _) => Group::Required,
        (false, true) => Group::Optional,
        (false, false) => Group::ReadOnly,
    };
    let nested = match (&attribute.nested_type, &attribute.r#type) {
        (Some(of), _) => Some(nested("nestedatt", path, name, Content::Attributes(&of.attributes))),
        (None, Some(of)) => {
            of.object().map(|object| nested("nestedobjatt", path, name, Content::Object(group, object)))
        }
        (None, None) => None,
    };
    let line = line(name, &facts, &attribute.description, nested.as_ref());
    Item { group, line, write_only: attribute.write_only, nested }
}

fn nested_block_item<'a>(name: &str, block: &'a NestedBlock, path: &[&str]) -> Item<'a> {
    let mut facts = vec![match block.nesting_mode.as_str() {
        "single" | "group" => "Block".to_owned(),
        mode => format!("Block {}", capitalised(mode)),
    }];
    let group = if block.min_items > 0 { Group::Required } else { Group::Optional };
    let bounds = [("Min", block.min_items), ("Max", block.max_items)];
    facts.extend(bounds.into_iter().filter(|(_, bound)| *bound > 0).map(|(word, bound)| format!("{word}: {bound}")));
    if block.block.deprecated {
        facts.push("Deprecated".to_owned());
    }
    let nested = nested("nestedblock", path, name, Content::Block(&block.block));
    let line = line(name, &facts, &block.block.description, Some(&nested));
    Item { group, line, write_only: false, nested: Some(nested) }
}

fn nested<'a>(kind: &str, path: &[&str], name: &str, content: Content<'a>) -> Nested<'a> {
    let parts = [path, &[name]].concat();
    Nested { anchor: format!("{kind}--{}", parts.join("--")), path: parts.join("."), content }
}

fn nested_in_words(of: &NestedType) -> String {
    match of.nesting_mode.as_str() {
        "single" => "Attributes".to_owned(),
        mode => format!("Attributes {}", capitalised(mode)),
    }
}

/// A list item. Further paragraphs of the description are indented, or they would end the list.
fn line(name: &str, facts: &[String], description: &str, nested: Option<&Nested>) -> String {
    let mut text = format!("- `{name}` ({})", facts.join(", "));
    let description = description.trim();
    if !description.is_empty() {
        text.push(' ');
        text.push_str(&description.replace("\n\n", "\n\n  ").replace("\n  \n", "\n\n"));
    }
    if let Some(nested) = nested {
        let _ = write!(text, " (see [below for nested schema](#{}))", nested.anchor);
    }
    text.push('\n');
    text
}
