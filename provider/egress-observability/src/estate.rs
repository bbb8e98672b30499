//! What is watched: policies, gateways and NAT gateways, as plain values.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use egress_engines::EngineName;
use egress_model::identity::Key;
use egress_model::labels::{Labels, NamespaceName, ObjectName};
use egress_model::policy::DomainPattern;

use crate::duration::Duration;
use crate::export::Exports;
use crate::exporter::NatExporter;
use crate::label::LabelName;
use crate::source::Source;

/// Everything that one monitoring resource watches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estate {
    /// Policies, by the user's key.
    pub policies: BTreeMap<Key, WatchedPolicy>,
    /// In-cluster gateways, by the user's key.
    pub gateways: BTreeMap<Key, WatchedGateway>,
    /// NAT gateways of clouds, by the user's key.
    pub nat_gateways: BTreeMap<Key, WatchedNat>,
    /// What the cluster exports.
    pub exports: Exports,
    /// Labels that every watched series has, such as `cluster="prod"` where one Prometheus serves several clusters.
    pub labels: BTreeMap<LabelName, String>,
}

/// How a mesh carries traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dataplane {
    /// A proxy beside each pod.
    #[default]
    Sidecar,
    /// A proxy on each node, and waypoints.
    Ambient,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedPolicy {
    /// What enforces it.
    pub engine: EngineName,
    /// How the mesh carries traffic; of no meaning outside Istio.
    pub dataplane: Dataplane,
    /// The policy's name.
    pub name: ObjectName,
    /// Its namespace; none for a policy of the whole cluster.
    pub namespace: Option<NamespaceName>,
    /// The hosts outside the cluster that it names.
    pub domains: Vec<DomainPattern>,
    /// The names of the `NetworkPolicy` objects that it became, in its namespace.
    pub network_policies: Vec<ObjectName>,
}

/// An in-cluster egress gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedGateway {
    /// What runs it.
    pub engine: EngineName,
    /// The gateway's name; on Istio that of its Deployment and its Service too.
    pub name: ObjectName,
    /// The namespace of its objects and pods.
    pub namespace: NamespaceName,
    /// The labels of its pods, where it runs some.
    pub pod_labels: Labels,
}

/// The NAT gateways of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedNat {
    /// Who brings their metrics to Prometheus; it says which cloud they are of.
    pub exporter: NatExporter,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// Their identifiers in metrics: `nat-...` on AWS, the resource id on Azure, the name of the NAT on Google Cloud, `ngw-...` on Alibaba
    /// Cloud.
    pub ids: BTreeSet<String>,
    /// Over how long a time each sample of a sum is, where the exporter asks the cloud for sums.
    pub period: Duration,
    /// How many public addresses each has; `None` where that is not known yet.
    pub addresses: Option<NonZeroU32>,
    /// Source ports that each machine gets, on Google Cloud; 64 is its own default.
    pub ports_per_machine: Option<NonZeroU32>,
}

impl Estate {
    /// Who measures something of it, in the order of [`Source::ALL`].
    pub fn sources(&self) -> BTreeSet<Source> {
        let policies = self.policies.values().filter_map(|policy| source_of(policy.engine, policy.dataplane));
        // Istio's gateways report as sources of their own; those of other engines are told of by the engine's agents.
        let gateways = self.gateways.values().filter_map(|gateway| match gateway.engine {
            EngineName::Istio => Some(Source::IstioGateway),
            engine => source_of(engine, Dataplane::default()),
        });
        let mut sources: BTreeSet<Source> = policies.chain(gateways).collect();
        if !self.policies.is_empty() || !self.gateways.is_empty() {
            sources.extend([Source::Cluster, Source::CoreDns]);
        }
        sources.extend(self.nat_gateways.values().map(|nat| nat.exporter.source()));
        sources
    }

    /// The policies that a source enforces.
    pub fn policies_of(&self, source: Source) -> impl Iterator<Item = &WatchedPolicy> {
        self.policies.values().filter(move |policy| source_of(policy.engine, policy.dataplane) == Some(source))
    }

    /// The gateways of an engine.
    pub fn gateways_of(&self, engine: EngineName) -> impl Iterator<Item = &WatchedGateway> {
        self.gateways.values().filter(move |gateway| gateway.engine == engine)
    }

    /// The NAT gateways of a cloud.
    pub fn nat_of(&self, source: Source) -> impl Iterator<Item = &WatchedNat> {
        self.nat_gateways.values().filter(move |nat| nat.exporter.source() == source)
    }

    /// The namespaces that policies of a source are of; none where one of them is of the whole cluster.
    pub fn namespaces_of(&self, source: Source) -> Option<BTreeSet<&NamespaceName>> {
        self.policies_of(source).map(|policy| policy.namespace.as_ref()).collect()
    }
}

/// The sources of an engine's own metrics. None for engines that have no metrics of their own: what every cluster has, [`Source::Cluster`],
/// is watched beside every engine.
pub fn source_of(engine: EngineName, dataplane: Dataplane) -> Option<Source> {
    match engine {
        EngineName::Istio => Some(match dataplane {
            Dataplane::Sidecar => Source::IstioSidecar,
            Dataplane::Ambient => Source::IstioAmbient,
        }),
        EngineName::Cilium => Some(Source::Cilium),
        EngineName::Calico => Some(Source::Calico),
        EngineName::CalicoEnterprise => Some(Source::CalicoEnterprise),
        EngineName::OvnKubernetes => Some(Source::OvnKubernetes),
        EngineName::Antrea => Some(Source::Antrea),
        EngineName::NetworkPolicy
        | EngineName::ClusterNetworkPolicy
        | EngineName::AdminNetworkPolicy
        | EngineName::Eks
        | EngineName::Gke
        | EngineName::Linkerd
        | EngineName::Spidernet
        | EngineName::Aks
        | EngineName::KubeOvn => None,
    }
}
