//! The provider: its configuration and what it offers.

pub(crate) mod configuration;
mod schema;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tfplugin::cty::Value;
use tfplugin::data_source::DataSource;
use tfplugin::function::Function;
use tfplugin::resource::Resource;
use tfplugin::schema::Schema;
use tfplugin::{Context, Diagnostics, Provider};

use crate::session::Session;
use crate::{data_sources, functions, resources};

/// The provider `egress`.
pub(crate) struct Egress {
    session: Arc<Session>,
    resources: OnceLock<Vec<Box<dyn Resource>>>,
    data_sources: OnceLock<Vec<Box<dyn DataSource>>>,
    functions: OnceLock<Vec<Box<dyn Function>>>,
}

impl Egress {
    /// An unconfigured provider.
    pub(crate) fn new() -> Self {
        Self {
            session: Arc::default(),
            resources: OnceLock::new(),
            data_sources: OnceLock::new(),
            functions: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Provider for Egress {
    fn name(&self) -> &'static str {
        "egress"
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        configuration::check(config)
    }

    async fn configure(&self, cx: &Context, config: &Value, _terraform_version: &str) -> Diagnostics {
        match configuration::parse(config) {
            Ok(configured) => {
                self.session.configure(configured.interrupted_by(&cx.stop));
                Diagnostics::new()
            }
            Err(diagnostics) => diagnostics,
        }
    }

    fn resources(&self) -> &[Box<dyn Resource>] {
        self.resources.get_or_init(|| resources::all(&self.session))
    }

    fn data_sources(&self) -> &[Box<dyn DataSource>] {
        self.data_sources.get_or_init(|| data_sources::all(&self.session))
    }

    fn functions(&self) -> &[Box<dyn Function>] {
        self.functions.get_or_init(functions::all)
    }
}
