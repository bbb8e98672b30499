//! The rules of an `EgressFirewall`.
//!
//! Source: the CRD of OVN-Kubernetes 1.3.

use egress_model::cidr::Cidr;
use egress_model::policy::{DomainPattern, Entity, Path, Peers, Policy, Port, PortMatch, Protocol, Rule};

use super::object::{FirewallPort, FirewallRule, RuleType, Target};
use crate::label_selector::LabelSelector;
use crate::settings::OvnKubernetesDns;
use crate::{Feature, Findings, Settings};

/// The rules of a policy: what it denies, what it allows, and a deny of everything else.
pub(super) fn rules(policy: &Policy, settings: &Settings, findings: &mut Findings<'_, Feature>) -> Vec<FirewallRule> {
    let mut all = Vec::new();
    let at = Path::root().field("deny");
    for (key, rule) in &policy.deny {
        let path = at.key(key);
        refuse_pods(&rule.to, &path, findings);
        all.extend(written(policy, rule, RuleType::Deny, settings, &path, findings));
    }
    if policy.dns.allowed {
        all.extend(caches(policy, &dns_ports()));
    }
    let at = Path::root().field("allow");
    for (key, rule) in &policy.allow {
        all.extend(written(policy, rule, RuleType::Allow, settings, &at.key(key), findings));
    }
    let everything = [Cidr::ALL_IPV4, Cidr::ALL_IPV6].map(block);
    all.extend(everything.map(|to| FirewallRule { rule_type: RuleType::Deny, to, ports: Vec::new() }));
    all
}

fn refuse_pods(to: &Peers, path: &Path, findings: &mut Findings<'_, Feature>) {
    let (field, pods) = match to {
        Peers::Pods { .. } => ("to_pods", true),
        Peers::Entities(entities) => {
            ("to_entities", entities.iter().any(|entity| matches!(entity, Entity::All | Entity::Dns)))
        }
        Peers::Cidrs(_) | Peers::External | Peers::Domains(_) | Peers::Services(_) => ("to", false),
    };
    if pods {
        let why = "an EgressFirewall says nothing about pods as destinations, and a NetworkPolicy only allows; engine \
                   \"admin-network-policy\" denies them in OVN-Kubernetes as well";
        findings.refuse(path.field(field), Feature::Deny, why);
    }
}

fn written(
    policy: &Policy,
    rule: &Rule,
    rule_type: RuleType,
    settings: &Settings,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<FirewallRule> {
    let mut targets = Vec::new();
    let mut resolver = Vec::new();
    match &rule.to {
        Peers::Cidrs(set) => targets.extend(set.blocks().flat_map(|(whole, except)| whole.without(&except)).map(block)),
        Peers::External => {
            let outside = policy.cluster.external_blocks();
            if outside.is_empty() {
                let why = "an EgressFirewall has no notion of what is outside the cluster; set the provider's \
                           kubernetes.cluster_cidrs.pods, and services and nodes beside it";
                findings.refuse(path.field("to_external"), Feature::External, why);
            }
            targets.extend(outside.into_iter().flat_map(|(whole, inside)| whole.without(&inside)).map(block));
        }
        Peers::Domains(patterns) => {
            check_names(patterns, settings, path, findings);
            targets.extend(patterns.iter().map(|pattern| Target::DnsName(pattern.to_string())));
        }
        Peers::Entities(entities) => {
            for entity in entities {
                match entity {
                    Entity::All => targets.extend([Cidr::ALL_IPV4, Cidr::ALL_IPV6].map(block)),
                    Entity::Nodes => targets.push(Target::NodeSelector(LabelSelector::default())),
                    Entity::ApiServer => targets.extend(api_server(policy, path, findings)),
                    Entity::Dns if rule.ports.is_empty() => resolver.extend(caches(policy, &dns_ports())),
                    Entity::Dns => resolver.extend(caches(policy, &ports(&rule.ports, path, findings))),
                }
            }
        }
        // The NetworkPolicy decides about pods; Services are refused.
        Peers::Pods { .. } | Peers::Services(_) => {}
    }
    if targets.is_empty() {
        return resolver;
    }
    let ports = ports(&rule.ports, path, findings);
    // Of port names alone nothing is left: only pods have some.
    let targets = if ports.is_empty() && !rule.ports.is_empty() { Vec::new() } else { targets };
    let rules = targets.into_iter().map(|to| FirewallRule { rule_type, to, ports: ports.clone() });
    rules.chain(resolver).collect()
}

fn api_server(policy: &Policy, path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<Target> {
    let addresses = &policy.cluster.api_server;
    if addresses.is_empty() {
        let why =
            "an EgressFirewall has no notion of the API server; set the provider's kubernetes.cluster_cidrs.api_server";
        findings.refuse(path.field("to_entities"), Feature::ApiServer, why);
    }
    addresses.iter().copied().map(block).collect()
}

fn check_names(patterns: &[DomainPattern], settings: &Settings, path: &Path, findings: &mut Findings<'_, Feature>) {
    use egress_model::policy::Depth;
    for (index, pattern) in patterns.iter().enumerate() {
        let at = path.field("to_domains").index(index);
        if pattern.base().as_str().contains('_') {
            findings.refuse(at.clone(), Feature::Domains, "an EgressFirewall takes no names with '_'");
        }
        let polling = settings.ovn_kubernetes_dns == OvnKubernetesDns::Polling;
        if pattern.depth() == Depth::OneLabel && polling {
            let why = "OVN-Kubernetes takes wildcards only with its DNS name resolver (--enable-dns-name-resolver), and without it \
                       applies nothing of the EgressFirewall, so that everything passes; if yours has it, set the provider's \
                       kubernetes.ovn_kubernetes_dns to \"name-resolver\"";
            findings.refuse(at, Feature::DomainsOneLabel, why);
        }
    }
}

fn ports(ports: &[Port], path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<FirewallPort> {
    let mut all = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        match port {
            Port::Transport(protocol, PortMatch::Number(number)) => {
                all.push(FirewallPort { protocol: protocol.as_str(), port: number.get() });
            }
            Port::Transport(_, PortMatch::Every | PortMatch::Range(_)) => {
                let why = "an EgressFirewall takes single ports, not ranges of them, and this rule is in one because the policy \
                           denies something or has domain names; write the ports, or none for every port";
                findings.refuse(path.field("ports").index(index), Feature::PortRanges, why);
            }
            // Only pods have port names. ICMP is refused.
            Port::Transport(_, PortMatch::Named(_)) | Port::Icmp(_) => {}
        }
    }
    all
}

fn dns_ports() -> Vec<FirewallPort> {
    [Protocol::Udp, Protocol::Tcp].map(|protocol| FirewallPort { protocol: protocol.as_str(), port: 53 }).into()
}

/// The resolver's caches on the nodes, which are no pods.
fn caches(policy: &Policy, ports: &[FirewallPort]) -> Vec<FirewallRule> {
    let addresses = policy.dns.resolver.node_local.iter();
    addresses
        .map(|address| FirewallRule {
            rule_type: RuleType::Allow,
            to: block(Cidr::of_address(*address)),
            ports: ports.to_vec(),
        })
        .collect()
}

fn block(cidr: Cidr) -> Target {
    Target::CidrSelector(cidr.to_string())
}
