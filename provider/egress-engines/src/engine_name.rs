//! The engines by name.

use std::fmt;

/// An engine is a line: its variant, and the name that users write.
macro_rules! engine_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// An in-cluster engine or API that enforces egress policies or runs egress gateways.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EngineName {
            $($(#[$doc])* $variant,)*
        }

        impl EngineName {
            /// The name that users write.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

engine_names! {
    /// `networking.k8s.io/v1` `NetworkPolicy`, by whatever plugin enforces it.
    NetworkPolicy = "network-policy",
    /// Cilium.
    Cilium = "cilium",
    /// Calico open source.
    Calico = "calico",
    /// Calico Enterprise and Calico Cloud.
    CalicoEnterprise = "calico-enterprise",
    /// Istio.
    Istio = "istio",
    /// `policy.networking.k8s.io/v1alpha2` `ClusterNetworkPolicy`.
    ClusterNetworkPolicy = "cluster-network-policy",
    /// `policy.networking.k8s.io/v1alpha1` `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`.
    AdminNetworkPolicy = "admin-network-policy",
    /// OVN-Kubernetes.
    OvnKubernetes = "ovn-kubernetes",
    /// Antrea.
    Antrea = "antrea",
    /// EKS `ApplicationNetworkPolicy`.
    Eks = "eks",
    /// GKE `FQDNNetworkPolicy`.
    Gke = "gke",
    /// Linkerd.
    Linkerd = "linkerd",
    /// Spidernet's `EgressGateway`, beside any CNI.
    Spidernet = "spidernet",
    /// AKS static egress gateway.
    Aks = "aks",
    /// Kube-OVN.
    KubeOvn = "kube-ovn",
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
