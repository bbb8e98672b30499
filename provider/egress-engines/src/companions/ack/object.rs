//! ACK: Terway's `PodNetworking`, with which pods get addresses of chosen vSwitches, and the annotations with which a pod gets an
//! elastic IP address of its own.
//!
//! Source: the CRD and admission webhook of Terway 1.17.5, and the ACK documentation ("Attach an independent EIP to a pod"). Terway
//! itself gives no EIP since 1.7.0: ack-extend-network-controller does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use egress_model::labels::{ObjectName, Selector};
use egress_model::shown;
use serde::Serialize;

use super::super::id::{id_type, is_id};
use crate::Requirement;
use crate::acceptance::Accepted;
use crate::label_selector::LabelSelector;
use crate::manifest::{Kind, Manifest, Metadata};

/// Why something cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No id of a vSwitch.
    #[error("{} is no vSwitch; write its id, such as vsw-bp1abcdefghijklmnopqr", shown(.0))]
    VSwitch(String),
    /// No id of a security group.
    #[error("{} is no security group; write its id, such as sg-bp1abcdefghijklmnopq", shown(.0))]
    SecurityGroup(String),
    /// No id of an elastic IP address.
    #[error("{} is no elastic IP address; write its id, such as eip-bp1abcdefghijklmnopqr", shown(.0))]
    Eip(String),
    /// No id of a bandwidth package.
    #[error("{} is no Internet Shared Bandwidth instance; write its id, such as cbwp-bp1abcdefghijklmnopq", shown(.0))]
    BandwidthPackage(String),
    /// No vSwitch.
    #[error("It names no vSwitch; Terway's webhook asks for at least one")]
    NoVSwitch,
    /// Too few or too many security groups.
    #[error("It has {0} security groups; Terway's webhook asks for 1 to 10")]
    SecurityGroupCount(usize),
    /// No selector.
    #[error("It selects neither pods nor namespaces, so that only pods that name it in an annotation would use it")]
    NoSelector,
}

id_type! {
    /// The id of a vSwitch.
    VSwitchId, |text| is_id(text, "vsw-"), Error::VSwitch
}
id_type! {
    /// The id of a security group.
    SecurityGroupId, |text| is_id(text, "sg-"), Error::SecurityGroup
}
id_type! {
    /// The id of an elastic IP address.
    EipId, |text| is_id(text, "eip-"), Error::Eip
}
id_type! {
    /// The id of an Internet Shared Bandwidth instance.
    BandwidthPackageId, |text| is_id(text, "cbwp-"), Error::BandwidthPackage
}

/// The interface that a pod gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum EniType {
    /// What the node has: a trunk's member where the node has a trunk.
    #[default]
    Default,
    /// A member of the node's trunk interface.
    Trunk,
    /// An interface of its own.
    #[serde(rename = "ENI")]
    Eni,
}

/// How long something is kept after its pod is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// For ever, until somebody deletes it.
    Always,
    /// This many seconds, for a pod of the same name.
    Seconds(NonZeroU32),
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("Never"),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

/// Which pods: those that match, in namespaces that match, both if both are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// By their labels.
    pub pods: Option<Selector>,
    /// By their namespaces' labels.
    pub namespaces: Option<Selector>,
}

/// From which vSwitches pods get their addresses. Made by [`PodNetworking::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodNetworking {
    name: ObjectName,
    pods: Option<Selector>,
    namespaces: Option<Selector>,
    vswitches: Vec<VSwitchId>,
    security_groups: BTreeSet<SecurityGroupId>,
    /// The interface.
    pub eni_type: EniType,
    /// Whether a pod of a `StatefulSet` keeps its address, and how long; without, each pod gets a new one.
    pub fixed_address: Option<Keep>,
}

