//! What differs among clusters by who made them.

/// Who made a cluster, as far as it decides where its own components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Whoever keeps to what Kubernetes itself installs.
    Kubernetes,
    /// `OpenShift`.
    OpenShift,
}

/// Where a platform has its DNS resolver.
pub(super) struct ResolverDefaults {
    pub(super) namespace: &'static str,
    pub(super) label: (&'static str, &'static str),
    pub(super) port: i64,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 2] = [Self::Kubernetes, Self::OpenShift];

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::OpenShift => "openshift",
        }
    }

    /// The resolver that the platform installs. Sources: the `Deployment` of `CoreDNS` in `kubeadm`; the `DaemonSet` that `OpenShift`'s
    /// cluster-dns-operator makes (`assets/dns/daemonset.yaml`, and `dns` on port 5353 in its container).
    pub(super) fn resolver(self) -> ResolverDefaults {
        match self {
            Self::Kubernetes => ResolverDefaults { namespace: "kube-system", label: ("k8s-app", "kube-dns"), port: 53 },
            Self::OpenShift => ResolverDefaults {
                namespace: "openshift-dns",
                label: ("dns.operator.openshift.io/daemonset-dns", "default"),
                port: 5353,
            },
        }
    }

    /// The namespaces of what makes a cluster work, which policies of the whole cluster leave alone unless they say otherwise, beside
    /// those that Kubernetes makes itself.
    pub fn own_namespaces(self) -> &'static [&'static str] {
        match self {
            Self::Kubernetes => &[],
            Self::OpenShift => OPENSHIFT,
        }
    }
}

/// The namespaces with pods of the operators in a release of `OpenShift` Container Platform 4.14 to 4.20 (each operator's `manifests`
/// folder; `oc get namespaces` after an installation). A selector of labels cannot say "openshift-*".
const OPENSHIFT: &[&str] = &[
    "openshift-apiserver",
    "openshift-apiserver-operator",
    "openshift-authentication",
    "openshift-authentication-operator",
    "openshift-catalogd",
    "openshift-cloud-controller-manager",
    "openshift-cloud-controller-manager-operator",
    "openshift-cloud-credential-operator",
    "openshift-cloud-network-config-controller",
    "openshift-cluster-csi-drivers",
    "openshift-cluster-machine-approver",
    "openshift-cluster-node-tuning-operator",
    "openshift-cluster-olm-operator",
    "openshift-cluster-samples-operator",
    "openshift-cluster-storage-operator",
    "openshift-cluster-version",
    "openshift-config-operator",
    "openshift-console",
    "openshift-console-operator",
    "openshift-controller-manager",
    "openshift-controller-manager-operator",
    "openshift-dns",
    "openshift-dns-operator",
    "openshift-etcd",
    "openshift-etcd-operator",
    "openshift-image-registry",
    "openshift-ingress",
    "openshift-ingress-canary",
    "openshift-ingress-operator",
    "openshift-insights",
    "openshift-kube-apiserver",
    "openshift-kube-apiserver-operator",
    "openshift-kube-controller-manager",
    "openshift-kube-controller-manager-operator",
    "openshift-kube-scheduler",
    "openshift-kube-scheduler-operator",
    "openshift-kube-storage-version-migrator",
    "openshift-kube-storage-version-migrator-operator",
    "openshift-machine-api",
    "openshift-machine-config-operator",
    "openshift-marketplace",
    "openshift-monitoring",
    "openshift-multus",
    "openshift-network-console",
    "openshift-network-diagnostics",
    "openshift-network-node-identity",
    "openshift-network-operator",
    "openshift-oauth-apiserver",
    "openshift-operator-controller",
    "openshift-operator-lifecycle-manager",
    "openshift-operators",
    "openshift-ovn-kubernetes",
    "openshift-route-controller-manager",
    "openshift-service-ca",
    "openshift-service-ca-operator",
    "openshift-user-workload-monitoring",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::NamespaceName;

    #[test]
    fn every_namespace_of_a_platform_is_one() {
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse::<Platform>(), Ok(platform));
            for name in platform.own_namespaces() {
                assert!(name.parse::<NamespaceName>().is_ok(), "{name}");
            }
        }
        assert!("rancher".parse::<Platform>().is_err());
    }
}
