//! AKS static egress gateway: a `StaticGatewayConfiguration` and the annotation with which pods use it.
//!
//! Source: the CRD, README and controller of kube-egress-gateway 0.1.8, which AKS installs, and the AKS documentation ("Configure
//! Static Egress Gateway").

use egress_model::cidr::Cidr;
use egress_model::labels::{NamespaceName, ObjectName};
use serde::Serialize;

use super::ids::{NodePoolName, PublicIpPrefixId};
use crate::Requirement;
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

/// What the cluster needs for a static egress gateway, and what its pods need.
pub fn requirements(gateway: &StaticGateway) -> Vec<Requirement> {
    let (key, value) = gateway.pod_annotation();
    let mut all = vec![
        Requirement::kind(&STATIC_GATEWAY_CONFIGURATION),
        Requirement::Outside(
            "The cluster has the static egress gateway on (az aks update --enable-static-egress-gateway), and the node pool has \
             mode Gateway and at least two nodes, so that traffic goes on when one fails"
                .to_owned(),
        ),
        Requirement::PodAnnotation { key, value },
    ];
    match gateway.addresses {
        Addresses::Prefix(_) => all.push(Requirement::Outside(
            "The cluster's identity may read and join the public IP prefix (Network Contributor)".to_owned(),
        )),
        Addresses::Private => all.push(Requirement::Outside(
            "The node pool has virtual machines instead of a scale set, and private addresses have a way out of their own"
                .to_owned(),
        )),
        Addresses::Provisioned => {}
    }
    all
}
