//! The configured provider as resources see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use egress_engines::manifest::ObjectId;
use egress_engines::{EngineName, Settings};
use egress_model::identity::{Identity, Owner};
use egress_model::policy::ClusterSpec;
use tfplugin::Diagnostic;
use tfplugin::diagnostic::chain;
use tokio::sync::OnceCell;

/// What a plan that would create does about live objects that already carry its identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// They are adopted, and the plan says so in a warning.
    #[default]
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
    /// What was created under this configuration.
    pub(crate) created: Created,
    /// The objects of the whole cluster that were planned under this configuration.
    pub(crate) claimed: Claimed,
    /// Which resource has which route.
    pub(crate) routes: RouteClaims,
}

/// What the objects of a policy or gateway depend on beside it. It is known without reaching the cluster.
#[derive(Clone, Debug)]
pub(crate) struct InCluster {
    /// The engine where a resource names none.
    pub(crate) engine: EngineName,
    /// The engine's installation.
    pub(crate) settings: Settings,
    /// The cluster's resolver and addresses; `None` while a part is known only after apply.
    pub(crate) cluster: Option<ClusterSpec>,
}

impl Default for InCluster {
    /// A cluster of which nothing is said: any network plugin that enforces `NetworkPolicy`.
    fn default() -> Self {
        Self { engine: EngineName::NetworkPolicy, settings: Settings::default(), cluster: Some(ClusterSpec::default()) }
    }
}

impl InCluster {
    /// The installation of an engine: the version is that of the provider's own engine.
    pub(crate) fn settings(&self, engine: EngineName) -> Settings {
        let version = self.settings.version.filter(|_| engine == self.engine);
        Settings { version, ..self.settings.clone() }
    }
}

/// The identities that one run of Terraform has created. Each belongs to one resource instance: a second creation of one is
/// another resource of the same name, and a removal after it is that of an older instance, whose objects the newer one has
/// adopted (`create_before_destroy`).
#[derive(Debug, Default)]
pub(crate) struct Created(Mutex<BTreeSet<Identity>>);

impl Created {
    /// Notes a creation; `false` when the identity was created before.
    pub(crate) fn note(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(identity.clone())
    }

    /// Whether the identity was created in this run.
    pub(crate) fn holds(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(identity)
    }
}

/// Which resource of a run has a route that is recorded by its place alone, such as `rtb-0123_203.0.113.0/24`. Two must not have
/// the same one: removing one would cut the other's traffic.
#[derive(Debug, Default)]
pub(crate) struct RouteClaims {
    holders: Mutex<BTreeMap<String, String>>,
    /// Held while routes are removed, from the question whose they are to the last call.
    removal: tokio::sync::Mutex<()>,
}

impl RouteClaims {
    /// Waits until no routes are being removed, and keeps it so. Without it a resource could find a route that another one is
    /// about to remove, take it for its own, and lose it.
    pub(crate) async fn no_removal(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.removal.lock().await
    }

    /// Notes that a resource has a route; the other resource that has it, if there is one.
    pub(crate) fn claim(&self, route: &str, resource: &str) -> Option<String> {
        let mut claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = claims.entry(route.to_owned()).or_insert_with(|| resource.to_owned());
        (holder != resource).then(|| holder.clone())
    }

    /// Whether a resource of this run other than this one has the route; of none, whether any has.
    pub(crate) fn is_of_another(&self, route: &str, resource: Option<&str>) -> bool {
        let claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        claims.get(route).is_some_and(|holder| Some(holder.as_str()) != resource)
    }
}

/// The objects of the whole cluster in the plans of one run of Terraform, each with the resource that it belongs to. Two resources
/// of one name in two namespaces would take such an object from each other with every apply.
#[derive(Debug, Default)]
pub(crate) struct Claimed(Mutex<BTreeMap<ObjectId, BTreeSet<Claim>>>);

/// How a resource is bound to an object of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// A resource of this namespace and name is to have it.
    Wanted(String),
    /// A resource of this namespace and name has it, and is replaced.
    Leaving(String),
}

impl Claimed {
    /// Notes a claim. The answer is another resource that wants the object too.
    pub(crate) fn note(&self, id: ObjectId, claim: Claim) -> Option<String> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = claimed.entry(id).or_default();
        let other = match &claim {
            Claim::Wanted(own) => claims.iter().find_map(|claim| match claim {
                Claim::Wanted(other) if other != own => Some(other.clone()),
                Claim::Wanted(_) | Claim::Leaving(_) => None,
            }),
            Claim::Leaving(_) => None,
        };
        claims.insert(claim);
        other
    }

    /// Whether this resource has the object, and is replaced.
    pub(crate) fn is_left_by(&self, id: &ObjectId, resource: &str) -> bool {
        let claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.get(id).is_some_and(|claims| claims.contains(&Claim::Leaving(resource.to_owned())))
    }
}

/// AWS as configured. The client is made when it is first used: most processes never call AWS.
#[derive(Debug)]
pub(crate) struct Aws {
    config: cloud_aws::Config,
    cloud: OnceCell<Arc<cloud_aws::Cloud>>,
}

/// A cluster as configured. The client is made when it is first used.
#[derive(Debug)]
pub(crate) struct Kubernetes {
    config: cluster::Config,
    cluster: OnceCell<Arc<cluster::Cluster>>,
}

/// The provider's configuration, shared with its resources; empty until `ConfigureProvider`.
#[derive(Debug, Default)]
pub(crate) struct Session(RwLock<Option<Arc<Configured>>>);

impl Aws {
    /// AWS with this configuration; nothing is connected yet.
    pub(crate) fn new(config: cloud_aws::Config) -> Self {
        Self { config, cloud: OnceCell::new() }
    }

    /// The connected cloud, one per provider configuration.
    pub(crate) async fn cloud(&self) -> Result<Arc<cloud_aws::Cloud>, Diagnostic> {
        self.cloud
            .get_or_try_init(|| async {
                cloud_aws::Cloud::connect(&self.config).await.map(Arc::new).map_err(|error| {
                    Diagnostic::error("AWS cannot be used with this provider configuration", chain(&error))
                })
            })
            .await
            .cloned()
    }
}

impl Kubernetes {
    /// A cluster with this configuration; nothing is connected yet.
    pub(crate) fn new(config: cluster::Config) -> Self {
        Self { config, cluster: OnceCell::new() }
    }

    /// The connected cluster, one per provider configuration.
    pub(crate) async fn cluster(&self) -> Result<Arc<cluster::Cluster>, Diagnostic> {
        self.cluster
            .get_or_try_init(|| async {
                cluster::Cluster::connect(&self.config).await.map(Arc::new).map_err(|error| {
                    Diagnostic::error("The cluster cannot be used with this provider configuration", chain(&error))
                })
            })
            .await
            .cloned()
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

    /// The configuration; `None` while the process is unconfigured, as in `validate`.
    pub(crate) fn configured(&self) -> Option<Arc<Configured>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
