//! List resources: what exists of a managed resource's type, for `terraform query`.

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::context::Context;
use crate::cty::Value;
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;

/// One object found.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its identity, by the managed resource's identity schema.
    pub identity: Value,
    /// What to show the user.
    pub display_name: String,
    /// The state, when the request asked for it.
    pub resource: Option<Value>,
    /// Messages about this object.
    pub diagnostics: Diagnostics,
}

/// What to list.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The `config` block.
    pub config: Value,
    /// Whether the objects' states are wanted.
    pub include_resource: bool,
    /// The most objects that Terraform will read.
    pub limit: i64,
}

/// A list of the objects of a managed resource's type, which must have an identity schema.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// The managed resource's type name.
    fn type_name(&self) -> &'static str;

    /// The schema of the `config` block.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond what the schema's validators do; values may be unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Sends what it finds; ends when `found` is closed (Terraform has what it asked for) or nothing is left.
    async fn list(&self, cx: &Context, request: ListRequest, found: mpsc::Sender<Listed>) -> Diagnostics;
}
