//! One page of the registry's documentation: front matter and body.

use std::fmt::Write as _;

use super::markdown::fenced;
use super::schema::{Function, Identity, Parameter, Schema};
use super::{attributes, examples::Examples};

/// What a page with a schema is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Resource,
    DataSource,
    EphemeralResource,
    ListResource,
    Action,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 5] =
        [Self::Resource, Self::DataSource, Self::EphemeralResource, Self::ListResource, Self::Action];

    /// The words for it in titles.
    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::EphemeralResource => "Ephemeral Resource",
            Self::ListResource => "List Resource",
            Self::Action => "Action",
        }
    }

    /// Its folder, below `docs` and below `examples`.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::EphemeralResource => "ephemeral-resources",
            Self::ListResource => "list-resources",
            Self::Action => "actions",
        }
    }

    /// How the names of its example files begin and end.
    fn example_file(self) -> (&'static str, &'static str) {
        match self {
            Self::Resource => ("resource", ".tf"),
            Self::DataSource => ("data-source", ".tf"),
            Self::EphemeralResource => ("ephemeral-resource", ".tf"),
            Self::ListResource => ("list-resource", ".tfquery.hcl"),
            Self::Action => ("action", ".tf"),
        }
    }
}

/// The page of the provider's own configuration.
pub(super) fn provider(provider: &str, schema: &Schema, examples: &Examples) -> String {
    let mut page = front_matter(&format!("{provider} Provider"), false, &schema.block.description);
    let _ = write!(page, "# {provider} Provider\n\n{}\n", schema.block.description.trim());
    example_usage(&mut page, &examples.named("examples/provider", "provider", ".tf"));
    let _ = write!(page, "\n{}", attributes::section(&schema.block));
    page
}

/// The page of a resource, data source or the like.
pub(super) fn of_schema(
    provider: &str,
    kind: Kind,
    name: &str,
    schema: &Schema,
    identity: Option<&Identity>,
    examples: &Examples,
) -> String {
    let title = format!("{name} {} - terraform-provider-{provider}", kind.title());
    let mut page = front_matter(&title, true, &schema.block.description);
    let _ = write!(page, "# {name} ({})\n\n{}\n", kind.title(), schema.block.description.trim());
    let folder = format!("examples/{}/{name}", kind.folder());
    let (stem, extension) = kind.example_file();
    example_usage(&mut page, &examples.named(&folder, stem, extension));
    let _ = write!(page, "\n{}", attributes::section(&schema.block));
    if kind == Kind::Resource {
        import(&mut page, &folder, identity, examples);
    }
    page
}

/// The page of a function.
pub(super) fn function(provider: &str, name: &str, function: &Function, examples: &Examples) -> String {
    let title = format!("{name} function - terraform-provider-{provider}");
    let mut page = front_matter(&title, true, &function.summary);
    let _ = write!(page, "# function: {name}\n\n{}\n", function.description.trim());
    if !function.deprecation_message.is_empty() {
        let _ = write!(page, "\n~> **Deprecated** {}\n", function.deprecation_message);
    }
    example_usage(&mut page, &examples.named(&format!("examples/functions/{name}"), "function", ".tf"));
    let _ = write!(page, "\n## Signature\n\n```text\n{}\n```\n", signature(name, function));
    let variadic = function.variadic_parameter.iter().map(|parameter| (parameter, true));
    let all: Vec<_> = function.parameters.iter().map(|parameter| (parameter, false)).chain(variadic).collect();
    if !all.is_empty() {
        page.push_str("\n## Arguments\n\n");
    }
    for (index, (parameter, variadic)) in all.into_iter().enumerate() {
        let _ = writeln!(page, "{}. {}", index + 1, argument(parameter, variadic));
    }
    page
}

fn argument(parameter: &Parameter, variadic: bool) -> String {
    let of = parameter.r#type.as_ref().map_or("Dynamic".to_owned(), super::schema::Type::in_words);
    let facts = [variadic.then_some("Variadic"), Some(of.as_str()), parameter.is_nullable.then_some("Nullable")];
    let facts: Vec<&str> = facts.into_iter().flatten().collect();
    format!("`{}` ({}) {}", parameter.name, facts.join(", "), parameter.description.trim()).trim_end().to_owned()
}

fn signature(name: &str, function: &Function) -> String {
    let of = |parameter: &Parameter| {
        let of = parameter.r#type.as_ref().map_or("dynamic".to_owned(), super::schema::Type::in_signature);
        format!("{} {of}", parameter.name)
    };
    let mut parameters: Vec<String> = function.parameters.iter().map(of).collect();
    parameters.extend(function.variadic_parameter.as_ref().map(|parameter| of(parameter) + "..."));
    let gives = function.return_type.as_ref().map_or("dynamic".to_owned(), super::schema::Type::in_signature);
    format!("{name}({}) {gives}", parameters.join(", "))
}

fn example_usage(page: &mut String, examples: &[&str]) {
    if examples.is_empty() {
        return;
    }
    page.push_str("\n## Example Usage\n");
    for example in examples {
        let _ = write!(page, "\n{}", fenced("terraform", example));
    }
}

/// How an object that exists already comes under Terraform's care.
fn import(page: &mut String, folder: &str, identity: Option<&Identity>, examples: &Examples) {
    let by_identity = examples.get(&format!("{folder}/import-by-identity.tf"));
    let by_id = examples.get(&format!("{folder}/import-by-string-id.tf"));
    let by_command = examples.get(&format!("{folder}/import.sh"));
    if by_identity.or(by_id).or(by_command).is_none() {
        return;
    }
    page.push_str("\n## Import\n\nImport is supported using the following syntax:\n");
    if let Some(example) = by_identity {
        page.push_str("\nIn Terraform 1.12 and later, the `import` block takes an `identity`:\n\n");
        page.push_str(&fenced("terraform", example));
        if let Some(identity) = identity {
            identity_schema(page, identity);
        }
    }
    if let Some(example) = by_id {
        page.push_str("\nIn Terraform 1.5 and later, the `import` block takes an `id`:\n\n");
        page.push_str(&fenced("terraform", example));
    }
    if let Some(example) = by_command {
        page.push_str("\nThe `terraform import` command:\n\n");
        page.push_str(&fenced("shell", example));
    }
}

fn identity_schema(page: &mut String, identity: &Identity) {
    page.push_str("\n### Identity Schema\n");
    for (title, required) in [("Required", true), ("Optional", false)] {
        let members: Vec<_> =
            identity.attributes.iter().filter(|(_, attribute)| attribute.required_for_import == required).collect();
        if members.is_empty() {
            continue;
        }
        let _ = write!(page, "\n#### {title}\n\n");
        for (name, attribute) in members {
            let of = attribute.r#type.as_ref().map_or("Dynamic".to_owned(), super::schema::Type::in_words);
            let _ = writeln!(page, "{}", format!("- `{name}` ({of}) {}", attribute.description.trim()).trim_end());
        }
    }
}

/// The lines between `---` that the registry reads. The provider's own page has no subcategory.
fn front_matter(title: &str, subcategory: bool, description: &str) -> String {
    let mut text = format!(
        "---\n# Written by cargo xtask docs. Change the schema or the examples, not this file.\npage_title: \"{title}\"\n"
    );
    if subcategory {
        text.push_str("subcategory: \"\"\n");
    }
    text.push_str("description: |-\n");
    let _ = write!(text, "  {}\n---\n\n", plain(description));
    text
}

/// The first paragraph of a Markdown text, on one line, without marks.
fn plain(markdown: &str) -> String {
    let paragraph = markdown.trim().split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ").replace(['`', '*'], "")
}
