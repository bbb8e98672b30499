//! Container Service for Kubernetes of Alibaba Cloud.

mod object;
mod rules;

use self::object::POD_NETWORKING;
pub use self::object::{
    BandwidthPackageId, EIP_READINESS_GATE, EipId, EniType, Error, InternetChargeType, Keep, PodEip, PodNetworking,
    SecurityGroupId, Selected, VSwitchId, eip_annotations, eip_requirements, pod_networking,
    pod_networking_requirements,
};
use super::companion::{Companion, CompanionKind};

/// What the registry has of it.
pub const COMPANION: Companion = Companion {
    kinds: &[CompanionKind {
        kind: &POD_NETWORKING,
        comes_with: Some("Terway, the network plugin of ACK, which a cluster has from the beginning or not at all"),
    }],
    rules: rules::check,
};
