//! What an engine makes of a part of a policy, and which engines make more of it.

use std::fmt;

use egress_model::policy::Path;

/// How well an engine does what a part of a policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// As the model means it; said only where a user might wonder.
    Exact,
    /// Nearly: the finding says what differs.
    Degraded,
    /// Not at all. Nothing is emitted then.
    Refused,
}

/// What an engine makes of a part of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How well.
    pub level: Level,
    /// Which part.
    pub path: Path,
    /// What differs, or why it cannot be done.
    pub why: String,
    /// The engines that do better.
    pub engines_that_can: &'static [EngineName],
}

/// An in-cluster engine or API that can enforce egress policies. This is every one that findings speak of, whether or not
/// this provider has a compiler for it ([`crate::ENGINES`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EngineName {
    /// `networking.k8s.io/v1` `NetworkPolicy`, by whatever plugin enforces it.
    NetworkPolicy,
    /// Cilium.
    Cilium,
    /// Calico open source.
    Calico,
    /// Calico Enterprise and Calico Cloud.
    CalicoEnterprise,
    /// Istio.
    Istio,
    /// `policy.networking.k8s.io` `ClusterNetworkPolicy`.
    ClusterNetworkPolicy,
    /// OVN-Kubernetes.
    OvnKubernetes,
    /// Antrea.
    Antrea,
    /// EKS `ApplicationNetworkPolicy`.
    Eks,
    /// GKE `FQDNNetworkPolicy`.
    Gke,
}

impl EngineName {
    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NetworkPolicy => "network-policy",
            Self::Cilium => "cilium",
            Self::Calico => "calico",
            Self::CalicoEnterprise => "calico-enterprise",
            Self::Istio => "istio",
            Self::ClusterNetworkPolicy => "cluster-network-policy",
            Self::OvnKubernetes => "ovn-kubernetes",
            Self::Antrea => "antrea",
            Self::Eks => "eks",
            Self::Gke => "gke",
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a policy can ask for and not every engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Rules that deny.
    Deny,
    /// Destinations by exact domain name.
    Domains,
    /// Destinations by names one label below a domain.
    DomainsOneLabel,
    /// Destinations by names any number of labels below a domain.
    DomainsAnyDepth,
    /// Everything outside the cluster, without the cluster's ranges.
    External,
    /// Rules about HTTP requests.
    Http,
    /// Rules about TLS server names.
    Sni,
    /// ICMP.
    Icmp,
    /// Sources by service account.
    ServiceAccounts,
    /// Destinations by Service.
    Services,
    /// The API server as a destination.
    ApiServer,
    /// Nodes as a destination.
    Nodes,
    /// Reporting without stopping.
    Audit,
    /// Address blocks that mean the same for pods on every plugin.
    BlocksWithoutPods,
}

impl Feature {
    /// The engines that have it. Sources: each engine's documentation and CRDs, Cilium 1.19, Calico 3.32 and Enterprise 3.23,
    /// Istio 1.30, OVN-Kubernetes 1.3, Antrea 2.7, network-policy-api 0.2, EKS and GKE at the end of 2025.
    pub fn engines(self) -> &'static [EngineName] {
        use EngineName::{
            Antrea, Calico, CalicoEnterprise, Cilium, ClusterNetworkPolicy, Eks, Gke, Istio, OvnKubernetes,
        };
        match self {
            Self::Deny => &[Cilium, Calico, CalicoEnterprise, ClusterNetworkPolicy, OvnKubernetes, Antrea],
            Self::Domains => &[Cilium, CalicoEnterprise, Istio, OvnKubernetes, Antrea, Eks, Gke],
            Self::DomainsOneLabel => &[Cilium, OvnKubernetes, Gke],
            Self::DomainsAnyDepth => &[Cilium, CalicoEnterprise, Istio, Antrea, Eks],
            Self::External | Self::ApiServer | Self::BlocksWithoutPods => &[Cilium],
            Self::Http => &[Cilium, CalicoEnterprise, Istio, Antrea],
            Self::Sni => &[Cilium, Istio, Antrea],
            Self::Icmp | Self::Services => &[Cilium, Calico, CalicoEnterprise, Antrea],
            Self::ServiceAccounts => &[Cilium, Calico, CalicoEnterprise, Istio, Antrea],
            Self::Nodes => &[Cilium, Calico, CalicoEnterprise, OvnKubernetes, Antrea],
            Self::Audit => &[Cilium, Calico, CalicoEnterprise],
        }
    }
}
