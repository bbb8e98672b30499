//! The configured provider as resources see it.

mod lazy;
mod this_run;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use egress_engines::settings::Version;
use egress_engines::{EngineName, Settings};
use egress_model::identity::Owner;
use egress_model::policy::{ClusterCidrsSpec, ClusterSpec};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tokio_util::sync::CancellationToken;

pub(crate) use self::lazy::{Aws, Lazy};
pub(crate) use self::this_run::{
    Call, Cause, Clash, Failure, MissingKinds, Register, Role, SilentKinds, Spot, Tally, ThisRun, Where,
};

/// What a plan that would create does about live objects that already carry its identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// They are adopted when they are so young that an interrupted run can have left them, and the plan says so in a warning. Otherwise
    /// it fails.
    #[default]
    Recent,
    /// They are adopted, and the plan says so in a warning.
    Automatic,
    /// The plan fails.
    Error,
}

/// Why a part of the provider's configuration cannot be used in this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The user did not configure it; the text says what to write.
    Missing(Diagnostic),
    /// It depends on values that are known only after apply: the plan must do without.
    Unknown,
}

/// The configuration of one `provider` block.
#[derive(Debug)]
pub(crate) struct Configured {
    /// Whose objects these are.
    pub(crate) owner: Owner,
    /// What to do about live objects with an identity that is about to be created.
    pub(crate) adoption: Adoption,
    /// What compiling for the cluster depends on.
    pub(crate) in_cluster: InCluster,
    /// AWS, when it can be used.
    pub(crate) aws: Result<Aws, Unavailable>,
    /// The cluster, when it can be used.
    pub(crate) kubernetes: Result<Kubernetes, Unavailable>,
    /// What the resources of this configuration know of each other.
    pub(crate) this_run: ThisRun,
}

/// What the objects of a policy or gateway depend on beside it. It is known without reaching the cluster.
#[derive(Clone, Debug)]
pub(crate) struct InCluster {
    /// The engine where a resource names none; `None` while the provider is not configured, or its `kubernetes` is not known.
    pub(crate) engine: Option<EngineName>,
    /// The engines' versions, where they are known.
    pub(crate) versions: BTreeMap<EngineName, Version>,
    /// The engines' installation, but for their versions.
    pub(crate) settings: Settings,
    /// The cluster's resolver and addresses; `None` while a part is known only after apply.
    pub(crate) cluster: Option<ClusterSpec>,
}

impl Default for InCluster {
    /// A cluster of which nothing is said: any network plugin that enforces `NetworkPolicy`.
    fn default() -> Self {
        Self {
            engine: Some(EngineName::NetworkPolicy),
            versions: BTreeMap::new(),
            settings: Settings::default(),
            cluster: Some(ClusterSpec::default()),
        }
    }
}

impl InCluster {
    /// What is known while the provider is not configured, as in `validate`: nothing.
    pub(crate) fn unconfigured() -> Self {
        Self { engine: None, versions: BTreeMap::new(), settings: Settings::default(), cluster: None }
    }

    /// The most that can be hoped for from what is not known yet, where there is such. What is refused without it and with it is
    /// refused however it turns out.
    pub(crate) fn at_best(&self) -> Option<Self> {
        if self.cluster.is_some() {
            return None;
        }
        // Ranges for measurements (RFC 2544) and for documentation (RFC 3849), which a policy hardly ever names.
        let ranges = |v4: &str, v6: &str| vec![v4.to_owned(), v6.to_owned()];
        let cidrs = ClusterCidrsSpec {
            pods: ranges("198.18.0.0/18", "2001:db8:1::/48"),
            services: ranges("198.18.64.0/18", "2001:db8:2::/48"),
            nodes: ranges("198.18.128.0/18", "2001:db8:3::/48"),
            api_server: ranges("198.18.192.1/32", "2001:db8:4::1/128"),
        };
        let cluster = ClusterSpec { cidrs, ..ClusterSpec::default() };
        let settings = if self.engine.is_none() { Settings::most_capable() } else { self.settings.clone() };
        let ranges = cluster.ranges().unwrap_or_default();
        let settings = Settings { cluster: ranges, ..settings };
        Some(Self { engine: self.engine, versions: self.versions.clone(), settings, cluster: Some(cluster) })
    }

