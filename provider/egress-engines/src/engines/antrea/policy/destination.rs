//! From the model's rules to Antrea's: destinations, ports, and what is inside a connection.

use std::collections::BTreeMap;

use egress_model::cidr::Cidr;
use egress_model::policy::{
    CidrSet, Depth, DomainPattern, Entity, HttpRule, IcmpType, Namespaces, Path, PathMatch, Peers, Policy, Port,
    PortMatch, Rule as PolicyRule, ServiceRef,
};

use super::super::object::{Action, HttpMatch, Icmp, L7Protocol, NamespacedName, Peer, Rule, RulePort, RuleProtocol};
use super::{Target, named};
use crate::engines::network_policy::IpBlock;
use crate::finding::listed;
use crate::label_selector::{IntOrString, LabelSelector};
use crate::needs::domain_feature;
use crate::{Feature, Findings, Level, Settings};

/// The methods that the CRD takes.
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"];

/// Compiles the rules of one policy, and collects the groups that they name.
pub(super) struct Compiler<'a, 'f, 's> {
    policy: &'a Policy,
    target: &'a Target,
    settings: &'a Settings,
    findings: &'f mut Findings<'s, Feature>,
    groups: BTreeMap<String, NamespacedName>,
}

impl<'a, 'f, 's> Compiler<'a, 'f, 's> {
    pub(super) fn new(
        policy: &'a Policy,
        target: &'a Target,
        settings: &'a Settings,
        findings: &'f mut Findings<'s, Feature>,
    ) -> Self {
        Self { policy, target, settings, findings, groups: BTreeMap::new() }
    }

    /// The groups that the rules name, with the Service of each.
    pub(super) fn into_groups(self) -> BTreeMap<String, NamespacedName> {
        self.groups
    }

    /// What a rule of the model becomes. Names are unique in the policy, because Antrea refuses two rules that are alike.
    pub(super) fn rules(&mut self, action: Action, key: &str, rule: &PolicyRule, path: &Path) -> Vec<Rule> {
        let kind = if action == Action::Drop { "deny" } else { "allow" };
        let l7_protocols = self.l7_protocols(action, rule, path);
        let whole_resolver =
            matches!(&rule.to, Peers::Entities(entities) if entities.contains(&Entity::Dns)) && rule.ports.is_empty();
        let mut rules = Vec::new();
        if let Some(to) = self.destination(rule, path) {
            let whole = Rule { name: format!("{kind}:{key}"), action, to, l7_protocols, ..super::everything("") };
            let ports: Vec<_> = rule.ports.iter().filter_map(rule_port).collect();
            let protocols: Vec<_> = rule.ports.iter().filter_map(rule_protocol).collect();
            if rule.ports.is_empty() {
                rules.push(whole);
            } else {
                if !ports.is_empty() {
                    rules.push(Rule { ports, ..whole.clone() });
                }
                if !protocols.is_empty() {
                    rules.push(Rule { name: format!("{kind}-icmp:{key}"), protocols, ..whole });
                }
            }
        }
        if whole_resolver {
            let named = |rule: Rule| Rule { name: format!("{kind}-{}:{key}", rule.name), action, ..rule };
            rules.extend(self.dns_rules("dns").into_iter().map(named));
        }
        rules
    }

    /// Asking the resolver, as its pods and as caches on the nodes.
    pub(super) fn dns_rules(&self, name: &str) -> Vec<Rule> {
        let resolver = &self.policy.dns.resolver;
        let both = |port: u16| ["UDP", "TCP"].map(|protocol| numbered(protocol, port, None));
        let allow = |name: String, to: Vec<Peer>, ports: Vec<RulePort>| Rule {
            name,
            action: Action::Allow,
            to,
            ports,
            ..super::everything("")
        };
        let ports = resolver.ports.iter().flat_map(|port| both(port.get())).collect();
        let pods = allow(name.to_owned(), vec![self.resolver_pods()], ports);
        let caches: Vec<_> = self.node_local().collect();
        // Without a destination a rule would mean every one.
        if caches.is_empty() {
            return vec![pods];
        }
        vec![pods, allow(format!("{name}-node-local"), caches, both(53).into())]
    }

    /// Where to: nothing in the list means anywhere, no list means that only the resolver is meant.
    fn destination(&mut self, rule: &PolicyRule, path: &Path) -> Option<Vec<Peer>> {
        Some(match &rule.to {
            Peers::Pods { namespaces, pods } => vec![self.pods(namespaces, pods.into(), pods.is_empty())],
            Peers::Cidrs(set) => self.blocks(set, path),
            Peers::External => self.external(path),
            Peers::Domains(patterns) => self.domains(patterns, path),
            Peers::Services(services) => services.iter().map(|service| self.service(service)).collect(),
            Peers::Entities(entities) if entities.contains(&Entity::All) => Vec::new(),
            Peers::Entities(entities) => {
                let peers: Vec<_> =
                    entities.iter().flat_map(|entity| self.entity(*entity, rule.ports.is_empty(), path)).collect();
                if peers.is_empty() {
                    return None;
                }
                peers
            }
        })
    }

