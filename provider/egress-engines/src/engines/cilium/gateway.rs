//! The compiler of gateways to Cilium's `CiliumEgressGatewayPolicy`, and what it needs of the cluster.
//!
//! Sources: Cilium documentation, "Egress Gateway" at 1.16 to 1.20; the CRDs of 1.17 (one gateway, IPv4), 1.18 (several, IPv6
//! destinations) and 1.20 (IPv6 addresses); `pkg/egressgateway` (the first node by name, no look at its health).
//!
//! One object for each address family, so that a node without a route of one family still serves the other: Cilium drops what
//! matches a policy whose address it cannot find.

use std::net::IpAddr;

use egress_model::cidr::Cidr;
use egress_model::gateway::{Destinations, Failover, Gateway, Source};
use egress_model::labels::{NAMESPACE_NAME_LABEL, Operator, Requirement as Demand, Selector};
use egress_model::policy::Path;

use super::labels::{unusable_labels, unusable_namespace_labels};
use super::object::{EGRESS_GATEWAY_POLICY, EgressGateway, GatewayPolicySpec, SourceSelector};
use super::selector::POD_NAMESPACE_KEY;
use super::support;
use crate::gateway::{GatewayEngine, look_up};
use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::manifest::{Manifest, Metadata};
use crate::requirement::{CONFIG_MAP, LiveObject, Place, Setting};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Level, Requirement, Settings};

/// The engine: Cilium's agents on every node, of which one masquerades.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Cilium,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&EGRESS_GATEWAY_POLICY],
    not_for_policies: None,
};

/// Compiles a gateway to a `CiliumEgressGatewayPolicy` for each address family.
pub fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    note(gateway, settings, &mut findings);
    let families = families(gateway);
    let manifests = families.iter().map(|family| {
        let metadata = Metadata::of_gateway(gateway);
        // The first keeps the name.
        let second = *family == Family::V6 && families.len() > 1;
        let metadata = if second { metadata.suffixed("-ipv6") } else { metadata };
        Manifest::new(&EGRESS_GATEWAY_POLICY, metadata, &spec(gateway, *family))
    });
    Compiled::new(manifests.collect(), findings)
}

/// Gateways of one policy (CRD of 1.20, `spec.egressGateways`: maxItems).
const GATEWAYS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn all(self) -> Cidr {
        match self {
            Self::V4 => Cidr::ALL_IPV4,
            Self::V6 => Cidr::ALL_IPV6,
        }
    }

    fn holds(self, cidr: &Cidr) -> bool {
        cidr.same_family(&self.all())
    }

    fn has(self, address: IpAddr) -> bool {
        address.is_ipv6() == (self == Self::V6)
    }
}

/// The families of the destinations. Of everything outside the cluster, those that the gateway has addresses of: a policy for
/// IPv6 on nodes without IPv6 drops what it matches.
fn families(gateway: &Gateway) -> Vec<Family> {
    let is_meant = |family: &Family| match &gateway.to {
        Destinations::Cidrs(set) => set.blocks().any(|(cidr, _)| family.holds(&cidr)),
        Destinations::External | Destinations::Domains(_) if gateway.ips.is_empty() => *family == Family::V4,
        Destinations::External | Destinations::Domains(_) => gateway.ips.iter().any(|address| family.has(*address)),
    };
    [Family::V4, Family::V6].into_iter().filter(is_meant).collect()
}

fn spec(gateway: &Gateway, family: Family) -> GatewayPolicySpec {
    let (destinations, excluded) = match &gateway.to {
        Destinations::Cidrs(set) => {
            let blocks: Vec<(Cidr, Vec<Cidr>)> = set.blocks().filter(|(cidr, _)| family.holds(cidr)).collect();
            let mut excluded: Vec<Cidr> = blocks.iter().flat_map(|(_, except)| except.clone()).collect();
            excluded.sort();
            excluded.dedup();
            (blocks.into_iter().map(|(cidr, _)| cidr).collect(), excluded)
        }
        Destinations::External | Destinations::Domains(_) => (vec![family.all()], Vec::new()),
    };
    let texts = |cidrs: Vec<Cidr>| cidrs.iter().map(ToString::to_string).collect();
    let gateways = gateways(gateway, family);
    GatewayPolicySpec {
        selectors: gateway.sources.iter().map(source).collect(),
        destination_cidrs: texts(destinations),
        excluded_cidrs: texts(excluded),
        egress_gateway: gateways[0].clone(),
        egress_gateways: if gateways.len() > 1 { gateways } else { Vec::new() },
    }
}

