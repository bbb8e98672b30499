//! The gateway of Calico Enterprise: pods of the Tigera operator that traffic leaves from, and a policy that says which
//! destinations they are for.
//!
//! Sources: Calico Enterprise v3.23, "Configure egress gateways, on-premises" and "on AWS", "Egress gateways using the host's
//! address", "Optimize egress networking for workloads with long-lived TCP connections", and the reference of
//! `EgressGatewayPolicy`.

use std::collections::BTreeMap;

use egress_model::cidr::Cidr;
use egress_model::gateway::{Destinations, Failover, Gateway};
use egress_model::policy::Path;

use super::super::address::family;
use super::super::object::{API_VERSION, Family};
use super::super::selector::Expression;
use super::super::support;
use super::object::{
    Affinity, Aws, EgressGatewayPolicySpec, EgressGatewaySpec, GatewayMatch, GatewayRule, NodeAffinity, NodeSelector,
    NodeSelectorTerm, PoolReference, Template, TemplateMetadata, TemplateSpec, TopologySpreadConstraint,
};
use super::{IP_POOL, annotated, listed, named_namespaces, note_sources, other_sources, pool, pool_name};
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::label_selector::LabelSelector;
use crate::manifest::{Kind, Manifest, Metadata};
use crate::requirement::{LiveObject, Place, Setting};
use crate::{Attachment, Compiled, EngineName, Findings, GatewayFeature, Level, Settings};

/// Gateways of Calico Enterprise and Calico Cloud.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::CalicoEnterprise,
    support: support::enterprise_gateway,
    exceptions: support::ENTERPRISE_GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&IP_POOL, &EGRESS_GATEWAY, &EGRESS_GATEWAY_POLICY],
    not_for_policies: Some(
        "a pod or its namespace names its gateway in an annotation, and has one EgressGatewayPolicy",
    ),
};

const EGRESS_GATEWAY: Kind =
    Kind { api_version: "operator.tigera.io/v1", kind: "EgressGateway", plural: "egressgateways", accepted: None };
const EGRESS_GATEWAY_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "EgressGatewayPolicy", plural: "egressgatewaypolicies", accepted: None };

/// The annotation by which pods and namespaces choose their gateways.
const CHOICE: &str = "egress.projectcalico.org/egressGatewayPolicy";
/// The label that the operator gives the pods of a gateway that says nothing about their labels.
const GATEWAY_LABEL: &str = "projectcalico.org/egw";
/// The pool that the operator makes for the cluster's pods, whose addresses nodes replace by their own.
const DEFAULT_POOL: &str = "default-ipv4-ippool";

/// Compiles a gateway to pools, an `EgressGateway`, an `EgressGatewayPolicy`, and the annotations of the namespaces that use it.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::enterprise_gateway, settings);
    look_up(gateway, &mut findings);
    note_sources(gateway, &mut findings);
    note_namespace(gateway, &mut findings);
    note_addresses(gateway, &mut findings);
    note_replicas(gateway, &mut findings);
    note_destinations(gateway, &mut findings);
    let pools = gateway.ips.iter().map(|address| pool(gateway, *address));
    let in_namespace = Metadata::of_gateway(gateway).in_namespace(&gateway.namespace);
    let pods = Manifest::new(&EGRESS_GATEWAY, in_namespace, &egress_gateway(gateway));
    let policy = Manifest::new(&EGRESS_GATEWAY_POLICY, Metadata::of_gateway(gateway), &policy(gateway));
    // Calico drops all traffic of a pod whose annotation names a policy that is not there.
    let attached = named_namespaces(gateway)
        .into_iter()
        .map(|namespace| Attachment::on_namespace(namespace, [(CHOICE, gateway.name.to_string())]));
    Compiled::new(pools.chain([pods, policy]).collect(), findings).attaching(attached.collect())
}

