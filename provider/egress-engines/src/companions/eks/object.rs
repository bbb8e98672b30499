//! EKS: `ENIConfig`, with which pods get addresses of other subnets than their node's, and `SecurityGroupPolicy`, with which pods
//! have security groups of their own.
//!
//! Source: the CRDs of amazon-vpc-cni-k8s 1.23.0 and amazon-vpc-resource-controller-k8s 1.7.19, and the EKS documentation ("Custom
//! networking", "Assign security groups to individual pods").

use std::collections::BTreeSet;

use egress_model::labels::{NamespaceName, ObjectName, Selector};
use egress_model::shown;
use serde::Serialize;

use super::super::id::id_type;
use crate::Requirement;
use crate::label_selector::LabelSelector;
use crate::manifest::{Kind, Manifest, Metadata};
use crate::requirement::Setting;

/// Why something cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No id of a security group.
    #[error("{} is no security group; write its id, such as sg-0123456789abcdef0 (its name does not do)", shown(.0))]
    SecurityGroup(String),
    /// No id of a subnet.
    #[error("{} is no subnet; write its id, such as subnet-0123456789abcdef0", shown(.0))]
    Subnet(String),
    /// No name of an Availability Zone.
    #[error("{} is no Availability Zone such as eu-west-1a", shown(.0))]
    Zone(String),
    /// Too few or too many security groups.
    #[error("It has {0} security groups; an interface has 1 to 5")]
    SecurityGroupCount(usize),
}

/// An id of EC2: a prefix and 8 or 17 hexadecimal digits.
fn is_ec2_id(text: &str, prefix: &str) -> bool {
    let is_hex =
        |id: &str| matches!(id.len(), 8 | 17) && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    text.strip_prefix(prefix).is_some_and(is_hex)
}

/// An Availability Zone, Local Zone or Wavelength Zone: words between hyphens, with a letter at the end.
fn is_zone(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= 63
        && text.split('-').count() >= 3
        && text.split('-').all(is_word)
        && text.ends_with(|c: char| c.is_ascii_lowercase())
}

id_type! {
    /// The id of a security group. Names, which security groups have too, are refused by EC2 only when a pod starts.
    SecurityGroupId, |text| is_ec2_id(text, "sg-"), Error::SecurityGroup
}
id_type! {
    /// The id of a subnet.
    SubnetId, |text| is_ec2_id(text, "subnet-"), Error::Subnet
}
id_type! {
    /// The name of an Availability Zone.
    Zone, is_zone, Error::Zone
}

/// The security groups of an interface: 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroups(BTreeSet<SecurityGroupId>);

impl SecurityGroups {
    /// These groups, each once.
    pub fn new(groups: impl IntoIterator<Item = SecurityGroupId>) -> Result<Self, Error> {
        let groups: BTreeSet<_> = groups.into_iter().collect();
        if (1..=5).contains(&groups.len()) { Ok(Self(groups)) } else { Err(Error::SecurityGroupCount(groups.len())) }
    }

    fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

pub(super) const ENI_CONFIG: Kind =
    Kind { api_version: "crd.k8s.amazonaws.com/v1alpha1", kind: "ENIConfig", plural: "eniconfigs", accepted: None };
pub(super) const SECURITY_GROUP_POLICY: Kind = Kind {
    api_version: "vpcresources.k8s.aws/v1beta1",
    kind: "SecurityGroupPolicy",
    plural: "securitygrouppolicies",
    accepted: None,
};

/// Where the pods of a zone's nodes get their addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EniConfig {
    /// The zone, after which the object is called: so nodes find it by a label that they have anyway.
    pub zone: Zone,
    /// A subnet of the zone.
    pub subnet: SubnetId,
    /// The security groups; those of the node's first interface where there are none.
    pub security_groups: Option<SecurityGroups>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct EniConfigSpec {
    subnet: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<String>,
}

/// The `ENIConfig` of a zone. Nodes that run keep their interfaces: only those that join later take it.
pub fn eni_config(config: &EniConfig) -> Manifest {
    let spec = EniConfigSpec {
        subnet: config.subnet.to_string(),
        security_groups: config.security_groups.as_ref().map(SecurityGroups::texts).unwrap_or_default(),
    };
    Manifest::new(&ENI_CONFIG, Metadata { name: config.zone.to_string(), ..Metadata::default() }, &spec)
}

/// What the CNI plugin needs for `ENIConfig` objects called after zones.
pub fn eni_config_requirements() -> Vec<Requirement> {
    let variable = |name, value| Requirement::Setting(Setting::of_daemon_set("kube-system", "aws-node", name, value));
    vec![
        Requirement::kind(&ENI_CONFIG),
        variable("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true"),
        variable("ENI_CONFIG_LABEL_DEF", "topology.kubernetes.io/zone"),
    ]
}

/// What the CNI plugin needs beside [`eni_config_requirements`] so that traffic to the internet leaves from the pods' subnets: else it
/// has its node's first address, and goes the way of the node's subnet. Source: the EKS documentation, "Enable outbound internet access
/// for pods".
pub fn external_snat_requirements() -> Vec<Requirement> {
    let plugin = Setting::of_daemon_set("kube-system", "aws-node", "AWS_VPC_K8S_CNI_EXTERNALSNAT", "true");
    let routes = "The route table of each subnet in eni_configs points to a NAT gateway, best to that of its own zone";
    vec![Requirement::Setting(plugin), Requirement::Outside(routes.to_owned())]
}

/// Which pods a [`SecurityGroupPolicy`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pods {
    /// By their labels; the empty selector means all of the namespace.
    Labels(Selector),
    /// By the labels of their service account; the empty selector means all of the namespace.
    ServiceAccountLabels(Selector),
}