    fn pods(&self, namespaces: &Namespaces, pods: LabelSelector, every_pod: bool) -> Peer {
        let namespace_selector = match namespaces {
            Namespaces::Matching(selector) => Some(selector.into()),
            Namespaces::Own if self.target.is_namespaced() => None,
            // A policy of the whole cluster has no namespace of its own.
            Namespaces::Own => self.policy.scope.namespace().map(|namespace| named(namespace.as_str())),
        };
        let pod_selector = (!every_pod || namespace_selector.is_none()).then_some(pods);
        Peer::Pods { namespace_selector, pod_selector }
    }

    /// Blocks of addresses, without those of pods, which the model means by their labels only.
    fn blocks(&mut self, set: &CidrSet, path: &Path) -> Vec<Peer> {
        let at = path.field("to_cidrs");
        let multicast = set.blocks().filter(|(block, _)| block.net().addr().is_multicast()).count();
        if multicast > 0 && multicast < set.blocks().count() {
            let why = "Antrea takes multicast addresses in a rule of their own; write a rule for them";
            self.findings.refuse(at.clone(), Feature::Cidrs, why);
        } else if multicast > 0 && self.policy.mode == egress_model::policy::Mode::Audit {
            let why = "Antrea cannot report traffic to multicast addresses without deciding about it";
            self.findings.refuse(at.clone(), Feature::Audit, why);
        }
        let pods = &self.policy.cluster.pods;
        let knows = |block: &Cidr| pods.iter().any(|range| range.same_family(block));
        let mut overlaps = Vec::new();
        let mut peers = Vec::new();
        for (cidr, mut except) in set.blocks() {
            for range in pods.iter().filter(|range| range.overlaps(&cidr) && !set.excepts(range)) {
                if cidr != *range && cidr.covers(range) && self.settings.at_least(2, 2) {
                    except.push(*range);
                } else {
                    overlaps.push(format!("{cidr} with {range}"));
                }
            }
            if [Cidr::ALL_IPV4, Cidr::ALL_IPV6].contains(&cidr) && !knows(&cidr) {
                overlaps.push(format!("{cidr} with every range; set the provider's kubernetes.cluster_cidrs.pods"));
            }
            except.sort_unstable();
            peers.push(block(cidr, &except));
        }
        if !overlaps.is_empty() {
            let why = format!(
                "overlaps addresses of pods ({}), and Antrea's blocks match pods too. Select pods by their labels, and leave \
                 the ranges out with exceptions (\"!10.0.0.0/8\")",
                listed(&overlaps)
            );
            self.findings.add(Level::Degraded, at, Feature::BlocksWithoutPods, why);
        }
        peers
    }

    fn external(&mut self, path: &Path) -> Vec<Peer> {
        let outside = self.policy.cluster.external_blocks();
        if outside.is_empty() {
            let why = "Antrea has no notion of what is outside the cluster: 0.0.0.0/0 also holds the pods. Set the provider's \
                       kubernetes.cluster_cidrs.pods, and services and nodes beside it, so that they can be left out";
            self.findings.refuse(path.field("to_external"), Feature::External, why);
        }
        outside.into_iter().map(|(whole, inside)| block(whole, &inside)).collect()
    }

    fn domains(&mut self, patterns: &[DomainPattern], path: &Path) -> Vec<Peer> {
        let at = path.field("to_domains");
        if patterns.iter().any(|pattern| pattern.depth() == Depth::OneLabel) {
            // The widest pattern decides which feature is looked up, and here the narrower one is the harder.
            self.findings.need(at.clone(), Feature::DomainsOneLabel);
        }
        if let Some(pattern) = patterns.iter().find(|pattern| pattern.base().as_str().contains('_')) {
            let why = format!("Antrea takes letters, digits, \"-\" and \".\" in a name, so not {pattern}");
            self.findings.refuse(at, domain_feature(pattern), why);
        }
        patterns.iter().map(|pattern| Peer::Fqdn { fqdn: wildcard(pattern) }).collect()
    }

    fn service(&mut self, service: &ServiceRef) -> Peer {
        let name = format!("{}.{}.{}", self.target.metadata.name, service.namespace, service.name);
        let reference = NamespacedName { namespace: service.namespace.to_string(), name: service.name.to_string() };
        self.groups.insert(name.clone(), reference);
        Peer::Group { group: name }
    }