fn egress_gateway(gateway: &Gateway) -> EgressGatewaySpec {
    let replicas = replicas(gateway);
    let on_aws = gateway.ips.is_empty() && !gateway.public_ips.is_empty();
    let names = match (gateway.ips.is_empty(), on_aws) {
        (true, true) => vec![gateway.name.to_string()],
        (true, false) => vec![DEFAULT_POOL.to_owned()],
        (false, _) => gateway.ips.iter().map(|address| pool_name(gateway, *address)).collect(),
    };
    let elastic_ips = gateway.public_ips.iter().map(ToString::to_string).collect();
    let node_labels = gateway.nodes.match_labels.iter();
    let demands = LabelSelector::from(&gateway.nodes).match_expressions;
    let required = NodeSelector { node_selector_terms: vec![NodeSelectorTerm { match_expressions: demands.clone() }] };
    let affinity =
        Affinity { node_affinity: NodeAffinity { required_during_scheduling_ignored_during_execution: required } };
    let spread = TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname",
        // Two pods on one node fail with it.
        when_unsatisfiable: match gateway.failover {
            Failover::Required => "DoNotSchedule",
            Failover::BestEffort => "ScheduleAnyway",
        },
        label_selector: LabelSelector { match_labels: pod_labels(gateway), match_expressions: Vec::new() },
    };
    EgressGatewaySpec {
        replicas,
        ip_pools: names.into_iter().map(|name| PoolReference { name }).collect(),
        aws: on_aws.then_some(Aws { native_ip: "Enabled", elastic_ips }),
        template: Template {
            metadata: TemplateMetadata { labels: pod_labels(gateway) },
            spec: TemplateSpec {
                node_selector: node_labels.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
                affinity: (!demands.is_empty()).then_some(affinity),
                topology_spread_constraints: if replicas > 1 { vec![spread] } else { Vec::new() },
            },
        },
    }
}

fn pod_labels(gateway: &Gateway) -> BTreeMap<String, String> {
    [(GATEWAY_LABEL.to_owned(), gateway.name.to_string())].into()
}

/// How many pods: as many as there are addresses, unless the user says; two where one must be able to fail.
fn replicas(gateway: &Gateway) -> u16 {
    let least = if gateway.failover == Failover::Required { 2 } else { 1 };
    let addresses = addresses(gateway).unwrap_or(least);
    gateway.replicas.map_or(addresses.max(1), std::num::NonZeroU16::get)
}

/// How many pods can have an address; any number where the pool is not the gateway's own.
fn addresses(gateway: &Gateway) -> Option<u16> {
    let own = if gateway.ips.is_empty() { gateway.public_ips.len() } else { gateway.ips.len() };
    (own > 0).then(|| u16::try_from(own).unwrap_or(u16::MAX))
}

/// The gateway for the destinations, and none for the rest.
fn policy(gateway: &Gateway) -> EgressGatewayPolicySpec {
    let through = || {
        Some(GatewayMatch {
            namespace_selector: Expression::namespace(&gateway.namespace),
            selector: Expression::label(GATEWAY_LABEL, &gateway.name),
        })
    };
    let local = |cidr: &Cidr, description: &'static str| GatewayRule {
        description: Some(description),
        ..GatewayRule::new(cidr, None)
    };
    let mut rules: BTreeMap<Cidr, GatewayRule> = BTreeMap::new();
    match &gateway.to {
        Destinations::Cidrs(set) => {
            rules.insert(Cidr::ALL_IPV4, local(&Cidr::ALL_IPV4, "everything else: no gateway"));
            for (block, except) in set.blocks() {
                rules.extend(except.iter().map(|cidr| (*cidr, local(cidr, "left out: no gateway"))));
                rules.insert(block, GatewayRule::new(&block, through()));
            }
        }
        Destinations::External | Destinations::Domains(_) => {
            rules.insert(Cidr::ALL_IPV4, GatewayRule::new(&Cidr::ALL_IPV4, through()));
        }
    }
    EgressGatewayPolicySpec { rules: rules.into_values().collect() }
}

/// Tells where a gateway's pods would go through themselves.
fn note_namespace(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    if named_namespaces(gateway).contains(gateway.namespace.as_str()) {
        let why = format!(
            "the gateway's own pods are in {}, and the annotation of the namespace is for them too; put the gateway into a namespace \
             that does not use it",
            gateway.namespace
        );
        findings.refuse(Path::root().field("namespace"), GatewayFeature::SourceNamespaces, why);
    }
}

fn note_addresses(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    let root = Path::root();
    let (own, public) = (!gateway.ips.is_empty(), !gateway.public_ips.is_empty());
    if own && public {
        let why = format!(
            "Calico attaches public addresses only to gateways whose addresses AWS gave; with ips of your own, translate them to {} \
             in the network outside",
            listed(&gateway.public_ips)
        );
        findings.add(Level::Degraded, root.field("public_ips"), GatewayFeature::PublicIps, why);
    } else if !own && !public {
        let why = format!(
            "without addresses of its own a gateway takes them from the pool {DEFAULT_POOL}, and its traffic leaves from the address \
             of whichever node its pod runs on; set ips for addresses that stay"
        );
        findings.add(Level::Exact, root.field("ips"), GatewayFeature::Ips, why);
    }
    if gateway.public_ips.iter().any(std::net::IpAddr::is_ipv6) {
        let why = "Elastic IPs are IPv4 addresses";
        findings.refuse(root.field("public_ips"), GatewayFeature::PublicIps, why);
    }
}

