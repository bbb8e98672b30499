//! What a compiler has to know of the cluster beside the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use egress_model::policy::ClusterRanges;
use egress_model::shown;

use crate::companions::aks::PublicIpPrefixId;

/// The engine's installation that objects are compiled for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The engine's version; the newest that the compiler knows where there is none.
    pub version: Option<Version>,
    /// The cluster's own ranges, where they are known: what a gateway leaves alone on an engine that does not know it itself.
    pub cluster: ClusterRanges,
    /// Of an Istio mesh.
    pub istio: IstioSettings,
    /// The subnet of the addresses of Antrea's gateways, where it is not the nodes' own.
    pub antrea_subnet: Option<AntreaSubnet>,
    /// Of Kube-OVN.
    pub kube_ovn: KubeOvnSettings,
    /// The public IP prefix that an AKS static egress gateway uses; AKS makes one where there is none.
    pub aks_public_ip_prefix: Option<PublicIpPrefixId>,
    /// Which CRDs of network-policy-api the cluster has.
    pub network_policy_api: NetworkPolicyApiChannel,
    /// How OVN-Kubernetes finds the addresses of domain names.
    pub ovn_kubernetes_dns: OvnKubernetesDns,
}

/// How OVN-Kubernetes finds the addresses of domain names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OvnKubernetesDns {
    /// It asks for them itself, again and again.
    #[default]
    Polling,
    /// `CoreDNS` sends it the answers that pods got (`--enable-dns-name-resolver`).
    NameResolver,
}

/// Where the gateways of Kube-OVN are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeOvnSettings {
    /// The subnet outside, whose addresses the gateways have. They need one.
    pub external_subnet: Option<String>,
    /// The VPC whose pods use them; the cluster's own where there is none.
    pub vpc: Option<String>,
}

/// A subnet of egress addresses that is not the nodes' own (Antrea's documentation, "Egress", `SubnetInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AntreaSubnet {
    /// The router to which traffic from these addresses goes.
    pub gateway: IpAddr,
    /// The length of the subnet's prefix.
    pub prefix_length: u8,
    /// The VLAN that the network expects of this traffic.
    pub vlan: Option<u16>,
}

/// The channel of the CRDs of network-policy-api, which says whether they have the parts that may still change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NetworkPolicyApiChannel {
    /// Only what is settled.
    #[default]
    Standard,
    /// Also nodes and domain names as destinations, and in v1alpha1 named ports.
    Experimental,
}

impl Settings {
    /// An installation in which every engine can do what it can do anywhere, as far as settings decide it. With the default it shows what
    /// is refused in all of them, for when the settings are not known.
    pub fn most_capable() -> Self {
        let prefix = "/subscriptions/0/resourceGroups/any/providers/Microsoft.Network/publicIPPrefixes/any";
        Self {
            istio: IstioSettings { mode: IstioMode::Ambient, ..IstioSettings::default() },
            kube_ovn: KubeOvnSettings { external_subnet: Some("any".to_owned()), vpc: None },
            aks_public_ip_prefix: prefix.parse().ok(),
            network_policy_api: NetworkPolicyApiChannel::Experimental,
            ovn_kubernetes_dns: OvnKubernetesDns::NameResolver,
            ..Self::default()
        }
    }

    /// Whether the engine is at least of this version.
    pub fn at_least(&self, major: u16, minor: u16) -> bool {
        self.version.is_none_or(|version| version >= Version { major, minor })
    }
}

/// An engine's version, as far as its features depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The major number.
    pub major: u16,
    /// The minor number.
    pub minor: u16,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no version such as \"1.19\"", shown(.0))]
pub struct VersionError(String);

impl FromStr for Version {
    type Err = VersionError;

    /// Reads `1.19`, and also `v1.19.4`, of which only the first two numbers count.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) if numbers.all(|rest| rest.is_ok()) => Ok(Self { major, minor }),
            _ => Err(VersionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_to_the_minor_number() {
        for text in ["1.19", "v1.19", "1.19.4", "v1.19.4"] {
            assert_eq!(text.parse(), Ok(Version { major: 1, minor: 19 }), "{text}");
        }
        for text in ["", "1", "1.x", "latest", "1.19.x", "1.19-rc.1"] {
            assert_eq!(text.parse::<Version>(), Err(VersionError(text.into())));
        }
        let older = Settings { version: "1.18".parse().ok(), ..Settings::default() };
        assert!(!older.at_least(1, 19) && older.at_least(1, 18) && older.at_least(0, 99));
        assert!(Settings::default().at_least(9, 9), "no version is the newest");
    }
}
