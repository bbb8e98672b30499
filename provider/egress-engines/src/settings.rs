//! What a compiler has to know of the cluster beside the policy.

use std::fmt;
use std::str::FromStr;

use egress_model::policy::ClusterRanges;
use egress_model::shown;

use crate::companions::aks::PublicIpPrefixId;
pub use crate::engines::antrea::settings::AntreaSubnet;
pub use crate::engines::istio::settings::{IstioMode, IstioSettings, OutboundTraffic};
pub use crate::engines::kube_ovn::settings::KubeOvnSettings;
pub use crate::engines::ovn_kubernetes::settings::OvnKubernetesDns;
pub use crate::tiers::channel::NetworkPolicyApiChannel;

/// The engine's installation that objects are compiled for. What an engine alone has is a type in its folder, and a field here.
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
