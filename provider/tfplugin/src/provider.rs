//! What a provider implements.

use async_trait::async_trait;

pub use crate::context::Context;
use crate::cty::Value;
use crate::data_source::DataSource;
use crate::diagnostic::Diagnostics;
use crate::function::Function;
use crate::list::ListResource;
use crate::resource::Resource;
use crate::schema::Schema;

/// A provider. Its parts are made when first asked for and must not do any work at start-up: Terraform starts several
/// processes per command, and most are never configured.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The provider's local name, such as `egress`: type names start with it.
    fn name(&self) -> &'static str;

    /// The schema of the `provider` block.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema does. It may hold unknown values.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Takes the configuration. It may hold unknown values during a plan. May be called again on one process (debug mode),
    /// then the new configuration replaces the old.
    async fn configure(&self, cx: &Context, config: &Value, terraform_version: &str) -> Diagnostics;

    /// The managed resources.
    fn resources(&self) -> &[Box<dyn Resource>];

    /// The data sources.
    fn data_sources(&self) -> &[Box<dyn DataSource>] {
        &[]
    }

    /// The functions.
    fn functions(&self) -> &[Box<dyn Function>] {
        &[]
    }

    /// The list resources.
    fn list_resources(&self) -> &[Box<dyn ListResource>] {
        &[]
    }
}
