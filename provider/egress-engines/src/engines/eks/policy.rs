//! The compiler to the kinds of Amazon EKS, `networking.k8s.aws/v1alpha1` `ApplicationNetworkPolicy` and `ClusterNetworkPolicy`.
//!
//! Sources: the CRDs of the Amazon network policy controller; the EKS user guide, "Limit Pod traffic with Kubernetes network
//! policies" and "Use Network Policies with EKS Auto Mode". An `ApplicationNetworkPolicy` is a `NetworkPolicy` with domain names;
//! names are enforced on nodes of EKS Auto Mode. The `ClusterNetworkPolicy` is that of network-policy-api with domain names in
//! every installation and more room, and with ports as its predecessor wrote them; see [`crate::tiers`].
//!
//! A policy of one namespace is an `ApplicationNetworkPolicy`, to which other policies of the namespace add, and, where it denies
//! something, a `ClusterNetworkPolicy` of the Admin tier before it. With a priority, and for the whole cluster, all of it is
//! `ClusterNetworkPolicy` objects.

use egress_model::policy::{Path, Peers, Policy, Priority, Scope};

use super::object::{APPLICATION, CLUSTER};
use super::object::{
    ApplicationNetworkPolicySpec, ApplicationPeer, ApplicationRule, ClusterNetworkPolicySpec, ClusterRule,
};
use super::support;
use crate::engines::cluster_network_policy::object::{Action, Tier};
use crate::engines::network_policy::{self, PolicyType};
use crate::manifest::{Manifest, Metadata};
use crate::tiers::{self, Limits, Objects, Subject, TierRule, default_deny, subject};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: EKS with the Amazon VPC CNI.
pub const ENGINE: Engine = Engine {
    name: EngineName::Eks,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&APPLICATION, &CLUSTER],
    // All of it is in `kube-system`.
    own_namespaces: &[],
};

/// Rules of one `ClusterNetworkPolicy` (CRD, `spec.egress`: maxItems).
const RULES: usize = 100;
const LIMITS: Limits = Limits { peers: 100, ports: 100, networks: 25, nodes: false, domains: true, named_ports: true };

/// Compiles a policy to an `ApplicationNetworkPolicy`, or to `ClusterNetworkPolicy` objects, or to both.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    note_resolver(policy, &mut findings);
    let denies = written(&tiers::deny_rules(policy, LIMITS, &mut findings), Action::Deny);
    let subject = subject(policy);
    let cluster_wide = matches!(policy.scope, Scope::Cluster { .. });
    let mut manifests = Vec::new();
    if !cluster_wide && policy.priority.is_none() {
        note_names(policy, &denies, &mut findings);
        manifests.extend(objects(policy, "-deny", Tier::Admin, 0, &subject, &denies));
        manifests.push(application(policy, &mut findings));
        return Compiled::new(manifests, findings);
    }
    let accepts = written(&tiers::allow_rules(policy, LIMITS, &mut findings), Action::Accept);
    note_named_ports(policy, &mut findings);
    if let Some(priority) = policy.priority {
        let rules: Vec<ClusterRule> = denies.into_iter().chain(accepts).collect();
        tiers::check_fits_one_object("a ClusterNetworkPolicy", rules.len(), RULES, &mut findings);
        manifests.extend(objects(policy, "", Tier::Admin, priority.get(), &subject, &rules));
    } else {
        manifests.extend(objects(policy, "-deny", Tier::Admin, 0, &subject, &denies));
        manifests.extend(objects(policy, "", Tier::Admin, Priority::LAST, &subject, &accepts));
    }
    let default = written(&[default_deny()], Action::Deny);
    manifests.extend(objects(policy, "-default-deny", Tier::Baseline, Priority::LAST, &subject, &default));
    Compiled::new(manifests, findings)
}

