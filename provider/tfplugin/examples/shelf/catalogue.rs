//! The data source `shelf_catalogue`.

use async_trait::async_trait;
use tfplugin::cty::{Type, Value};
use tfplugin::data_source::DataSource;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::provider::Context;
use tfplugin::schema::{Attribute, Schema};

use crate::Configured;

/// The titles of all books.
pub(crate) struct Catalogue(pub(crate) Configured);

#[async_trait]
impl DataSource for Catalogue {
    fn type_name(&self) -> &'static str {
        "shelf_catalogue"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            "The titles of all books, by number.",
            vec![
                Attribute::new("starts_with", Type::String, "Only books whose numbers start so."),
                Attribute::new("titles", Type::map(Type::String), "The titles.").computed(),
            ],
        )
    }

    async fn read(&self, _cx: &Context, config: Value) -> Result<(Value, Diagnostics), Diagnostics> {
        let folder = self.0.shelf()?;
        let failed = |e: std::io::Error| Diagnostic::error("Cannot look at the shelf", e.to_string());
        let prefix = config.get("starts_with").cloned().unwrap_or(Value::Null);
        let mut titles = Vec::new();
        for number in folder.numbers().map_err(failed)? {
            if number.starts_with(prefix.as_str().unwrap_or_default())
                && let Some(book) = folder.get(&number).map_err(failed)?
            {
                titles.push((number, book.title));
            }
        }
        let state = Value::object([("starts_with", prefix), ("titles", Value::map(titles))]);
        Ok((state, Diagnostics::new()))
    }
}