impl PodNetworking {
    /// For these pods; addresses from the first vSwitch of the pod's zone that has some.
    pub fn new(
        name: ObjectName,
        selected: Selected,
        vswitches: Vec<VSwitchId>,
        security_groups: impl IntoIterator<Item = SecurityGroupId>,
    ) -> Result<Self, Error> {
        let security_groups: BTreeSet<_> = security_groups.into_iter().collect();
        if vswitches.is_empty() {
            return Err(Error::NoVSwitch);
        }
        if !(1..=10).contains(&security_groups.len()) {
            return Err(Error::SecurityGroupCount(security_groups.len()));
        }
        let Selected { pods, namespaces } = selected;
        if pods.is_none() && namespaces.is_none() {
            return Err(Error::NoSelector);
        }
        let (eni_type, fixed_address) = (EniType::default(), None);
        Ok(Self { name, pods, namespaces, vswitches, security_groups, eni_type, fixed_address })
    }
}

pub(super) const POD_NETWORKING: Kind = Kind {
    api_version: "network.alibabacloud.com/v1beta1",
    kind: "PodNetworking",
    plural: "podnetworkings",
    // Terway's controller, once it has looked the vSwitches up.
    accepted: Some(Accepted::Text { taken: "Ready", refused: "Fail" }),
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    selector: PodSelector,
    v_switch_options: Vec<String>,
    #[serde(rename = "securityGroupIDs")]
    security_group_ids: Vec<String>,
    eni_options: EniOptions,
    allocation_type: AllocationType,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSelector {
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_selector: Option<LabelSelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_selector: Option<LabelSelector>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct EniOptions {
    eni_type: EniType,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AllocationType {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_strategy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_after: Option<String>,
}

/// The `PodNetworking`. Pods that run keep their addresses: only those that are made later take it.
pub fn pod_networking(networking: &PodNetworking) -> Manifest {
    let (release_strategy, release_after) = match networking.fixed_address {
        None => (None, None),
        Some(Keep::Always) => (Some("Never"), None),
        Some(keep @ Keep::Seconds(_)) => (Some("TTL"), Some(keep.to_string())),
    };
    let spec = Spec {
        selector: PodSelector {
            pod_selector: networking.pods.as_ref().map(Into::into),
            namespace_selector: networking.namespaces.as_ref().map(Into::into),
        },
        v_switch_options: networking.vswitches.iter().map(ToString::to_string).collect(),
        security_group_ids: networking.security_groups.iter().map(ToString::to_string).collect(),
        eni_options: EniOptions { eni_type: networking.eni_type },
        allocation_type: AllocationType {
            r#type: if networking.fixed_address.is_some() { "Fixed" } else { "Elastic" },
            release_strategy,
            release_after,
        },
    };
    Manifest::new(&POD_NETWORKING, Metadata { name: networking.name.to_string(), ..Metadata::default() }, &spec)
}

/// How traffic of an elastic IP address is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InternetChargeType {
    /// By what goes through.
    #[default]
    PayByTraffic,
    /// By the bandwidth.
    PayByBandwidth,
}

/// An elastic IP address of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodEip {
    /// This one, which is there already: for a single pod, and never released with it.
    Existing(EipId),
    /// One that the controller makes for each pod.
    New {
        /// At most this many Mbit/s; the cloud's default where there is none.
        bandwidth: Option<NonZeroU32>,
        /// How it is paid for.
        charge_type: InternetChargeType,
        /// The Internet Shared Bandwidth instance that it joins.
        bandwidth_package: Option<BandwidthPackageId>,
        /// Whether a pod of a `StatefulSet` finds its address again, and how long; without, the address goes with the pod.
        keep: Option<Keep>,
    },
}

/// The readiness gate with which a pod counts as ready only once it has its address: until then its traffic leaves from
/// another one.
pub const EIP_READINESS_GATE: &str = "k8s.aliyun.com/eip";

/// The annotations that give a pod an elastic IP address, for the pod's template.
pub fn eip_annotations(eip: &PodEip) -> BTreeMap<&'static str, String> {
    match eip {
        PodEip::Existing(id) => BTreeMap::from([("k8s.aliyun.com/pod-eip-instanceid", id.to_string())]),
        PodEip::New { bandwidth, charge_type, bandwidth_package, keep } => {
            let charge_type = match charge_type {
                InternetChargeType::PayByTraffic => "PayByTraffic",
                InternetChargeType::PayByBandwidth => "PayByBandwidth",
            };
            let some = [
                Some(("k8s.aliyun.com/pod-with-eip", "true".to_owned())),
                bandwidth.map(|mbits| ("k8s.aliyun.com/eip-bandwidth", mbits.to_string())),
                Some(("k8s.aliyun.com/eip-internet-charge-type", charge_type.to_owned())),
                bandwidth_package.as_ref().map(|id| ("k8s.aliyun.com/eip-common-bandwidth-package-id", id.to_string())),
                Some((
                    "k8s.aliyun.com/pod-eip-release-strategy",
                    keep.map_or_else(|| "Follow".to_owned(), |keep| keep.to_string()),
                )),
            ];
            some.into_iter().flatten().collect()
        }
    }
}