/// Objects of one tier and priority.
fn objects(
    policy: &Policy,
    suffix: &str,
    tier: Tier,
    priority: u16,
    subject: &Subject,
    rules: &[ClusterRule],
) -> Vec<Manifest> {
    Objects { kind: &CLUSTER, limit: RULES, suffix }.of(policy, rules, |rules| ClusterNetworkPolicySpec {
        tier,
        priority,
        subject: subject.clone(),
        egress: rules.to_vec(),
    })
}

fn application(policy: &Policy, findings: &mut Findings<'_, Feature>) -> Manifest {
    let mut egress: Vec<ApplicationRule> = Vec::new();
    if policy.dns.allowed {
        egress.extend(network_policy::dns_rules(&policy.dns.resolver).into_iter().map(ApplicationRule::from));
    }
    for (key, rule) in &policy.allow {
        let path = Path::root().field("allow").key(key);
        if let Peers::Domains(patterns) = &rule.to {
            let to = vec![ApplicationPeer::Domains { domain_names: tiers::names(patterns, &path, findings) }];
            let ports = rule.ports.iter().filter_map(network_policy::policy_port).collect();
            egress.push(ApplicationRule { to, ports });
        } else {
            let rules = network_policy::allow_rules(policy, rule, &path, findings);
            egress.extend(rules.into_iter().map(ApplicationRule::from));
        }
    }
    let spec = ApplicationNetworkPolicySpec {
        pod_selector: (&policy.pods).into(),
        policy_types: [PolicyType::Egress],
        egress,
    };
    Manifest::new(&APPLICATION, Metadata::of(policy), &spec)
}

fn note_resolver(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    if policy.dns.allowed && policy.dns.resolver.node_local.is_empty() {
        let why = "on nodes of EKS Auto Mode the resolver is no pod: it runs on the node, at the tenth address of the Services' \
                   range (10.100.0.10 of 10.100.0.0/16), and is not reached until the provider's \
                   kubernetes.resolver.node_local_ips has that address";
        findings.add(Level::Degraded, Path::root().field("allow_dns"), Feature::Resolver, why);
    }
}

fn note_names(policy: &Policy, denies: &[ClusterRule], findings: &mut Findings<'_, Feature>) {
    let before =
        if denies.is_empty() { "" } else { "; deny rules are in the Admin tier of a ClusterNetworkPolicy before it" };
    let why = format!(
        "an ApplicationNetworkPolicy must not have the name of a NetworkPolicy in its namespace, and its domain names are \
         enforced on nodes of EKS Auto Mode only{before}"
    );
    findings.add(Level::Exact, Path::root().field("name"), Feature::NamespaceScope, why);
    if policy.deny.values().any(|rule| has_named(&rule.ports)) {
        note_named_ports(policy, findings);
    }
}

fn note_named_ports(policy: &Policy, findings: &mut Findings<'_, Feature>) {
    let sections = [("allow", &policy.allow), ("deny", &policy.deny)];
    for (section, key) in sections.into_iter().flat_map(|(section, rules)| {
        rules.iter().filter(|(_, rule)| has_named(&rule.ports)).map(move |(key, _)| (section, key))
    }) {
        let why = "a named port of a ClusterNetworkPolicy has no protocol, so a port of this name is matched whatever its \
                   protocol is; write its number";
        let at = Path::root().field(section).key(key).field("ports");
        findings.add(Level::Degraded, at, Feature::NamedPorts, why);
    }
}

fn has_named(ports: &[egress_model::policy::Port]) -> bool {
    use egress_model::policy::{Port, PortMatch};
    ports.iter().any(|port| matches!(port, Port::Transport(_, PortMatch::Named(_))))
}

fn written(rules: &[TierRule], action: Action) -> Vec<ClusterRule> {
    rules
        .iter()
        .map(|rule| ClusterRule {
            name: rule.name.clone(),
            action,
            to: rule.to.clone(),
            ports: rule.ports.iter().map(From::from).collect(),
        })
        .collect()
}