    fn entity(&mut self, entity: Entity, every_port: bool, path: &Path) -> Vec<Peer> {
        match entity {
            Entity::Dns if !every_port => std::iter::once(self.resolver_pods()).chain(self.node_local()).collect(),
            // Of the resolver's own ports alone, so in rules of their own; everything is no list of destinations.
            Entity::Dns | Entity::All => Vec::new(),
            Entity::Nodes => vec![Peer::Nodes { node_selector: LabelSelector::default() }],
            Entity::ApiServer => {
                let ranges = &self.policy.cluster.api_server;
                if ranges.is_empty() {
                    let why = "Antrea has no notion of the API server; set the provider's \
                               kubernetes.cluster_cidrs.api_server to use these addresses";
                    self.findings.refuse(path.field("to_entities"), Feature::ApiServer, why);
                }
                ranges.iter().map(|range| block(*range, &[])).collect()
            }
        }
    }

    fn resolver_pods(&self) -> Peer {
        let resolver = &self.policy.dns.resolver;
        Peer::Pods {
            namespace_selector: Some(named(resolver.namespace.as_str())),
            pod_selector: Some((&resolver.pods).into()),
        }
    }

    fn node_local(&self) -> impl Iterator<Item = Peer> + use<'a> {
        self.policy.dns.resolver.node_local.iter().map(|address| block(Cidr::of_address(*address), &[]))
    }

    fn l7_protocols(&mut self, action: Action, rule: &PolicyRule, path: &Path) -> Vec<L7Protocol> {
        for (field, feature, there) in [
            ("http_requests", Feature::Http, !rule.http_requests.is_empty()),
            ("server_names", Feature::Sni, !rule.server_names.is_empty()),
        ] {
            if there && action == Action::Drop {
                self.findings.refuse(path.field(field), feature, "Antrea looks into connections only to allow them");
            }
        }
        for (index, http) in rule.http_requests.iter().enumerate() {
            let at = path.field("http_requests").index(index);
            if let Some(method) = http.method.as_ref().filter(|method| !METHODS.contains(&method.as_str())) {
                let why = format!("Antrea knows the methods {}, and not {method}", METHODS.join(", "));
                self.findings.refuse(at.field("method"), Feature::Http, why);
            }
            let has_wildcard = |path: &PathMatch| match path {
                PathMatch::Exact(path) | PathMatch::Prefix(path) => path.as_str().contains('*'),
            };
            if http.path.as_ref().is_some_and(has_wildcard) {
                let why = "\"*\" in a path stands for any characters in Antrea";
                self.findings.refuse(at.field("path"), Feature::Http, why);
            }
        }
        let tls = rule.server_names.iter().map(|pattern| L7Protocol::Tls { sni: wildcard(pattern) });
        rule.http_requests.iter().flat_map(requests).chain(tls).collect()
    }
}

/// A name as Antrea writes it: its `*` stands for any characters, dots too.
fn wildcard(pattern: &DomainPattern) -> String {
    match pattern.depth() {
        Depth::Exact => pattern.base().to_string(),
        Depth::OneLabel | Depth::AnyDepth => format!("*.{}", pattern.base()),
    }
}

fn requests(http: &HttpRule) -> Vec<L7Protocol> {
    let request = |path: Option<String>| {
        L7Protocol::Http(HttpMatch { method: http.method.as_ref().map(ToString::to_string), path })
    };
    match &http.path {
        None => vec![request(None)],
        Some(PathMatch::Exact(path)) => vec![request(Some(path.to_string()))],
        Some(PathMatch::Prefix(prefix)) => match prefix.as_str().trim_end_matches('/') {
            "" => vec![request(None)],
            prefix => [prefix.to_owned(), format!("{prefix}/*")].into_iter().map(|path| request(Some(path))).collect(),
        },
    }
}

fn block(cidr: Cidr, except: &[Cidr]) -> Peer {
    let except = except.iter().map(ToString::to_string).collect();
    Peer::Block { ip_block: IpBlock { cidr: cidr.to_string(), except } }
}

fn numbered(protocol: &'static str, port: u16, end_port: Option<u16>) -> RulePort {
    RulePort { protocol, port: Some(IntOrString::Int(port)), end_port }
}

fn rule_port(port: &Port) -> Option<RulePort> {
    let Port::Transport(protocol, matched) = port else { return None };
    let protocol = protocol.as_str();
    Some(match matched {
        PortMatch::Every => RulePort { protocol, port: None, end_port: None },
        PortMatch::Number(number) => numbered(protocol, number.get(), None),
        PortMatch::Range(range) => numbered(protocol, range.start().get(), Some(range.end().get())),
        PortMatch::Named(name) => {
            RulePort { protocol, port: Some(IntOrString::String(name.as_str().to_owned())), end_port: None }
        }
    })
}

fn rule_protocol(port: &Port) -> Option<RuleProtocol> {
    let Port::Icmp(wanted) = port else { return None };
    let (icmp_type, icmp_code) = match wanted {
        None => (None, None),
        Some(IcmpType { number, code }) => (Some(*number), *code),
    };
    Some(RuleProtocol { icmp: Icmp { icmp_type, icmp_code } })
}
