//! What Cilium makes of particular values in a policy: what the capability table cannot know.
//!
//! Sources: beside each part.

use std::collections::BTreeSet;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::policy::{
    CidrSet, Depth, Entity, HttpRule, IcmpType, Namespaces, Path, Peers, Policy, Port, PortMatch, Protocol, Rule, Scope,
};

use super::labels::{unusable_labels, unusable_namespace_labels};
use super::names::may_be_asked;
use super::reach::asks_resolver;
use super::traffic::EVERY_TYPE;
use crate::finding::listed;
use crate::{Feature, Findings, Level, Settings};

/// Adds what is to be said about a policy's values.
pub(super) fn note(policy: &Policy, settings: &Settings, findings: &mut Findings<'_, Feature>) {
    let root = Path::root();
    for why in unusable_labels(&policy.pods, settings) {
        findings.refuse(root.field("pods"), Feature::SourcePods, why);
    }
    if let Scope::Cluster { namespaces, .. } = &policy.scope {
        for why in unusable_namespace_labels(namespaces, settings) {
            findings.refuse(root.field("namespaces"), Feature::ClusterScope, why);
        }
    }
    // Cilium keeps the account in a label.
    if let Some(account) = policy.service_accounts.iter().find(|account| account.as_str().len() > 63) {
        let why = format!("Cilium has no service accounts with names of more than 63 characters, such as {account}");
        findings.refuse(root.field("service_accounts"), Feature::ServiceAccounts, why);
    }
    dns(policy, &root, settings, findings);
    for (key, rule) in &policy.allow {
        let at = root.field("allow").key(key);
        destination(policy, rule, &at, settings, findings);
        traffic(rule, &at, findings);
        connections(rule, &at, settings, findings);
    }
    for (key, rule) in &policy.deny {
        let at = root.field("deny").key(key);
        destination(policy, rule, &at, settings, findings);
        traffic(rule, &at, findings);
        for (field, given) in
            [("http_requests", !rule.http_requests.is_empty()), ("server_names", !rule.server_names.is_empty())]
        {
            if given {
                // Documentation, "Deny Policies".
                let why = "a deny rule of Cilium does not look into connections; allow what may pass instead";
                findings.refuse(at.field(field), Feature::Http, why);
            }
        }
    }
}

/// The resolver. Documentation: "DNS Policy and IP Discovery", "Node-local DNS cache".
fn dns(policy: &Policy, root: &Path, settings: &Settings, findings: &mut Findings<'_, Feature>) {
    let dns = &policy.dns;
    let asked_in_a_rule = policy.allow.values().any(asks_resolver);
    let at = root.field("allow_dns");
    if dns.allowed || asked_in_a_rule {
        for why in unusable_labels(&dns.resolver.pods, settings) {
            findings.refuse(at.clone(), Feature::Resolver, why);
        }
    }
    if dns.allowed && !dns.resolver.node_local.is_empty() {
        findings.add(Level::Degraded, at, Feature::Resolver, NODE_LOCAL);
    }
    if !dns.queries.is_empty() {
        let why = "names that are not listed are refused, also those that resolvers make with the search list \
                   (\"api.example.com\" is first asked for as \"api.example.com.NAMESPACE.svc.cluster.local\"). The \
                   C library of Alpine Linux gives up then: list \"**.cluster.local\" too, or set Cilium's Helm \
                   value dnsProxy.dnsRejectResponseCode to nameError";
        findings.add(Level::Exact, root.field("dns_queries"), Feature::DnsQueries, why);
    }
}

const NODE_LOCAL: &str = "Cilium takes a cache's address for the pod's own node or for the outside, depending on \
                          its version and the node's interfaces, so the rule is for both: the same ports of the \
                          pod's own node are reached too. With a cache that Cilium redirects to \
                          (CiliumLocalRedirectPolicy) leave node_local_ips out, and name its pods in the resolver's \
                          labels";

fn destination(policy: &Policy, rule: &Rule, at: &Path, settings: &Settings, findings: &mut Findings<'_, Feature>) {
    match &rule.to {
        Peers::Pods { namespaces, pods } => {
            if let Namespaces::Matching(selector) = namespaces {
                for why in unusable_namespace_labels(selector, settings) {
                    findings.refuse(at.field("to_namespaces"), Feature::DestinationPods, why);
                }
            }
            for why in unusable_labels(pods, settings) {
                findings.refuse(at.field("to_pods"), Feature::DestinationPods, why);
            }
        }
        Peers::Cidrs(set) => blocks(policy, set, &at.field("to_cidrs"), findings),
        Peers::Entities(entities) if entities.contains(&Entity::Dns) && !policy.dns.resolver.node_local.is_empty() => {
            findings.add(Level::Degraded, at.field("to_entities"), Feature::Resolver, NODE_LOCAL);
        }
        Peers::Domains(patterns) => {
            let asked_in_a_rule = policy.allow.values().any(asks_resolver);
            let unknown = || patterns.iter().find(|pattern| !may_be_asked(pattern, &policy.dns.queries));
            let why = if asked_in_a_rule {
                return;
            } else if !policy.dns.allowed {
                "Cilium learns the addresses of names from the answers that the pods get, and this policy lets them \
                 ask for nothing: the rule allows nothing unless another policy of theirs allows DNS with Cilium's \
                 rules about names"
                    .to_owned()
            } else if let Some(pattern) = unknown() {
                format!(
                    "dns_queries lets the pods not ask for every name of {pattern}, and Cilium learns addresses from answers only"
                )
            } else {
                return;
            };
            findings.add(Level::Degraded, at.field("to_domains"), Feature::Domains, why);
        }
        Peers::External | Peers::Services(_) | Peers::Entities(_) => {}
    }
}

