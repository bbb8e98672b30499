//! Managed resources.

use async_trait::async_trait;

use crate::context::Context;
use crate::cty::{Path, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::{IdentitySchema, Schema};

/// What a provider keeps beside the state: opaque to Terraform and to the user, lost with the state.
pub type Private = Vec<u8>;

/// A managed resource. Which of create, update and delete an apply means is decided by the framework from the nullness of
/// prior and planned value.
///
/// Values have the type of the resource's schema. Every response starts as what keeps things as they are (the state as it
/// was, the private data as it was), so that an early return with an error loses nothing.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The type name, such as `egress_ip_pool`.
    fn type_name(&self) -> &'static str;

    /// What the user can write and read.
    fn schema(&self) -> Schema;

    /// What identifies one object, for import by identity and for lists.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        None
    }

    /// Checks a configuration beyond what the schema's validators do. The process may be unconfigured, and values may be
    /// unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Refines the plan that the framework made by the schema's rules. Called for create (`prior` is null), update, and
    /// destroy (`planned` is null; only diagnostics count then). It must not contradict the configuration.
    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
        PlanResponse::from(request)
    }

    /// Makes the object. On failure the response carries whatever exists by now, with the error: Terraform records the
    /// state and marks the object tainted.
    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse;

    /// Looks at the object. A null state in the response says that it is gone.
    async fn read(&self, cx: &Context, request: ReadRequest) -> ReadResponse;

    /// Changes the object in place. On failure the response carries what was reached.
    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse;

    /// Removes the object. On failure the response carries what is left; on success a null state.
    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse;

    /// Finds an existing object. The state may be incomplete: a read follows.
    async fn import(&self, _cx: &Context, _request: ImportRequest) -> Result<Imported, Diagnostics> {
        Err(Diagnostic::error(
            format!("{} cannot be imported", self.type_name()),
            "This resource does not support import. Please contact the provider developer for additional information.",
        )
        .into())
    }

    /// Turns state of an older schema version, as JSON, into the current one.
    fn upgrade(&self, version: i64, _state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        Err(Diagnostic::error(
            format!("The state of this {} cannot be upgraded", self.type_name()),
            format!("It was written with schema version {version}, from which no upgrade is known."),
        )
        .into())
    }

    /// Turns an identity of an older version, as JSON, into the current one.
    fn upgrade_identity(&self, version: i64, _identity: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        Err(Diagnostic::error(
            format!("The identity of this {} cannot be upgraded", self.type_name()),
            format!("It was written with identity schema version {version}, from which no upgrade is known."),
        )
        .into())
    }

    /// Takes over the state of another resource type (a `moved` block). The process is unconfigured. `None` when this
    /// source is not one that can be taken over.
    fn move_from(&self, _source: &MoveSource) -> Option<Result<Moved, Diagnostics>> {
        None
    }
}

/// A plan to refine.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// What the user wrote; null when destroying.
    pub config: Value,
    /// The state; null when creating.
    pub prior: Value,
    /// The plan as the framework made it: configuration, defaults, what stays from the state, and unknown where a computed
    /// value may change; null when destroying.
    pub planned: Value,
    /// The paths whose change replaces the object, by the schema's plan modifiers.
    pub requires_replace: Vec<Path>,
    /// The private data of the state.
    pub private: Private,
    /// The identity in the state.
    pub identity: Option<Value>,
}

/// The refined plan.
#[derive(Clone, Debug)]
pub struct PlanResponse {
    /// The planned state.
    pub planned: Value,
    /// The paths whose change replaces the object.
    pub requires_replace: Vec<Path>,
    /// The private data for the apply.
    pub private: Private,
    /// The identity, as far as it is known.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

impl From<PlanRequest> for PlanResponse {
    fn from(request: PlanRequest) -> Self {
        Self {
            planned: request.planned,
            requires_replace: request.requires_replace,
            private: request.private,
            identity: request.identity,
            diagnostics: Diagnostics::new(),
        }
    }
}

/// An object to make.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// What the user wrote, with write-only values.
    pub config: Value,
    /// What was planned.
    pub planned: Value,
    /// The private data of the plan.
    pub private: Private,
}

/// An object to change.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// What the user wrote, with write-only values.
    pub config: Value,
    /// The state.
    pub prior: Value,
    /// What was planned.
    pub planned: Value,
    /// The private data of the plan.
    pub private: Private,
    /// The planned identity.
    pub identity: Option<Value>,
}

/// Why an object is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is not wanted any more: [`Resource::plan`] was asked about that.
    Destroyed,
    /// Another object takes its place, and `plan` was asked about the change and about the new object, but never about the
    /// destruction of this one.
    Replaced {
        /// Whether the new object has the same value of every attribute whose change replaces: then nothing in the configuration
        /// asked for another object, but the object is tainted (its creation failed half-way) or `-replace` names it.
        renewed: bool,
    },
}

/// An object to remove.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// Why.
    pub reason: Deletion,
    /// The state.
    pub prior: Value,
    /// The private data.
    pub private: Private,
    /// The identity in the state.
    pub identity: Option<Value>,
}

/// What there is after an apply.
#[derive(Clone, Debug)]
pub struct ApplyResponse {
    /// The new state, without unknown values; null when nothing exists.
    pub state: Value,
    /// The private data to keep.
    pub private: Private,
    /// The identity.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// An object to look at.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The state.
    pub state: Value,
    /// The private data.
    pub private: Private,
    /// The identity in the state; absent for state of before identities, or from older Terraform.
    pub identity: Option<Value>,
}

/// What the look showed.
#[derive(Clone, Debug)]
pub struct ReadResponse {
    /// The state now; null when the object is gone.
    pub state: Value,
    /// The private data to keep.
    pub private: Private,
    /// The identity.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

impl From<ReadRequest> for ReadResponse {
    fn from(request: ReadRequest) -> Self {
        Self {
            state: request.state,
            private: request.private,
            identity: request.identity,
            diagnostics: Diagnostics::new(),
        }
    }
}

/// What to import.
#[derive(Clone, Debug)]
pub enum ImportRequest {
    /// By the text that the user gave.
    Id(String),
    /// By an identity; optional attributes may be null.
    Identity(Value),
}

/// An imported object.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The state, as far as it is known without a read.
    pub state: Value,
    /// Private data.
    pub private: Private,
    /// The identity; required when importing by identity.
    pub identity: Option<Value>,
    /// Warnings.
    pub diagnostics: Diagnostics,
}

/// The object of another type that a `moved` block names.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// The source's provider address, such as `registry.terraform.io/hashicorp/aws`.
    pub provider_address: String,
    /// The source's resource type.
    pub type_name: String,
    /// The source's schema version.
    pub schema_version: i64,
    /// The source's state as JSON.
    pub state: serde_json::Value,
    /// The source's private data.
    pub private: Private,
}

/// The object as the new type has it.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The state, without unknown values.
    pub state: Value,
    /// Private data.
    pub private: Private,
    /// The identity.
    pub identity: Option<Value>,
}
