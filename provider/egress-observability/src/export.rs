//! What a cluster exports.

use std::collections::BTreeSet;

/// Something that a cluster may or may not export, and that decides which rules can exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Export {
    /// Hubble's metrics, with the entries that [`crate::cilium::HUBBLE_METRICS`] lists.
    Hubble,
    /// Cilium's metrics that are off by default: `cilium_fqdn_semaphore_rejected_total`.
    CiliumFqdn,
    /// `antrea_agent_denied_connection_count`, behind Antrea's alpha gate `FlowExporter`.
    AntreaFlowExporter,
    /// The kubelet's metrics of containers (cAdvisor).
    Cadvisor,
    /// kube-state-metrics.
    KubeStateMetrics,
    /// The node exporter.
    NodeExporter,
    /// `CoreDNS`.
    CoreDns,
}

impl Export {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Hubble,
        Self::CiliumFqdn,
        Self::AntreaFlowExporter,
        Self::Cadvisor,
        Self::KubeStateMetrics,
        Self::NodeExporter,
        Self::CoreDns,
    ];

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hubble => "hubble",
            Self::CiliumFqdn => "cilium-fqdn",
            Self::AntreaFlowExporter => "antrea-flow-exporter",
            Self::Cadvisor => "cadvisor",
            Self::KubeStateMetrics => "kube-state-metrics",
            Self::NodeExporter => "node-exporter",
            Self::CoreDns => "coredns",
        }
    }
}

/// What a cluster exports.
pub type Exports = BTreeSet<Export>;