/// Security groups for pods of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroupPolicy {
    /// The object's name.
    pub name: ObjectName,
    /// The namespace.
    pub namespace: NamespaceName,
    /// Which pods.
    pub pods: Pods,
    /// Their security groups, instead of their node's.
    pub security_groups: SecurityGroups,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SecurityGroupPolicySpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_selector: Option<LabelSelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_selector: Option<LabelSelector>,
    security_groups: GroupIds,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupIds {
    group_ids: Vec<String>,
}

/// The `SecurityGroupPolicy`. Pods that run keep what they have: only those that are made later get the groups.
pub fn security_group_policy(policy: &SecurityGroupPolicy) -> Manifest {
    let (pod_selector, service_account_selector) = match &policy.pods {
        Pods::Labels(selector) => (Some(selector.into()), None),
        Pods::ServiceAccountLabels(selector) => (None, Some(selector.into())),
    };
    let security_groups = GroupIds { group_ids: policy.security_groups.texts() };
    let spec = SecurityGroupPolicySpec { pod_selector, service_account_selector, security_groups };
    let metadata = Metadata { name: policy.name.to_string(), ..Metadata::default() };
    Manifest::new(&SECURITY_GROUP_POLICY, metadata.in_namespace(&policy.namespace), &spec)
}

/// What the cluster needs for [`SecurityGroupPolicy`].
pub fn security_group_policy_requirements() -> Vec<Requirement> {
    let variable = |name, value| Requirement::Setting(Setting::of_daemon_set("kube-system", "aws-node", name, value));
    vec![
        Requirement::kind(&SECURITY_GROUP_POLICY),
        variable("ENABLE_POD_ENI", "true"),
        Requirement::Outside(
            "The nodes are Linux instances that can have trunk interfaces, in private subnets whose way out is a NAT gateway. With \
             POD_SECURITY_GROUP_ENFORCING_MODE=strict the pods' traffic leaves from their own addresses and under their own groups; \
             with standard, traffic that is translated to the node's address is under the node's groups"
                .to_owned(),
        ),
        Requirement::Outside("The security groups let the pods reach the cluster's DNS, and the kubelet the pods".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_ec2() {
        for good in ["sg-12345678", "sg-0123456789abcdef0"] {
            assert!(good.parse::<SecurityGroupId>().is_ok(), "{good}");
        }
        for bad in ["", "sg-egress-allowed", "sg-1234567", "sg-0123456789ABCDEF0", "subnet-12345678"] {
            assert_eq!(bad.parse::<SecurityGroupId>(), Err(Error::SecurityGroup(bad.into())));
        }
        assert_eq!("subnet-private-1".parse::<SubnetId>(), Err(Error::Subnet("subnet-private-1".into())));
        for good in ["eu-west-1a", "us-gov-west-1b", "us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1a"] {
            assert!(good.parse::<Zone>().is_ok(), "{good}");
        }
        for bad in ["", "eu-west-1", "euw1-az1", "a", "eu-west--1a", "EU-west-1a"] {
            assert_eq!(bad.parse::<Zone>(), Err(Error::Zone(bad.into())));
        }
    }

    #[test]
    fn an_interface_has_one_to_five_groups() {
        let groups = |count: u8| (0..count).map(|n| format!("sg-0000000{n}").parse().expect("an id"));
        assert_eq!(SecurityGroups::new([]), Err(Error::SecurityGroupCount(0)));
        assert!(SecurityGroups::new(groups(5)).is_ok());
        assert!(SecurityGroups::new(groups(5).chain(groups(5))).is_ok(), "each counts once");
        assert_eq!(SecurityGroups::new(groups(6)), Err(Error::SecurityGroupCount(6)));
    }
}
