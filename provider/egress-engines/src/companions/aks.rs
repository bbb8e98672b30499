//! AKS static egress gateway: a `StaticGatewayConfiguration` and the annotation with which pods use it.
//!
//! Source: the CRD, README and controller of kube-egress-gateway 0.1.8, which AKS installs, and the AKS documentation ("Configure
//! Static Egress Gateway").

use std::fmt;
use std::str::FromStr;

use egress_model::cidr::Cidr;
use egress_model::labels::{NamespaceName, ObjectName};
use serde::Serialize;

use crate::manifest::{Kind, Manifest, Metadata};

/// The annotation of pods that use a gateway of their namespace, by its name. It counts when the pod is created only.
pub const POD_ANNOTATION: &str = "kubernetes.azure.com/static-gateway-configuration";

/// The label that AKS gives to the nodes of a node pool, with the pool's name.
pub const NODE_POOL_LABEL: &str = "kubernetes.azure.com/agentpool";

pub(crate) const STATIC_GATEWAY_CONFIGURATION: Kind = Kind {
    api_version: "egressgateway.kubernetes.azure.com/v1alpha1",
    kind: "StaticGatewayConfiguration",
    plural: "staticgatewayconfigurations",
    accepted: None,
};

/// Why a text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AksError {
    /// No name of a node pool.
    #[error("{0:?} is no node pool of AKS: 1 to 12 lowercase letters and digits, a letter first")]
    NodePool(String),
    /// No id of a public IP prefix.
    #[error(
        "{0:?} is no public IP prefix; write /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/publicIPPrefixes/<name>"
    )]
    Prefix(String),
}

/// The name of a Linux node pool. Source: the AKS documentation, "Create node pools".
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodePoolName(String);

impl FromStr for NodePoolName {
    type Err = AksError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = (1..=12).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if good { Ok(Self(text.to_owned())) } else { Err(AksError::NodePool(text.to_owned())) }
    }
}

impl fmt::Display for NodePoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The resource id of a public IP prefix. Names in ids have no case in Azure; the spelling is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicIpPrefixId(String);

impl FromStr for PublicIpPrefixId {
    type Err = AksError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form: Vec<&str> = text.split('/').collect();
        let ["", subscriptions, subscription, groups, group, providers, provider, prefixes, name] = form[..] else {
            return Err(AksError::Prefix(text.to_owned()));
        };
        let words = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.Network"),
            (prefixes, "publicIPPrefixes"),
        ];
        let good = words.iter().all(|(written, meant)| written.eq_ignore_ascii_case(meant))
            && [subscription, group, name].iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        if good { Ok(Self(text.to_owned())) } else { Err(AksError::Prefix(text.to_owned())) }
    }
}

impl fmt::Display for PublicIpPrefixId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The addresses that traffic leaves from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Of this public IP prefix.
    Prefix(PublicIpPrefixId),
    /// Of a public IP prefix that AKS makes, and deletes with the gateway.
    Provisioned,
    /// Private addresses of the nodes' subnet, which AKS chooses.
    Private,
}

/// What of the pods' traffic goes through the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// Everything but what goes to these blocks, such as those of pods and Services.
    AllBut(Vec<Cidr>),
    /// What goes to these blocks alone.
    Only(Vec<Cidr>),
}

/// A static egress gateway for pods of its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticGateway {
    /// Its name, which pods have in their annotation.
    pub name: ObjectName,
    /// Its namespace, and that of its pods.
    pub namespace: NamespaceName,
    /// The node pool of mode `Gateway` that carries it.
    pub node_pool: NodePoolName,
    /// The addresses.
    pub addresses: Addresses,
    /// What goes through it.
    pub through: Through,
}

impl StaticGateway {
    /// The annotation with which a pod of the namespace uses the gateway. A pod has to have it when it is created: on one that
    /// runs it changes nothing.
    pub fn pod_annotation(&self) -> (&'static str, String) {
        (POD_ANNOTATION, self.name.to_string())
    }
}

/// What a `StaticGatewayConfiguration` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    gateway_nodepool_name: String,
    provision_public_ips: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip_prefix_id: Option<String>,
    default_route: &'static str,
    /// What takes the other way than the default route.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude_cidrs: Vec<String>,
}

/// Compiles a static egress gateway.
pub fn compile(gateway: &StaticGateway) -> Manifest {
    let metadata = Metadata { name: gateway.name.to_string(), ..Metadata::default() };
    manifest(gateway, metadata.in_namespace(&gateway.namespace))
}

/// The same with more labels and annotations.
pub(crate) fn manifest(gateway: &StaticGateway, metadata: Metadata) -> Manifest {
    let (default_route, blocks) = match &gateway.through {
        Through::AllBut(blocks) => ("staticEgressGateway", blocks),
        Through::Only(blocks) => ("azureNetworking", blocks),
    };
    let spec = Spec {
        gateway_nodepool_name: gateway.node_pool.to_string(),
        provision_public_ips: gateway.addresses != Addresses::Private,
        public_ip_prefix_id: match &gateway.addresses {
            Addresses::Prefix(id) => Some(id.to_string()),
            Addresses::Provisioned | Addresses::Private => None,
        },
        default_route,
        exclude_cidrs: blocks.iter().map(ToString::to_string).collect(),
    };
    Manifest::new(&STATIC_GATEWAY_CONFIGURATION, metadata, &spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_no_node_pool_or_prefix() {
        for bad in ["", "Egress", "1pool", "egress-pool", "abcdefghijklm"] {
            assert_eq!(bad.parse::<NodePoolName>(), Err(AksError::NodePool(bad.into())));
        }
        let good = "/subscriptions/0/resourcegroups/rg/providers/Microsoft.Network/publicipprefixes/p";
        assert_eq!(good.parse::<PublicIpPrefixId>().map(|id| id.to_string()), Ok(good.to_owned()));
        for bad in ["", "p", "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/p"] {
            assert_eq!(bad.parse::<PublicIpPrefixId>(), Err(AksError::Prefix(bad.into())));
        }
    }
}