/// A block never matches pods and nodes (documentation, "CIDR based"; `policyCIDRMatchMode` can change that for nodes).
fn blocks(policy: &Policy, set: &CidrSet, at: &Path, findings: &mut Findings<'_, Feature>) {
    let cluster = &policy.cluster;
    let internal = Outermost::of(cluster.internal());
    let (mut inside, mut with_nodes, mut nodes, mut whole) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    for (block, _) in set.blocks() {
        let meant: Vec<Cidr> =
            cluster.nodes.iter().copied().filter(|range| block.overlaps(range) && !set.excepts(range)).collect();
        if internal.covers(&block) {
            inside.push(block);
        } else if !meant.is_empty() {
            with_nodes.push(block);
            nodes.extend(meant);
        } else if [Cidr::ALL_IPV4, Cidr::ALL_IPV6].contains(&block) && cluster.nodes.is_empty() {
            whole.push(block);
        }
    }
    let mut degrade = |why: String| findings.add(Level::Degraded, at.clone(), Feature::BlocksWithoutPods, why);
    if !inside.is_empty() {
        degrade(format!(
            "{} is inside the cluster's own ranges, and to Cilium a block never holds pods or nodes: it matches \
             nothing that runs. Use to_pods, to_namespaces, or to_entities with \"nodes\"",
            listed(&inside)
        ));
    }
    if !with_nodes.is_empty() {
        degrade(format!(
            "{} also holds nodes ({}), which a block never matches in Cilium; add a rule with to_entities = [\"nodes\"] if they are meant",
            listed(&with_nodes),
            listed(&nodes)
        ));
    }
    if !whole.is_empty() {
        degrade(format!(
            "{} holds every address, but in Cilium a block never matches nodes; add to_entities = [\"nodes\"] for them",
            listed(&whole)
        ));
    }
}

/// ICMP (CRD: `icmps.fields` takes types without codes; type 0: see `traffic::icmp_types`) and SCTP (documentation, "SCTP
/// support").
fn traffic(rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) {
    for (index, port) in rule.ports.iter().enumerate() {
        let (level, feature, why) = match port {
            Port::Icmp(Some(IcmpType { number: EVERY_TYPE, .. })) => (
                Level::Refused,
                Feature::Icmp,
                "Cilium takes type 0 for every type of ICMP. Replies to what pods sent pass anyway, so leave it \
                 out; write \"ICMP\" for every type",
            ),
            Port::Icmp(Some(IcmpType { code: Some(_), .. })) => {
                (Level::Degraded, Feature::Icmp, "Cilium does not look at the code: every code of the type is meant")
            }
            Port::Transport(Protocol::Sctp, _) => (
                Level::Exact,
                Feature::Sctp,
                "needs Cilium's Helm value sctp.enabled, without which Cilium drops all SCTP",
            ),
            Port::Icmp(None | Some(IcmpType { code: None, .. })) | Port::Transport(..) => continue,
        };
        findings.add(level, at.field("ports").index(index), feature, why);
    }
}

/// HTTP requests and TLS server names.
fn connections(rule: &Rule, at: &Path, settings: &Settings, findings: &mut Findings<'_, Feature>) {
    let (field, feature) = match (rule.http_requests.is_empty(), rule.server_names.is_empty()) {
        (true, true) => return,
        (false, _) => (at.field("http_requests"), Feature::Http),
        (true, false) => (at.field("server_names"), Feature::Sni),
    };
    let matched = |port: &Port| match port {
        Port::Transport(Protocol::Tcp, matched) => Some(matched.clone()),
        Port::Transport(..) | Port::Icmp(_) => None,
    };
    let ports: Vec<PortMatch> = rule.ports.iter().filter_map(matched).collect();
    if ports.contains(&PortMatch::Every) {
        let why =
            "Cilium looks into connections to named or numbered ports only, not to every port (port 0); name the ports";
        findings.refuse(field.clone(), feature, why);
    }
    let has_range = ports.iter().any(|port| matches!(port, PortMatch::Range(_)));
    if !rule.http_requests.is_empty() && has_range && !settings.at_least(1, 17) {
        findings.refuse(
            field.clone(),
            feature,
            "Cilium before 1.17 takes no ranges of ports beside HTTP rules; name the ports",
        );
    }
    requests(&rule.http_requests, &ports, &field, findings);
    if rule.server_names.iter().any(|name| name.depth() != Depth::Exact) && !settings.at_least(1, 18) {
        findings.refuse(
            field,
            Feature::Sni,
            "Cilium before 1.18 takes no wildcards in TLS server names; list the names",
        );
    }
}

fn requests(rules: &[HttpRule], ports: &[PortMatch], at: &Path, findings: &mut Findings<'_, Feature>) {
    if rules.is_empty() {
        return;
    }
    let is_tls = |port: &PortMatch| matches!(port, PortMatch::Number(number) if number.get() == 443);
    if ports.iter().any(is_tls) {
        let why = "Cilium's proxy reads plain HTTP: if clients speak TLS to port 443, all of it is stopped; use server_names for TLS";
        findings.add(Level::Exact, at.clone(), Feature::Http, why);
    }
    for (index, rule) in rules.iter().enumerate() {
        for (name, _) in rule.headers.iter().filter(|(_, value)| value.is_empty()) {
            let path = at.index(index).field("headers").key(name.as_str());
            let why = "Cilium cannot ask for an empty value; the header only has to be there";
            findings.add(Level::Degraded, path, Feature::HttpHeaders, why);
        }
    }
}
