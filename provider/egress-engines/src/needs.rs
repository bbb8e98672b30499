//! Which features a policy needs, part by part.

use std::collections::BTreeMap;

use egress_model::policy::{
    Depth, DomainPattern, Entity, Mode, Namespaces, Path, Peers, Policy, Port, PortMatch, Protocol, Rule, Scope,
};

use crate::{Feature, Findings};

/// Looks every part of a policy up in the engine's column, so that no compiler can overlook one. What depends on more than a
/// feature, such as the policy's own values, is left to the compiler.
pub fn look_up(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    for (path, feature) in features(policy) {
        findings.need(path, feature);
    }
}

/// What each part of a policy asks for.
pub fn features(policy: &Policy) -> Vec<(Path, Feature)> {
    let mut found = Needed(Vec::new());
    of_policy(policy, &mut found);
    found.0
}

struct Needed(Vec<(Path, Feature)>);

impl Needed {
    fn need(&mut self, path: Path, feature: Feature) {
        self.0.push((path, feature));
    }
}

fn of_policy(policy: &Policy, needed: &mut Needed) {
    let root = Path::root();
    let scope = match policy.scope {
        Scope::Namespace(_) => Feature::NamespaceScope,
        Scope::Cluster { .. } => Feature::ClusterScope,
    };
    needed.need(root.field("namespace"), scope);
    if !policy.pods.is_empty() {
        needed.need(root.field("pods"), Feature::SourcePods);
    }
    if !policy.service_accounts.is_empty() {
        needed.need(root.field("service_accounts"), Feature::ServiceAccounts);
    }
    if policy.dns.allowed {
        needed.need(root.field("allow_dns"), Feature::Resolver);
    }
    if !policy.dns.queries.is_empty() {
        needed.need(root.field("dns_queries"), Feature::DnsQueries);
    }
    let mode = match policy.mode {
        Mode::Enforce => None,
        Mode::Audit => Some(Feature::Audit),
        Mode::Staged => Some(Feature::Staged),
    };
    if let Some(mode) = mode {
        needed.need(root.field("mode"), mode);
    }
    if policy.priority.is_some() {
        needed.need(root.field("priority"), Feature::Priority);
    }
    rules(&policy.allow, &root.field("allow"), needed);
    let deny = root.field("deny");
    for (key, rule) in &policy.deny {
        let at = deny.key(key);
        needed.need(at.clone(), Feature::Deny);
        if matches!(rule.to, Peers::Domains(_)) {
            needed.need(at.field("to_domains"), Feature::DenyDomains);
        }
    }
    rules(&policy.deny, &deny, needed);
}

fn rules(rules: &BTreeMap<String, Rule>, path: &Path, needed: &mut Needed) {
    for (key, rule) in rules {
        let at = path.key(key);
        peers(&rule.to, &at, needed);
        if rule.ports.is_empty() {
            needed.need(at.clone(), Feature::EveryPort);
        }
        for (index, port) in rule.ports.iter().enumerate() {
            for feature in port_features(port) {
                needed.need(at.field("ports").index(index), feature);
            }
        }
        if !rule.http_requests.is_empty() {
            needed.need(at.field("http_requests"), Feature::Http);
        }
        for (index, _) in rule.http_requests.iter().enumerate().filter(|(_, http)| !http.headers.is_empty()) {
            needed.need(at.field("http_requests").index(index).field("headers"), Feature::HttpHeaders);
        }
        if !rule.server_names.is_empty() {
            needed.need(at.field("server_names"), Feature::Sni);
        }
    }
}

fn peers(peers: &Peers, at: &Path, needed: &mut Needed) {
    match peers {
        Peers::Pods { namespaces, .. } => {
            let field = match namespaces {
                Namespaces::Own => "to_pods",
                Namespaces::Matching(_) => "to_namespaces",
            };
            needed.need(at.field(field), Feature::DestinationPods);
        }
        Peers::Cidrs(set) => {
            needed.need(at.field("to_cidrs"), Feature::Cidrs);
            if set.blocks().any(|(_, except)| !except.is_empty()) {
                needed.need(at.field("to_cidrs"), Feature::ExceptCidrs);
            }
        }
        Peers::External => {
            needed.need(at.field("to_external"), Feature::External);
        }
        Peers::Domains(patterns) => {
            // Each of them: an engine may have names at any depth and yet not those one label down.
            for feature in patterns.iter().map(domain_feature) {
                needed.need(at.field("to_domains"), feature);
            }
        }
        Peers::Services(_) => {
            needed.need(at.field("to_services"), Feature::Services);
        }
        Peers::Entities(entities) => {
            for entity in entities {
                let feature = match entity {
                    Entity::All => Feature::Everything,
                    Entity::ApiServer => Feature::ApiServer,
                    Entity::Dns => Feature::Resolver,
                    Entity::Nodes => Feature::Nodes,
                };
                needed.need(at.field("to_entities"), feature);
            }
        }
    }
}

fn port_features(port: &Port) -> Vec<Feature> {
    let (protocol, matched) = match port {
        Port::Icmp(_) => return vec![Feature::Icmp],
        Port::Transport(protocol, matched) => (protocol, matched),
    };
    let protocol = match protocol {
        Protocol::Tcp => None,
        Protocol::Udp => Some(Feature::Udp),
        Protocol::Sctp => Some(Feature::Sctp),
    };
    let matched = match matched {
        PortMatch::Every | PortMatch::Number(_) => None,
        PortMatch::Range(_) => Some(Feature::PortRanges),
        PortMatch::Named(_) => Some(Feature::NamedPorts),
    };
    protocol.into_iter().chain(matched).collect()
}

/// What a pattern of domain names needs.
pub(crate) fn domain_feature(pattern: &DomainPattern) -> Feature {
    match pattern.depth() {
        Depth::AnyDepth => Feature::DomainsAnyDepth,
        Depth::OneLabel => Feature::DomainsOneLabel,
        Depth::Exact => Feature::Domains,
    }
}
