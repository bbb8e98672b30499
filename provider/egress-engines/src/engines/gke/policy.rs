//! The compiler to Google Kubernetes Engine: `NetworkPolicy`, and `networking.gke.io/v1alpha1` `FQDNNetworkPolicy` for names.
//!
//! Sources: the CRD; the GKE documentation, "Control Pod egress traffic using FQDN network policies". Both kinds isolate their
//! pods and only allow; what either allows passes. The `NetworkPolicy` is there also where only names are allowed, because of
//! the resolver, and is applied first: without it the pods could resolve nothing.
//!
//! Needs Dataplane V2 and the cluster's option for FQDN network policies; names are those that the cluster's own kube-dns or
//! Cloud DNS resolved.

use egress_model::policy::{Depth, DomainPattern, Path, Peers, Policy, Port, PortMatch, Protocol};

use super::object::FQDN;
use super::object::{FqdnMatch, FqdnNetworkPolicySpec, FqdnPort, FqdnRule};
use super::support;
use crate::engines::network_policy;
use crate::manifest::{Manifest, Metadata};
use crate::needs::domain_feature;
use crate::tiers::has_domain_form;
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: GKE with Dataplane V2.
pub const ENGINE: Engine = Engine {
    name: EngineName::Gke,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&network_policy::KIND, &FQDN],
    own_namespaces: &[],
};

/// How many labels `**` stands for at most: GKE has no wildcard for any number of them, so there is a pattern for each.
const DEPTH: usize = 4;

/// Compiles a policy to a `NetworkPolicy`, and to an `FQDNNetworkPolicy` where it has names.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    note_resolver(policy, &mut findings);
    let mut egress = if policy.dns.allowed { network_policy::dns_rules(&policy.dns.resolver) } else { Vec::new() };
    let mut names = Vec::new();
    for (key, rule) in &policy.allow {
        let path = Path::root().field("allow").key(key);
        let Peers::Domains(patterns) = &rule.to else {
            egress.extend(network_policy::allow_rules(policy, rule, &path, &mut findings));
            continue;
        };
        let ports = ports(&rule.ports, &path, &mut findings);
        if ports.is_empty() && !rule.ports.is_empty() {
            // Only port names, which nothing outside the cluster has, or what is refused.
            continue;
        }
        check_names(patterns, &path, &mut findings);
        names.push(FqdnRule { matches: patterns.iter().flat_map(matches).collect(), ports });
    }
    let mut manifests = vec![network_policy::manifest(policy, Metadata::of(policy), egress)];
    if !names.is_empty() {
        let spec = FqdnNetworkPolicySpec { pod_selector: (&policy.pods).into(), egress: names };
        manifests.push(Manifest::new(&FQDN, Metadata::of(policy), &spec));
    }
    Compiled::new(manifests, findings)
}

fn note_resolver(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    if policy.dns.allowed && policy.dns.resolver.node_local.is_empty() {
        let why = "clusters with Cloud DNS ask 169.254.169.254 and clusters with NodeLocal DNSCache 169.254.20.10, which are no \
                   pods: there the provider's kubernetes.resolver.node_local_ips must have that address";
        findings.add(Level::Exact, Path::root().field("allow_dns"), Feature::Resolver, why);
    }
}

fn check_names(patterns: &[DomainPattern], path: &Path, findings: &mut Findings<'_, Feature>) {
    for (index, pattern) in patterns.iter().enumerate() {
        if !has_domain_form(pattern.base().as_str()) {
            let why = "the kind takes only names of two or more parts that begin and end with a letter or digit";
            findings.refuse(path.field("to_domains").index(index), domain_feature(pattern), why);
        }
    }
}

fn matches(pattern: &DomainPattern) -> Vec<FqdnMatch> {
    let base = pattern.base();
    let below = |labels: usize| FqdnMatch::Pattern(format!("{}{base}", "*.".repeat(labels)));
    match pattern.depth() {
        Depth::Exact => vec![FqdnMatch::Name(base.to_string())],
        Depth::OneLabel => vec![below(1)],
        Depth::AnyDepth => (1..=DEPTH).map(below).collect(),
    }
}

fn ports(ports: &[Port], path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<FqdnPort> {
    let mut all = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = path.field("ports").index(index);
        match port {
            Port::Transport(Protocol::Sctp, _) => {
                findings.refuse(at, Feature::Sctp, "an FQDNNetworkPolicy knows TCP and UDP only");
            }
            Port::Transport(protocol, PortMatch::Every) => {
                all.push(FqdnPort { protocol: protocol.as_str(), port: None });
            }
            Port::Transport(protocol, PortMatch::Number(number)) => {
                all.push(FqdnPort { protocol: protocol.as_str(), port: Some(number.get()) });
            }
            Port::Transport(_, PortMatch::Range(_)) => {
                let why =
                    "an FQDNNetworkPolicy has single ports, not ranges of them; write each, or every port as \"TCP\"";
                findings.refuse(at, Feature::PortRanges, why);
            }
            // Nothing outside the cluster has port names. ICMP is refused.
            Port::Transport(_, PortMatch::Named(_)) | Port::Icmp(_) => {}
        }
    }
    all
}
