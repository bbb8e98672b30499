//! All pages, as a function of the schema and the example files.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::examples::{Examples, guide};
use super::page::{self, Kind};
use super::schema::{ProviderSchema, Schema};

/// The folders below `docs` whose every file is written by the generator. What else is in `docs` is not its business.
pub(super) const FOLDERS: [&str; 7] =
    ["resources", "data-sources", "ephemeral-resources", "list-resources", "actions", "functions", "guides"];

/// Every page by its path below `docs`.
pub(super) fn pages(
    provider: &str,
    schema: &ProviderSchema,
    examples: &Examples,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    pages.insert("index.md".to_owned(), page::provider(provider, &schema.provider, examples));
    for kind in Kind::ALL {
        for (name, of) in schemas(schema, kind) {
            let identity = schema.resource_identity_schemas.get(name);
            let short = name.strip_prefix(provider).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name);
            let text = page::of_schema(provider, kind, name, of, identity, examples);
            pages.insert(format!("{}/{short}.md", kind.folder()), text);
        }
    }
    for (name, function) in &schema.functions {
        pages.insert(format!("functions/{name}.md"), page::function(provider, name, function, examples));
    }
    for (name, template) in examples.in_folder("templates/guides") {
        let text = guide(template, examples).with_context(|| format!("templates/guides/{name}"))?;
        pages.insert(format!("guides/{name}"), text);
    }
    Ok(pages)
}

fn schemas(schema: &ProviderSchema, kind: Kind) -> &BTreeMap<String, Schema> {
    match kind {
        Kind::Resource => &schema.resource_schemas,
        Kind::DataSource => &schema.data_source_schemas,
        Kind::EphemeralResource => &schema.ephemeral_resource_schemas,
        Kind::ListResource => &schema.list_resource_schemas,
        Kind::Action => &schema.action_schemas,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::*;

    /// A schema with every shape that a page shows: nested attributes of each mode, blocks, object types, flags,
    /// identities and functions.
    fn every_shape() -> BTreeMap<String, String> {
        let schema: ProviderSchema = serde_json::from_str(include_str!("testdata/schema.json")).unwrap();
        let examples = Examples::of(&[
            ("examples/provider/provider.tf", "provider \"shape\" {}\n"),
            ("examples/resources/shape_square/resource.tf", "resource \"shape_square\" \"a\" {\n  side = 1\n}\n"),
            ("examples/resources/shape_square/resource_2.tf", "resource \"shape_square\" \"b\" {\n  side = 2\n}\n"),
            ("examples/resources/shape_square/import.sh", "terraform import shape_square.a a\n"),
            (
                "examples/resources/shape_square/import-by-string-id.tf",
                "import {\n  to = shape_square.a\n  id = \"a\"\n}\n",
            ),
            (
                "examples/resources/shape_square/import-by-identity.tf",
                "import {\n  to = shape_square.a\n  identity = { name = \"a\" }\n}\n",
            ),
            ("examples/functions/area/function.tf", "output \"a\" { value = provider::shape::area(2) }\n"),
            ("templates/guides/first.md", "# First\n\n{{ tffile \"examples/provider/provider.tf\" }}\n"),
        ]);
        pages("shape", &schema, &examples).unwrap()
    }

    #[test]
    fn every_schema_function_and_guide_has_its_page() {
        let paths: Vec<String> = every_shape().into_keys().collect();
        assert_eq!(
            paths,
            ["data-sources/circle.md", "functions/area.md", "guides/first.md", "index.md", "resources/square.md"]
        );
    }

    #[test]
    fn pages_are_as_the_registry_shows_them() {
        let pages = every_shape();
        expect_file!["testdata/index.md"].assert_eq(&pages["index.md"]);
        expect_file!["testdata/square.md"].assert_eq(&pages["resources/square.md"]);
        expect_file!["testdata/circle.md"].assert_eq(&pages["data-sources/circle.md"]);
        expect_file!["testdata/area.md"].assert_eq(&pages["functions/area.md"]);
    }
}