fn note_replicas(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    let at = Path::root().field("replicas");
    let replicas = replicas(gateway);
    if let Some(addresses) = addresses(gateway) {
        if replicas > addresses {
            let why = format!(
                "each pod of the gateway needs an address of its own, and there are {addresses}; give more, or fewer replicas"
            );
            findings.refuse(at.clone(), GatewayFeature::Replicas, why);
        } else if replicas == addresses {
            let why = "every address is in use, and an update of the gateway's pods stalls where a new pod finds no free one; give \
                       one address more than replicas";
            findings.add(Level::Exact, at.clone(), GatewayFeature::Replicas, why);
        }
    }
    if gateway.failover == Failover::Required {
        let failover = Path::root().field("failover");
        if replicas < 2 {
            let why = "one pod has no other to take over; ask for two replicas, with an address for each";
            findings.refuse(failover, GatewayFeature::Failover, why);
        } else {
            // FelixConfiguration: egressGatewayPollInterval (10 s) times egressGatewayPollFailureCount (3).
            let why = "the other pods take over once polls of one have failed, by default for 30 seconds; its connections break, and \
                       new ones leave from the others' addresses";
            findings.add(Level::Exact, failover, GatewayFeature::Failover, why);
        }
    }
}

fn note_destinations(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    let Destinations::Cidrs(set) = &gateway.to else { return };
    if let Some((block, _)) = set.blocks().find(|(block, _)| family(block) == Family::V6) {
        let why = format!("Calico Enterprise has egress gateways for IPv4 only, and {block} is IPv6");
        findings.refuse(Path::root().field("to").field("cidrs"), GatewayFeature::Cidrs, why);
    }
}

/// The settings of Calico's agents.
const FELIX_CONFIGURATION: Kind =
    Kind { api_version: API_VERSION, kind: "FelixConfiguration", plural: "felixconfigurations", accepted: None };

fn requirements(gateway: &Gateway, _: &Settings) -> Vec<Requirement> {
    let per_pod = other_sources(gateway).any(|source| !source.pods.is_empty());
    let support = ["EnabledPerNamespace", "EnabledPerNamespaceOrPerPod"];
    let setting = |kind, name, field, values: &[&str]| {
        Requirement::Setting(Setting {
            object: LiveObject { kind, namespace: None, name },
            places: vec![Place::Field(field)],
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        })
    };
    let mut requirements = vec![
        Requirement::kind(&EGRESS_GATEWAY),
        Requirement::kind(&EGRESS_GATEWAY_POLICY),
        // What pods may do, namespaces may too.
        setting(
            &FELIX_CONFIGURATION,
            "default",
            "spec.egressIPSupport",
            if per_pod { &support[1..] } else { &support },
        ),
        Requirement::Outside("Calico's own CNI plugin and IPAM give pods their addresses".to_owned()),
        Requirement::Outside("Nodes reach each other on UDP port 4790".to_owned()),
    ];
    // The gateway is pods, which any node of these can run.
    requirements.extend(Requirement::nodes_at_least(gateway, 1));
    if !gateway.ips.is_empty() {
        requirements.push(Requirement::Outside(format!(
            "The network outside routes {} to the node of the gateway's pod, as Calico announces over BGP",
            listed(&gateway.ips)
        )));
        requirements.push(Requirement::Outside(
            "The gateway's nodes are in the subnet of the pods' nodes, or the pod network has no VXLAN and no IPIP"
                .to_owned(),
        ));
    } else if gateway.public_ips.is_empty() {
        requirements.push(setting(&IP_POOL, "default-ipv4-ippool", "spec.natOutgoing", &["true"]));
    } else {
        requirements.push(Requirement::Outside(
            "awsSecondaryIPSupport of the FelixConfiguration default is EnabledENIPerWorkload or Enabled".to_owned(),
        ));
        requirements.push(Requirement::Outside(format!(
            "An IPPool {} is there with awsSubnetID, allowedUses [Workload], blockSize 32, disableBGPExport and an address for each \
             replica",
            gateway.name
        )));
    }
    let annotation = format!("{CHOICE}: {}", gateway.name);
    requirements.extend(annotated(gateway, &annotation));
    requirements
}
