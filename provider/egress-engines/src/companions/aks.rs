//! Azure Kubernetes Service.

mod ids;
mod object;
mod rules;

pub use self::ids::{Error, NodePoolName, PublicIpPrefixId};
pub use self::object::{Addresses, NODE_POOL_LABEL, POD_ANNOTATION, StaticGateway, Through, compile, requirements};
pub(crate) use self::object::{STATIC_GATEWAY_CONFIGURATION, manifest};
use super::companion::{Companion, CompanionKind};

/// What the registry has of it.
pub const COMPANION: Companion = Companion {
    kinds: &[CompanionKind {
        kind: &STATIC_GATEWAY_CONFIGURATION,
        comes_with: Some("the static egress gateway of AKS: az aks update --enable-static-egress-gateway"),
    }],
    rules: rules::check,
};
