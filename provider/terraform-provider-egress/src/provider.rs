//! The provider: its configuration and what it offers.

mod configuration;
mod schema;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tfplugin::cty::Value;
use tfplugin::resource::Resource;
use tfplugin::schema::Schema;
use tfplugin::{Context, Diagnostics, Provider};

use crate::resources;
use crate::session::Session;

/// The provider `egress`.
pub(crate) struct Egress {
    session: Arc<Session>,
    resources: OnceLock<Vec<Box<dyn Resource>>>,
}

impl Egress {
    /// An unconfigured provider.
    pub(crate) fn new() -> Self {
        Self { session: Arc::default(), resources: OnceLock::new() }
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
}
