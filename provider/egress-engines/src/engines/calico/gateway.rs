//! What the gateways of Calico's two editions have in common: pools of addresses, and pods that opt in by annotation.

mod enterprise;
mod object;
mod open_source;

use std::collections::BTreeSet;
use std::net::IpAddr;

use egress_model::cidr::Cidr;
use egress_model::gateway::{Gateway, Source};
use egress_model::labels::{NAMESPACE_NAME_LABEL, Operator, Selector};
use egress_model::policy::Path;

use super::object::API_VERSION;
use super::selector::Expression;
use crate::gateway::Requirement;
use crate::manifest::{Kind, Manifest, Metadata};
use crate::{Findings, GatewayFeature, Level};
pub use enterprise::GATEWAY as ENTERPRISE_GATEWAY;
pub use object::{
    Affinity, Aws, EgressGatewayPolicySpec, EgressGatewaySpec, GatewayDestination, GatewayMatch, GatewayRule,
    IpPoolSpec, NodeAffinity, NodeSelector, NodeSelectorTerm, PoolReference, Template, TemplateMetadata, TemplateSpec,
    TopologySpreadConstraint,
};
pub use open_source::GATEWAY;

const IP_POOL: Kind = Kind { api_version: API_VERSION, kind: "IPPool", plural: "ippools", accepted: None };

/// A pool of one address. Calico never changes a pool's block, so that a pool of several could not grow or shrink with the gateway;
/// with one each, an address that comes or goes touches no other.
fn pool(gateway: &Gateway, address: IpAddr) -> Manifest {
    let spec = IpPoolSpec {
        cidr: Cidr::of_address(address).to_string(),
        block_size: if address.is_ipv4() { 32 } else { 128 },
        node_selector: "!all()",
        allowed_uses: ["Workload"],
        nat_outgoing: false,
    };
    Manifest::new(&IP_POOL, Metadata::of_gateway(gateway).suffixed(&format!("-{}", dashed(address))), &spec)
}

fn pool_name(gateway: &Gateway, address: IpAddr) -> String {
    format!("{}-{}", gateway.name, dashed(address))
}

/// An address as part of an object's name.
fn dashed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.octets().map(|octet| octet.to_string()).join("-"),
        IpAddr::V6(v6) => v6.segments().map(|segment| format!("{segment:x}")).join("-"),
    }
}

/// The sources that a gateway's annotation can be put on for: whole namespaces by their names.
fn named_namespaces(gateway: &Gateway) -> BTreeSet<String> {
    gateway.sources.iter().filter_map(names).flatten().collect()
}

/// The sources whose pods or namespaces the user has to annotate.
fn other_sources(gateway: &Gateway) -> impl Iterator<Item = &Source> {
    gateway.sources.iter().filter(|source| names(source).is_none())
}

/// The names of a source's namespaces, if that is all that it says.
fn names(source: &Source) -> Option<Vec<String>> {
    let Selector { match_labels, match_expressions } = &source.namespaces;
    if !source.pods.is_empty() {
        return None;
    }
    match (match_labels.iter().next(), match_labels.len(), match_expressions.as_slice()) {
        (Some((key, name)), 1, []) if key.as_str() == NAMESPACE_NAME_LABEL => Some(vec![name.to_string()]),
        (None, _, [demand]) if demand.key.as_str() == NAMESPACE_NAME_LABEL => match &demand.operator {
            Operator::In(names) => Some(names.iter().map(ToString::to_string).collect()),
            Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
        },
        _ => None,
    }
}

/// Warns of the sources that do not use the gateway until the user annotates them. Those with pods are in the table.
fn note_sources(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    if other_sources(gateway).any(|source| source.pods.is_empty()) {
        let why = "Calico binds namespaces by an annotation on each, and which ones these are is known only in the cluster: annotate \
                   them as the requirements say, or name them in namespaces.names";
        findings.add(Level::Degraded, Path::root().field("sources"), GatewayFeature::SourceNamespaces, why);
    }
}

/// What the user has to annotate.
fn annotated<'a>(gateway: &'a Gateway, annotation: &'a str) -> impl Iterator<Item = Requirement> {
    other_sources(gateway).map(move |source| {
        let namespaces = Expression::from(&source.namespaces);
        let sentence = if source.pods.is_empty() {
            format!("The namespaces that match {namespaces} have the annotation {annotation}")
        } else {
            let pods = Expression::from(&source.pods);
            format!(
                "The pods that match {pods} in the namespaces that match {namespaces} have the annotation {annotation}, in the \
                 template that they are made from"
            )
        };
        Requirement::Outside(sentence)
    })
}

/// Names in a sentence.
fn listed(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
