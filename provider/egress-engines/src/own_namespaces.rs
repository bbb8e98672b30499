//! Where the engines' own pods are, which policies of the whole cluster leave alone unless they say otherwise: a default deny that reaches
//! them can stop the engine itself.
//!
//! Beside the namespaces that Kubernetes makes, and those of the platform, which the model knows. Only namespaces with pods on the pods'
//! network; those of engines without policies of the whole cluster are nobody's business here.

use crate::EngineName;

/// Calico as the Tigera operator installs it. Sources: the operator's `pkg/common` and `pkg/render` at 1.42 (`calico-system`,
/// `tigera-operator`); `calico-apiserver` is where earlier versions have the API server.
const CALICO: &[&str] = &["calico-apiserver", "calico-system", "tigera-operator"];

/// What Calico Enterprise adds. Sources: the constants of namespaces in `pkg/render` of the Tigera operator at 1.42 and, for those that
/// moved to `calico-system` since, at 1.38.
const CALICO_ENTERPRISE: &[&str] = &[
    "calico-apiserver",
    "calico-system",
    "tigera-compliance",
    "tigera-dex",
    "tigera-dpi",
    "tigera-eck-operator",
    "tigera-elasticsearch",
    "tigera-fluentd",
    "tigera-gateway",
    "tigera-guardian",
    "tigera-intrusion-detection",
    "tigera-kibana",
    "tigera-manager",
    "tigera-operator",
    "tigera-packetcapture",
    "tigera-policy-recommendation",
    "tigera-prometheus",
    "tigera-skraper",
    "tigera-system",
];

/// What every network plugin with one of the APIs of network-policy-api has, as nothing says which one it is: Calico, and OVN-Kubernetes
/// (its charts and `dist/templates` have the namespace `ovn-kubernetes`). Kube-OVN and Antrea are in `kube-system`.
const NETWORK_POLICY_API: &[&str] = &["calico-apiserver", "calico-system", "ovn-kubernetes", "tigera-operator"];

/// Cilium is in `kube-system`, but for `OpenShift`, where it has a namespace of its own (Cilium documentation, "Installation on
/// `OpenShift`"), and for SPIRE (Helm value `authentication.mutual.spire.install.namespace`).
const CILIUM: &[&str] = &["cilium", "cilium-spire"];

/// Antrea is in `kube-system`; its flow aggregator and what shows flows are not (Antrea documentation, "Network Flow Visibility").
const ANTREA: &[&str] = &["flow-aggregator", "flow-visibility"];

/// The namespaces of an engine's own pods, in the order of their names.
pub fn own_namespaces(engine: EngineName) -> &'static [&'static str] {
    match engine {
        EngineName::Cilium => CILIUM,
        EngineName::Calico => CALICO,
        EngineName::CalicoEnterprise => CALICO_ENTERPRISE,
        EngineName::Antrea => ANTREA,
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => NETWORK_POLICY_API,
        // All of EKS' is in `kube-system`; the others have no policies of the whole cluster.
        EngineName::Eks
        | EngineName::NetworkPolicy
        | EngineName::Istio
        | EngineName::OvnKubernetes
        | EngineName::Gke
        | EngineName::Linkerd
        | EngineName::Spidernet
        | EngineName::Aks
        | EngineName::KubeOvn => &[],
    }
}

#[cfg(test)]
mod tests {
    use egress_model::labels::NamespaceName;

    use super::*;
    use crate::{ENGINES, Feature, Settings, Support};

    #[test]
    fn only_engines_with_policies_of_the_whole_cluster_have_namespaces_to_leave_alone() {
        for engine in ENGINES {
            let names = own_namespaces(engine.name);
            let has_scope =
                !matches!((engine.support)(Feature::ClusterScope, &Settings::default()), Support::Refused(_));
            assert!(has_scope || names.is_empty(), "{}", engine.name);
            assert!(names.is_sorted(), "{}", engine.name);
            for name in names {
                assert!(name.parse::<NamespaceName>().is_ok(), "{name}");
            }
        }
    }
}
