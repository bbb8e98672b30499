//! A whole provider in a few files: books on a shelf, where the shelf is a folder and a book a file in it.
//!
//! Build it with `cargo build -p tfplugin --example shelf`, put it (or a link to it) in a folder as
//! `terraform-provider-shelf`, and name that folder in the `dev_overrides` of a Terraform CLI configuration for
//! `registry.terraform.io/example/shelf`.

mod book;
mod catalogue;
mod functions;
mod gremlin;
mod shelf;

use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::data_source::DataSource;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::function::Function;
use tfplugin::list::ListResource;
use tfplugin::provider::{Context, Provider};
use tfplugin::resource::Resource;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::serve::{Plugin, run};

use shelf::Shelf;

fn main() -> ExitCode {
    let plugin = Plugin {
        address: "registry.terraform.io/example/shelf",
        version: env!("CARGO_PKG_VERSION"),
        crates: &[env!("CARGO_CRATE_NAME")],
    };
    run(plugin, || Arc::new(ShelfProvider::new()))
}

/// The shelf that the configuration names, shared with every part that works on it. It is replaced when the provider is
/// configured again, which happens in debug mode.
#[derive(Clone, Default)]
struct Configured(Arc<RwLock<Option<Shelf>>>);

impl Configured {
    fn shelf(&self) -> Result<Shelf, Diagnostics> {
        let configured = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        configured.ok_or_else(|| {
            Diagnostic::error(
                "The shelf is not known yet",
                "The provider's directory depends on a value that is not known.",
            )
            .into()
        })
    }
}

struct ShelfProvider {
    configured: Configured,
    resources: Vec<Box<dyn Resource>>,
    data_sources: Vec<Box<dyn DataSource>>,
    functions: Vec<Box<dyn Function>>,
    lists: Vec<Box<dyn ListResource>>,
}

impl ShelfProvider {
    fn new() -> Self {
        let configured = Configured::default();
        Self {
            resources: vec![Box::new(book::Book(configured.clone())), Box::new(gremlin::Gremlin)],
            data_sources: vec![Box::new(catalogue::Catalogue(configured.clone()))],
            functions: vec![Box::new(functions::Join), Box::new(functions::Echo), Box::new(functions::Crash)],
            lists: vec![Box::new(book::Books(configured.clone()))],
            configured,
        }
    }
}

#[async_trait]
impl Provider for ShelfProvider {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            "A folder as a shelf.",
            vec![Attribute::new("directory", Type::String, "The folder, which must exist.").required()],
        )
    }

    async fn configure(&self, _cx: &Context, config: &Value, _terraform_version: &str) -> Diagnostics {
        let directory = config.get("directory").and_then(Value::as_str);
        if let Some(directory) = directory
            && !std::path::Path::new(directory).is_dir()
        {
            return Diagnostic::error("The shelf does not exist", format!("There is no folder {directory}."))
                .at(Path::attribute("directory"))
                .into();
        }
        *self.configured.0.write().unwrap_or_else(PoisonError::into_inner) = directory.map(Shelf::new);
        Diagnostics::new()
    }

    fn resources(&self) -> &[Box<dyn Resource>] {
        &self.resources
    }

    fn data_sources(&self) -> &[Box<dyn DataSource>] {
        &self.data_sources
    }

    fn functions(&self) -> &[Box<dyn Function>] {
        &self.functions
    }

    fn list_resources(&self) -> &[Box<dyn ListResource>] {
        &self.lists
    }
}
