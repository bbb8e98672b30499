//! What a cloud does for the resource.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cloud::Limits;
use egress_model::identity::{Holder, Identity, Key};
use egress_model::nat_gateway::capacity;
use tfplugin::cty::{Path, Value};
use tfplugin::schema::NestedBlock;
use tfplugin::{Diagnostic, Diagnostics};

use crate::resources::instance::Instance;
use crate::session::Configured;

/// A cloud behind the resource. Values are those of the whole resource.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// The name of the block that chooses this cloud.
    fn name(&self) -> &'static str;

    /// That block.
    fn block(&self) -> NestedBlock;

    /// What a gateway can do here.
    fn capacity(&self) -> capacity::Limits;

    /// Checks a configuration, in which values may be unknown, without the cloud.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// How many public addresses each gateway has, and where that is said; only for those where it is known and the user's choice.
    fn address_counts(&self, planned: &Value) -> BTreeMap<String, (u64, Path)>;

    /// Where the gateways of a value are, in words, such as `AWS in eu-west-1`; `None` while that is not known.
    async fn place(&self, configured: &Configured, value: &Value) -> Option<String>;

    /// Computes what a plan can know.
    async fn plan(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
    ) -> Planned;

    /// Makes the gateways what is planned; with a null plan there are to be none.
    async fn apply(
        &self,
        configured: &Configured,
        identity: &Identity,
        instance: &Instance,
        prior: &Value,
        planned: &Value,
        limits: &Limits,
    ) -> Applied;

    /// The state as the cloud has it.
    async fn read(&self, configured: &Configured, identity: &Identity, state: &Value) -> Result<Seen, Diagnostics>;

    /// A state without the gateways that `others` have adopted, and without the routes to them; null when it has no other gateway.
    async fn inherited(
        &self,
        configured: &Configured,
        identity: &Identity,
        state: &Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics>;

    /// The plain outputs of the gateways of an identity, whichever state manages them: of all of them, or an error.
    async fn find(
        &self,
        configured: &Configured,
        identity: &Identity,
        region: Option<&str>,
    ) -> Result<BTreeMap<&'static str, Value>, Diagnostic>;

    /// The state of gateways that exist, found by identity and by these ids: the attribute that chooses the cloud, what is computed, and
    /// what there is to say.
    async fn import(
        &self,
        configured: &Configured,
        identity: &Identity,
        region: Option<&str>,
        ids: &BTreeMap<String, Key>,
    ) -> Result<(BTreeMap<String, Value>, Diagnostics), Diagnostic>;
}

/// What a plan knows.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// Computed attributes by name; those left out stay as the framework planned them.
    pub(super) computed: BTreeMap<&'static str, Value>,
    /// Messages.
    pub(super) diagnostics: Diagnostics,
}

/// What a look showed.
#[derive(Debug)]
pub(super) struct Seen {
    /// The state; null when no gateway is there.
    pub(super) state: Value,
    /// The instance that has the gateways, as they say.
    pub(super) holder: Option<Holder>,
}

/// What there is after an apply.
#[derive(Debug)]
pub(super) struct Applied {
    /// The state; null when nothing is left.
    pub(super) state: Value,
    /// Messages.
    pub(super) diagnostics: Diagnostics,
}
