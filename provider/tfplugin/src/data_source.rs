//! Data sources.

use async_trait::async_trait;

use crate::context::Context;
use crate::cty::Value;
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;

/// A data source: read-only facts.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// The type name, such as `egress_effective_ips`.
    fn type_name(&self) -> &'static str;

    /// What the user can write and read.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond what the schema's validators do; values may be unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads. The configuration is wholly known; the result holds it unchanged and every computed attribute filled.
    async fn read(&self, cx: &Context, config: Value) -> Result<(Value, Diagnostics), Diagnostics>;
}
