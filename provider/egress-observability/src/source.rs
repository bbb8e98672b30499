//! Who measures: the columns of the table.

use std::fmt;

/// Something whose metrics say something of egress: an engine, what every cluster has, or a cloud's NAT gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The proxies beside the pods of a mesh.
    IstioSidecar,
    /// The node proxies of an ambient mesh, and its waypoints.
    IstioAmbient,
    /// Istio's egress gateways.
    IstioGateway,
    /// Cilium's agents, with Hubble.
    Cilium,
    /// Calico open source.
    Calico,
    /// Calico Enterprise.
    CalicoEnterprise,
    /// OVN-Kubernetes.
    OvnKubernetes,
    /// Antrea.
    Antrea,
    /// What every cluster has, whatever enforces its `NetworkPolicy` objects: the kubelet, kube-state-metrics, the node exporter.
    Cluster,
    /// `CoreDNS`.
    CoreDns,
    /// AWS NAT gateways.
    Aws,
    /// Azure NAT gateways.
    Azure,
    /// Google Cloud NAT.
    Google,
    /// Alibaba Cloud NAT gateways.
    Alibaba,
}

impl Source {
    /// Every source, in the order of the table: who sees most of a connection first.
    pub const ALL: [Self; 14] = [
        Self::IstioSidecar,
        Self::IstioAmbient,
        Self::IstioGateway,
        Self::Cilium,
        Self::Calico,
        Self::CalicoEnterprise,
        Self::OvnKubernetes,
        Self::Antrea,
        Self::Cluster,
        Self::CoreDns,
        Self::Aws,
        Self::Azure,
        Self::Google,
        Self::Alibaba,
    ];

    /// The name that users read, also as the value of the label `source` on records and alerts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IstioSidecar => "istio-sidecar",
            Self::IstioAmbient => "istio-ambient",
            Self::IstioGateway => "istio-gateway",
            Self::Cilium => "cilium",
            Self::Calico => "calico",
            Self::CalicoEnterprise => "calico-enterprise",
            Self::OvnKubernetes => "ovn-kubernetes",
            Self::Antrea => "antrea",
            Self::Cluster => "cluster",
            Self::CoreDns => "coredns",
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Google => "google",
            Self::Alibaba => "alibaba",
        }
    }

    /// What it is called on a dashboard.
    pub fn title(self) -> &'static str {
        match self {
            Self::IstioSidecar => "Istio",
            Self::IstioAmbient => "Istio ambient",
            Self::IstioGateway => "Istio egress gateways",
            Self::Cilium => "Cilium",
            Self::Calico => "Calico",
            Self::CalicoEnterprise => "Calico Enterprise",
            Self::OvnKubernetes => "OVN-Kubernetes",
            Self::Antrea => "Antrea",
            Self::Cluster => "Kubernetes",
            Self::CoreDns => "CoreDNS",
            Self::Aws => "AWS NAT",
            Self::Azure => "Azure NAT",
            Self::Google => "Google Cloud NAT",
            Self::Alibaba => "Alibaba Cloud NAT",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