/// What the cluster needs for [`pod_networking`].
pub fn pod_networking_requirements() -> Vec<Requirement> {
    vec![
        Requirement::kind(&POD_NETWORKING),
        Requirement::Outside(
            "The cluster's network plugin is Terway, with trunk interfaces on where the nodes share theirs".to_owned(),
        ),
    ]
}

/// What the cluster needs for [`eip_annotations`].
pub fn eip_requirements() -> Vec<Requirement> {
    vec![
        Requirement::Kind { api_version: "alibabacloud.com/v1beta1", kind: "PodEIP" },
        Requirement::Outside(
            "The component ack-extend-network-controller (0.2.0 or later) is installed with the right to allocate, bind and release \
             elastic IP addresses; Terway itself gives none since 1.7.0"
                .to_owned(),
        ),
        Requirement::Outside(format!(
            "The pod has the readiness gate {EIP_READINESS_GATE}, so that it gets no traffic before it has its address"
        )),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_prefix() {
        assert!("vsw-bp1s5fnvk4gn2tws03624".parse::<VSwitchId>().is_ok());
        for bad in ["", "vsw-", "vsw-BP1", "vswitch-1", "bp1s5fnvk4gn2tws03624"] {
            assert_eq!(bad.parse::<VSwitchId>(), Err(Error::VSwitch(bad.into())));
        }
        assert_eq!("cbwp-x-y".parse::<BandwidthPackageId>(), Err(Error::BandwidthPackage("cbwp-x-y".into())));
        assert_eq!("1.2.3.4".parse::<EipId>(), Err(Error::Eip("1.2.3.4".into())));
    }

    #[test]
    fn says_what_the_webhook_refuses() {
        let name = || "egress".parse::<ObjectName>().expect("a name");
        let vswitch = || vec!["vsw-1".parse::<VSwitchId>().expect("an id")];
        let groups = |count: usize| (0..count).map(|n| format!("sg-{n}").parse::<SecurityGroupId>().expect("an id"));
        let all = || Selected { pods: Some(Selector::default()), namespaces: None };
        assert!(PodNetworking::new(name(), all(), vswitch(), groups(10)).is_ok());
        assert_eq!(PodNetworking::new(name(), all(), Vec::new(), groups(1)), Err(Error::NoVSwitch));
        assert_eq!(PodNetworking::new(name(), all(), vswitch(), groups(0)), Err(Error::SecurityGroupCount(0)));
        assert_eq!(PodNetworking::new(name(), all(), vswitch(), groups(11)), Err(Error::SecurityGroupCount(11)));
        assert_eq!(PodNetworking::new(name(), Selected::default(), vswitch(), groups(1)), Err(Error::NoSelector));
    }
}
