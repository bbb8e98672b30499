//! The objects with which a managed cluster's own components steer egress: what stands in the cluster beside what stands in the
//! cloud. Inputs are types that hold only valid values; what cannot be said with them is an error of their constructor.

pub mod ack;
pub mod aks;
pub mod eks;
pub mod gke;
pub mod rules;

use crate::manifest::Kind;

/// The kinds of these objects.
pub const KINDS: &[&Kind] = &[
    &eks::ENI_CONFIG,
    &eks::SECURITY_GROUP_POLICY,
    &aks::STATIC_GATEWAY_CONFIGURATION,
    &gke::CONFIG_MAP,
    &ack::POD_NETWORKING,
];

/// What brings one of these kinds into a cluster, after "it comes with"; none for other kinds.
pub fn installed_with(kind: &str) -> Option<&'static str> {
    match kind {
        "ENIConfig" => Some("the VPC CNI plugin of EKS (amazon-vpc-cni), which this cluster seems not to have"),
        "SecurityGroupPolicy" => Some("the VPC resource controller, which EKS runs for every cluster"),
        "StaticGatewayConfiguration" => {
            Some("the static egress gateway of AKS: az aks update --enable-static-egress-gateway")
        }
        "PodNetworking" => {
            Some("Terway, the network plugin of ACK, which a cluster has from the beginning or not at all")
        }
        _ => None,
    }
}

/// Whether a text is a prefix and then an id of lowercase letters and digits, as clouds give their objects.
fn is_id(text: &str, prefix: &str) -> bool {
    let is_alphanumeric = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.strip_prefix(prefix).is_some_and(is_alphanumeric)
}

/// Types that hold an id of a cloud: parsed from its text, and shown as it.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $check:expr, $error:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err($error(text.to_owned())) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
use id_type;
