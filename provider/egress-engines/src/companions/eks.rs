//! Amazon EKS.

mod object;
mod rules;

use self::object::{ENI_CONFIG, SECURITY_GROUP_POLICY};
pub use self::object::{
    EniConfig, Error, Pods, SecurityGroupId, SecurityGroupPolicy, SecurityGroups, SubnetId, Zone, eni_config,
    eni_config_requirements, external_snat_requirements, security_group_policy, security_group_policy_requirements,
};
use super::companion::{Companion, CompanionKind};

/// What the registry has of it.
pub const COMPANION: Companion = Companion {
    kinds: &[
        CompanionKind {
            kind: &ENI_CONFIG,
            comes_with: Some("the VPC CNI plugin of EKS (amazon-vpc-cni), which this cluster seems not to have"),
        },
        CompanionKind {
            kind: &SECURITY_GROUP_POLICY,
            comes_with: Some("the VPC resource controller, which EKS runs for every cluster"),
        },
    ],
    rules: rules::check,
};
