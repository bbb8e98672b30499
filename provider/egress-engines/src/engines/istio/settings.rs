//! What has to be known of a mesh.

use std::collections::{BTreeMap, BTreeSet};

/// An Istio mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IstioSettings {
    /// How pods join the mesh.
    pub mode: IstioMode,
    /// The mesh's trust domain, the first part of every identity.
    pub trust_domain: String,
    /// The namespace of the egress gateway's pods, or of the waypoint.
    pub gateway_namespace: String,
    /// The labels of the egress gateway's pods.
    pub gateway_labels: BTreeMap<String, String>,
    /// The name of the egress gateway's Service, or of the waypoint.
    pub gateway_service: String,
    /// The ports that the egress gateway's pods listen on for the Service's port 443; a `NetworkPolicy` sees these.
    pub gateway_tls_ports: BTreeSet<u16>,
    /// The ports that the egress gateway's pods listen on for the Service's port 80.
    pub gateway_http_ports: BTreeSet<u16>,
    /// The namespace of the control plane, whose pods every sidecar has to reach.
    pub control_plane_namespace: String,
    /// The domain of the names of the cluster's Services.
    pub cluster_domain: String,
    /// What sidecars do with connections to destinations that the mesh does not know.
    pub outbound_traffic: OutboundTraffic,
}

/// The mesh's `outboundTrafficPolicy.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboundTraffic {
    /// `ALLOW_ANY`, Istio's default: they go where the pod sends them.
    AllowAny,
    /// `REGISTRY_ONLY`: they go nowhere.
    RegistryOnly,
}

/// How pods join an Istio mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IstioMode {
    /// A proxy in every pod, and an egress gateway for what leaves.
    Sidecar,
    /// A proxy on every node, and a waypoint for what leaves.
    Ambient,
}

impl Default for IstioSettings {
    /// What the charts `istiod` and `gateway` (installed as `istio-egressgateway` in `istio-egress`) set up. That chart's pods
    /// listen on 443 and 80, those of the older chart `istio-egress` and of `istioctl install` on 8443 and 8080.
    fn default() -> Self {
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Self {
            mode: IstioMode::Sidecar,
            trust_domain: "cluster.local".to_owned(),
            gateway_namespace: "istio-egress".to_owned(),
            gateway_labels: BTreeMap::from([label("istio", "egressgateway")]),
            gateway_service: "istio-egressgateway".to_owned(),
            gateway_tls_ports: BTreeSet::from([443, 8443]),
            gateway_http_ports: BTreeSet::from([80, 8080]),
            control_plane_namespace: "istio-system".to_owned(),
            cluster_domain: "cluster.local".to_owned(),
            outbound_traffic: OutboundTraffic::AllowAny,
        }
    }
}