/// The gateways of a family; at least one.
fn gateways(gateway: &Gateway, family: Family) -> Vec<EgressGateway> {
    let one = |nodes: &Selector, address: Option<IpAddr>| EgressGateway {
        node_selector: nodes.into(),
        egress_ip: address.map(|address| address.to_string()),
        interface: gateway.interface.clone(),
    };
    let addresses: Vec<IpAddr> = gateway.ips.iter().copied().filter(|address| family.has(*address)).collect();
    if !addresses.is_empty() {
        return addresses.into_iter().map(|address| one(&gateway.nodes, Some(address))).collect();
    }
    match replicas(gateway) {
        Some(nodes) => nodes.iter().map(|nodes| one(nodes, None)).collect(),
        None => vec![one(&gateway.nodes, None)],
    }
}

/// A selector of nodes for each of several gateways, from an expression that lists enough values of one label.
fn replicas(gateway: &Gateway) -> Option<Vec<Selector>> {
    let wanted = usize::from(gateway.replicas.filter(|replicas| replicas.get() > 1)?.get());
    let listed = |demand: &Demand| match &demand.operator {
        Operator::In(values) if values.len() >= wanted => Some(values.clone()),
        _ => None,
    };
    let mut demands = gateway.nodes.match_expressions.iter().enumerate();
    let (position, values) = demands.find_map(|(position, demand)| Some((position, listed(demand)?)))?;
    let narrowed = values.into_iter().take(wanted).map(|value| {
        let mut nodes = gateway.nodes.clone();
        nodes.match_expressions[position].operator = Operator::In([value].into());
        nodes
    });
    Some(narrowed.collect())
}

/// Pods of namespaces. The namespace's name is a label of the pod, its other labels have a selector of their own.
fn source(source: &Source) -> SourceSelector {
    let mut pods = LabelSelector::from(&source.pods);
    let mut namespaces = LabelSelector::from(&source.namespaces);
    if let Some(name) = namespaces.match_labels.remove(NAMESPACE_NAME_LABEL) {
        pods.match_labels.insert(POD_NAMESPACE_KEY.to_owned(), name);
    }
    let (names, others): (Vec<_>, Vec<_>) =
        namespaces.match_expressions.into_iter().partition(|expression| expression.key == NAMESPACE_NAME_LABEL);
    namespaces.match_expressions = others;
    let renamed = |expression| LabelSelectorRequirement { key: POD_NAMESPACE_KEY.to_owned(), ..expression };
    pods.match_expressions.extend(names.into_iter().map(renamed));
    let is_empty = |selector: &LabelSelector| *selector == LabelSelector::default();
    // One of the two must be there; an empty selector of namespaces is every namespace.
    let namespace_selector = (!is_empty(&namespaces) || is_empty(&pods)).then_some(namespaces);
    SourceSelector { namespace_selector, pod_selector: (!is_empty(&pods)).then_some(pods) }
}

/// What depends on the gateway's values.
fn note(gateway: &Gateway, settings: &Settings, findings: &mut Findings<'_, GatewayFeature>) {
    let root = Path::root();
    let families = families(gateway);
    for why in gateway.sources.iter().flat_map(|source| unusable_labels(&source.pods, settings)) {
        findings.refuse(root.field("sources"), GatewayFeature::SourcePods, why);
    }
    for why in gateway.sources.iter().flat_map(|source| unusable_namespace_labels(&source.namespaces, settings)) {
        findings.refuse(root.field("sources"), GatewayFeature::SourceNamespaces, why);
    }
    destinations(gateway, settings, findings);
    if gateway.interface.is_some() && !gateway.ips.is_empty() {
        let why = "Cilium takes an interface or addresses, and ignores a policy with both; leave one out";
        findings.refuse(root.field("interface"), GatewayFeature::Interface, why);
    }
    if gateway.nodes.is_empty() && !gateway.ips.is_empty() {
        let why = "without it Cilium takes the first of all nodes by name, which must have the addresses; select the node that has them";
        findings.add(Level::Degraded, root.field("nodes"), GatewayFeature::Nodes, why);
    }
    if gateway.replicas.is_some_and(|replicas| replicas.get() > 1) {
        let at = root.field("replicas");
        if !gateway.ips.is_empty() {
            let why = "an address is on one node, and nothing says on which of several; leave replicas out, or ips, so that every \
                       node's own address is taken";
            findings.refuse(at, GatewayFeature::Replicas, why);
        } else if replicas(gateway).is_none() {
            let why = "for each gateway Cilium takes the first node by name, so each needs nodes of its own: list as many values of \
                       one label in nodes, such as \"kubernetes.io/hostname in (a, b)\"";
            findings.refuse(at, GatewayFeature::Replicas, why);
        }
    }
    let most = families.iter().map(|family| gateways(gateway, *family).len()).max().unwrap_or_default();
    if most > GATEWAYS && settings.at_least(1, 20) {
        let (field, feature) = if gateway.ips.is_empty() {
            ("replicas", GatewayFeature::Replicas)
        } else {
            ("ips", GatewayFeature::SeveralIps)
        };
        let why = format!(
            "a CiliumEgressGatewayPolicy has at most {GATEWAYS} gateways of a family, and {most} are asked for; leave some out, or make \
             several gateways of it, each with some of the sources"
        );
        findings.refuse(root.field(field), feature, why);
    }
    if gateway.failover == Failover::BestEffort {
        let why = "while the gateway's node is down, its traffic is dropped; when the cluster no longer lists the node, the next \
                   one by name takes over, from its own address or, with ips, once it has them";
        findings.add(Level::Exact, root.field("failover"), GatewayFeature::Failover, why);
    }
}

