//! The configured provider as resources see it.

mod this_run;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use egress_engines::settings::Version;
use egress_engines::{EngineName, Settings};
use egress_model::identity::Owner;
use egress_model::policy::{ClusterCidrsSpec, ClusterSpec};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::diagnostic::chain;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

pub(crate) use self::this_run::{
    Call, Cause, Clash, Failure, MissingKinds, Register, Role, SilentKinds, Spot, Tally, ThisRun,
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

/// AWS as configured. The client is made when it is first used: most processes never call AWS.
#[derive(Debug)]
pub(crate) struct Aws {
    config: cloud_aws::Config,
    /// Cancelled when the user interrupts the run.
    stop: CancellationToken,
    cloud: OnceCell<Arc<cloud_aws::Cloud>>,
}

/// A cluster as configured. The client is made when it is first used.
#[derive(Debug)]
pub(crate) struct Kubernetes {
    config: cluster::Config,
    on_unreachable: OnUnreachable,
    cluster: cluster::Once<Arc<cluster::Cluster>>,
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

impl Aws {
    /// AWS with this configuration; nothing is connected yet.
    pub(crate) fn new(config: cloud_aws::Config) -> Self {
        Self { config, stop: CancellationToken::new(), cloud: OnceCell::new() }
    }

    /// AWS that is connected.
    #[cfg(test)]
    pub(crate) fn connected(cloud: cloud_aws::Cloud) -> Self {
        let cloud = OnceCell::new_with(Some(Arc::new(cloud)));
        Self { config: cloud_aws::Config::default(), stop: CancellationToken::new(), cloud }
    }

    /// The connected cloud, one per provider configuration.
    pub(crate) async fn cloud(&self) -> Result<Arc<cloud_aws::Cloud>, Failure> {
        self.cloud
            .get_or_try_init(|| async {
                cloud_aws::Cloud::connect(&self.config, self.stop.clone()).await.map(Arc::new).map_err(|error| {
                    let cause = Cause::Configuration { place: "AWS".to_owned() };
                    let summary = "AWS cannot be used with this provider configuration";
                    Failure::new(Some(cause), Diagnostic::error(summary, chain(&error)))
                })
            })
            .await
            .cloned()
    }
}

impl Kubernetes {
    /// A cluster with this configuration; nothing is connected yet.
    pub(crate) fn new(config: cluster::Config, on_unreachable: OnUnreachable) -> Self {
        Self { config, on_unreachable, cluster: cluster::Once::default() }
    }

    /// What a plan does when it cannot look at it.
    pub(crate) fn on_unreachable(&self) -> OnUnreachable {
        self.on_unreachable
    }

    /// The connected cluster, one per provider configuration. Those who wait for it share a failure.
    pub(crate) async fn cluster(&self) -> Result<Arc<cluster::Cluster>, cluster::Error> {
        self.cluster.get(|| async { cluster::Cluster::connect(&self.config).await.map(Arc::new) }).await
    }
}

impl Configured {
    /// The same configuration, whose calls end when the user interrupts the run.
    pub(crate) fn interrupted_by(mut self, stop: &CancellationToken) -> Self {
        if let Ok(aws) = &mut self.aws {
            aws.stop = stop.clone();
        }
        self
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