    /// The name of the engine that a value chooses with `engine`, or else of the provider's; `None` while it is not known.
    pub(crate) fn engine_of<'v>(&self, value: &'v Value) -> Option<&'v str> {
        match value.get("engine").filter(|engine| !engine.is_null()) {
            Some(chosen) => chosen.as_str(),
            None => self.engine.map(EngineName::as_str),
        }
    }

    /// The installation of an engine.
    pub(crate) fn settings(&self, engine: EngineName) -> Settings {
        Settings { version: self.versions.get(&engine).copied(), ..self.settings.clone() }
    }
}

/// A cluster as configured.
#[derive(Debug)]
pub(crate) struct Kubernetes {
    cluster: Lazy<cluster::Cluster>,
    on_unreachable: OnUnreachable,
}

/// What a plan does when it cannot look at the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnUnreachable {
    /// It fails: what it did not see, it cannot plan.
    #[default]
    Error,
    /// It goes on with what the state says, and says so in a warning.
    Warn,
}

/// The provider's configuration, shared with its resources; empty until `ConfigureProvider`.
#[derive(Debug, Default)]
pub(crate) struct Session(RwLock<Option<Arc<Configured>>>);

impl Kubernetes {
    /// A cluster with this configuration; nothing is connected yet.
    pub(crate) fn new(config: cluster::Config, on_unreachable: OnUnreachable) -> Self {
        Self { cluster: Lazy::new(config), on_unreachable }
    }

    /// What a plan does when it cannot look at it.
    pub(crate) fn on_unreachable(&self) -> OnUnreachable {
        self.on_unreachable
    }

    /// The connected cluster.
    pub(crate) async fn cluster(&self) -> Result<Arc<cluster::Cluster>, cluster::Error> {
        self.cluster.get().await
    }
}

impl Configured {
    /// The same configuration, whose calls end when the user interrupts the run.
    pub(crate) fn interrupted_by(mut self, stop: &CancellationToken) -> Self {
        if let Ok(aws) = &mut self.aws {
            aws.interrupted_by(stop);
        }
        self
    }

    /// AWS, connected; `None` while it is not known how it is reached.
    pub(crate) async fn aws(&self) -> Result<Option<Arc<cloud_aws::Cloud>>, Failure> {
        match known(&self.aws)? {
            Some(aws) => aws.get().await.map(Some),
            None => Ok(None),
        }
    }

    /// The cluster; `None` while it is not known how it is reached.
    pub(crate) fn kubernetes(&self) -> Result<Option<&Kubernetes>, Diagnostic> {
        known(&self.kubernetes)
    }
}

/// A part of the configuration; `None` while it is not known.
fn known<T>(part: &Result<T, Unavailable>) -> Result<Option<&T>, Diagnostic> {
    match part {
        Ok(part) => Ok(Some(part)),
        Err(Unavailable::Unknown) => Ok(None),
        Err(Unavailable::Missing(diagnostic)) => Err(diagnostic.clone()),
    }
}

impl Session {
    /// Takes a configuration; in debug mode it replaces an earlier one.
    pub(crate) fn configure(&self, configured: Configured) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(configured));
    }

    /// The configuration, for calls that cannot do without.
    pub(crate) fn required(&self) -> Result<Arc<Configured>, Diagnostic> {
        self.configured().ok_or_else(|| {
            Diagnostic::error(
                "The provider is not configured",
                "Terraform has not configured the provider before this call.",
            )
        })
    }

    /// What the failed call of a resource with this value reports; see `Causes::report`.
    pub(crate) fn report(&self, failure: Failure, type_name: &str, value: &Value, call: Call) -> Option<Diagnostic> {
        let Some(configured) = self.configured() else { return Some(failure.diagnostic) };
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
        configured.this_run.causes.report(failure, &format!("{type_name} {name:?}"), call)
    }

    /// Notes that Terraform refreshes a resource.
    pub(crate) fn note_refresh(&self) {
        if let Some(configured) = self.configured() {
            configured.this_run.causes.note_refresh();
        }
    }

    /// The configuration; `None` while the process is unconfigured, as in `validate`.
    pub(crate) fn configured(&self) -> Option<Arc<Configured>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