fn destinations(gateway: &Gateway, settings: &Settings, findings: &mut Findings<'_, GatewayFeature>) {
    let root = Path::root();
    let families = families(gateway);
    if gateway.to == Destinations::External && !families.contains(&Family::V6) {
        let why = "only IPv4: where the cluster has IPv6, traffic to IPv6 addresses leaves from the pod's or node's own \
                   address; set to.cidrs to \"0.0.0.0/0\" and \"::/0\" there (Cilium 1.18, with an IPv6 address in ips 1.20)";
        findings.add(Level::Degraded, root.field("to"), GatewayFeature::External, why);
    }
    if gateway.to == Destinations::External && !families.contains(&Family::V4) {
        let why = "only IPv6, because ips has no IPv4 address: other traffic does not go through the gateway";
        findings.add(Level::Degraded, root.field("to"), GatewayFeature::External, why);
    }
    if let Destinations::Cidrs(_) = gateway.to {
        if families.contains(&Family::V6) && !settings.at_least(1, 18) {
            let why = "Cilium before 1.18 has no gateways for IPv6; leave the IPv6 blocks out";
            findings.refuse(root.field("to").field("cidrs"), GatewayFeature::Cidrs, why);
        }
        let has = |family: Family| gateway.ips.iter().any(|address| family.has(*address));
        for (family, name) in [(Family::V4, "IPv4"), (Family::V6, "IPv6")] {
            if families.contains(&family) && !has(family) && !gateway.ips.is_empty() {
                let why = format!(
                    "ips has no {name} address: traffic to the {name} blocks leaves from the first one of the node's interface with \
                     the default route"
                );
                findings.add(Level::Degraded, root.field("to").field("cidrs"), GatewayFeature::Cidrs, why);
            }
            if has(family) && !families.contains(&family) {
                let why = format!("the {name} addresses are not used: cidrs has no {name} blocks");
                findings.add(Level::Degraded, root.field("ips"), GatewayFeature::Ips, why);
            }
        }
    }
}

/// What must be there. Documentation, "Egress Gateway": "Enable egress gateway", "Incompatibility with other features", "Delay for
/// enforcement of egress policies on new pods".
fn requirements(gateway: &Gateway, settings: &Settings) -> Vec<Requirement> {
    let switch = "data.enable-egress-gateway";
    let until_1_17 = "data.enable-ipv4-egress-gateway";
    let switches = match settings.version {
        None => vec![switch, until_1_17],
        Some(_) if settings.at_least(1, 18) => vec![switch],
        Some(_) => vec![until_1_17],
    };
    let helm = |key, value: &str, fields: &[&'static str]| Requirement::HelmValue {
        chart: "cilium",
        key,
        value: value.to_owned(),
        seen_as: Some(Setting {
            object: LiveObject { kind: &CONFIG_MAP, namespace: Some("kube-system"), name: "cilium-config" },
            places: fields.iter().map(|field| Place::Field(field)).collect(),
            values: vec![value.to_owned()],
        }),
    };
    let mut all = vec![
        Requirement::kind(&EGRESS_GATEWAY_POLICY),
        helm("egressGateway.enabled", "true", &switches),
        helm("bpf.masquerade", "true", &["data.enable-bpf-masquerade"]),
        helm("kubeProxyReplacement", "true", &["data.kube-proxy-replacement"]),
        helm("identityAllocationMode", "crd", &["data.identity-allocation-mode"]),
    ];
    all.extend(Requirement::nodes_at_least(gateway, 1));
    let outside = |sentence: &str| Requirement::Outside(sentence.to_owned());
    if !gateway.ips.is_empty() {
        let ips: Vec<String> = gateway.ips.iter().map(ToString::to_string).collect();
        let sentence = format!(
            "The gateway's node has {} on an interface that Cilium runs on (Helm value devices).",
            ips.join(", ")
        );
        all.push(Requirement::Outside(sentence));
    }
    all.push(outside(
        "Helm value ciliumEndpointSlice.enabled is off: egress gateways do not work with it (cilium#24833).",
    ));
    all.push(outside(
        "Pods bear that their first connections leave from another address: a gateway takes effect a moment after a pod has started \
         (cilium#24791).",
    ));
    all
}
